"""How the published tables join, from their contracts: writes docs/data-model.md; run it after changing a mart.

python -m orchestration.warehouse.data_model
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestration.settings import PROJECT, settings
from orchestration.warehouse.dbt_project import Mart, marts

PAGE = PROJECT / "docs" / "data-model.md"
_TOTALS_LACK = {"line_key"}
_FACTS_OF_THE_SECTIONS = "sections.dashboard"


@dataclass(frozen=True)
class Reference:
    """The columns of a table that name a row of a dimension."""

    columns: tuple[str, ...]
    to: Mart


def references(table: Mart, tables: Sequence[Mart]) -> Iterator[Reference]:
    """What a table of one day refers to: each row to a row of the dimension, or to none where the columns are null.

    A column may have something in front of the name of a key of ``reference``: ``to_line_key`` is a line, too. Tables
    of several days refer to nothing: a scope or a customer of an earlier day may be gone.
    """
    if not table.is_of_one_day:
        return
    for dimension in tables:
        if not dimension.is_dimension or (dimension.schema == "lists" and table.schema != "lists"):
            continue
        lacks_totals = table.has_totals and not _TOTALS_LACK.isdisjoint(dimension.grain)
        if table.key != dimension.key and table.columns.keys() >= set(dimension.grain) and not lacks_totals:
            yield Reference(dimension.grain, dimension)
        if dimension.schema == "reference" and len(dimension.grain) == 1:
            ending = f"_{dimension.grain[0]}"
            yield from (Reference((column,), dimension) for column in table.columns if column.endswith(ending))


def page(tables: Sequence[Mart]) -> str:
    """docs/data-model.md."""
    lines = [
        "# Data model",
        "",
        "<!-- Written by python -m orchestration.warehouse.data_model from the contracts of the marts. -->",
        "",
        "How the published tables join, on their keys. Every table of counts also has the names of its scope, section,",
        "and line itself, so a chart needs no join. [tables.md](tables.md) says what each table is about.",
        "",
        "- A row of `sections.*` whose `line_key` is `total` has no row in `reference.lines`.",
        "- Tables of several days have `as_of_date` or `valid_from` in their key. Join them to a dimension with a left",
        "  join: what an earlier day refers to may be gone.",
        "- `sections.dashboard` is the seven section tables together.",
        "",
    ]
    sections = next(table for table in tables if table.key == _FACTS_OF_THE_SECTIONS)
    parts = [table for table in tables if table.grain and table.has_totals and table != sections and not table.replaces]
    shown = [table for table in tables if table not in parts]
    for file, title in (("dashboard", "Counts"), ("customers", "Lists")):
        of_file = [table for table in shown if table.published_in == file]
        lines += [f"## {title}: `{file}.duckdb`", "", "```mermaid", "erDiagram", *_diagram(of_file, shown), "```", ""]
        lines += ["| table | key | refers to |", "| --- | --- | --- |"]
        lines += [_row(table, tables) for table in tables if table.published_in == file]
        lines += [""]
    return "\n".join(lines).rstrip() + "\n"


def _diagram(tables: Sequence[Mart], all_tables: Sequence[Mart]) -> Iterator[str]:
    for table in tables:
        found = list(references(table, all_tables))
        foreign = {column for reference in found for column in reference.columns}
        shown = [column for column in table.columns if column in table.grain or column in foreign]
        yield f"    {_entity(table)} {{"
        for column in shown:
            marks = [mark for mark, names in (("PK", table.grain), ("FK", foreign)) if column in names]
            yield f"        {table.types[column]} {column} {', '.join(marks)}"
        yield "    }"
        for reference in found:
            one = "||" if reference.columns[0] in table.required else "|o"
            yield f'    {_entity(reference.to)} {one}--o{{ {_entity(table)} : "{", ".join(reference.columns)}"'


def _entity(table: Mart) -> str:
    return table.key.replace(".", "_")


def _row(table: Mart, tables: Sequence[Mart]) -> str:
    found = [f"`{reference.to.key}` by {_code(reference.columns)}" for reference in references(table, tables)]
    return f"| `{table.key}` | {_code(table.grain)} | {'; '.join(found)} |"


def _code(columns: Sequence[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


if __name__ == "__main__":
    PAGE.write_text(page(marts(settings())))
