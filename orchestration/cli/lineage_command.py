"""The command that shows where a column comes from and where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from orchestration.cli import terminal
from orchestration.cli.options import format_option
from orchestration.settings import settings
from orchestration.state.plain_text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestration.state.database import Table
    from orchestration.warehouse.lineage.graph import How, Lineage

_WIDE = 1000
_ENDS = ("extract", "seed", "run")


@click.command("lineage")
@click.argument("name", required=False)
@format_option
def show_lineage(name: str | None, output: str) -> None:
    """Show what a column is made of, and everything that it feeds.

    NAME is a column such as sections.history.percent or worknet.customers.pathway, or a table. Without it, the
    published tables and what they are made of; with --format csv or json, the same for every published column.
    """
    from orchestration.warehouse.lineage.project import lineage

    with terminal.stderr_console().status("Reading the models…"):
        found = lineage(settings())
    if name is None:
        _show_all(found, output)
        return
    node = found.find(name)
    if output != "table":
        terminal.write_records(_pairs(found, _nodes(found, node)), output)
    elif node in found.relations:
        _show_table(found, node)
    else:
        _show_column(found, node)


def _show_all(found: Lineage, output: str) -> None:
    from orchestration.state.database import Table

    if output != "table":
        columns = _pairs(found, [*found.columns("published")])
        terminal.write_records(columns.where(lambda row: row["direction"] == "made_of"), output)
        return
    rows: list[tuple[object, ...]] = []
    for name in sorted(name for name, relation in found.relations.items() if relation.kind == "published"):
        tables = found.tables_of(end for node in _nodes(found, name) for end in found.ends(node))
        by_kind = (", ".join(table for table in tables if found.kind(table) == kind) for kind in _ENDS)
        rows.append((name, *by_kind))
    terminal.show_table(Table(("table", "extracts", "seeds", "records_of_runs"), rows), "Published tables", "")
    terminal.show_lines("Columns of extracts that nothing published uses", found.unused())
    click.echo("yacp lineage TABLE or TABLE.COLUMN shows one of them; so does a table or column of an extract.")


def _nodes(found: Lineage, node: str) -> list[str]:
    """A column, or a table with all of its columns."""
    if node not in found.relations:
        return [node]
    return [node, *(f"{node}.{column}" for column in found.relations[node].columns)]


def _pairs(found: Lineage, nodes: list[str]) -> Table:
    """One row per name and each end of its lineage, in either direction."""
    from orchestration.state.database import Table

    rows: list[tuple[object, ...]] = []
    for node in nodes:
        rows += [(node, "made_of", how, found.kind(end), end) for end, how in found.ends(node).items()]
        rows += [(node, "made_of", "value", "constant", text) for text in sorted(found.constants(node))]
        rows += [(node, "feeds", how, found.kind(end), end) for end, how in found.published(node).items()]
    return Table(("name", "direction", "how", "kind", "other"), rows)


def _show_table(found: Lineage, node: str) -> None:
    from orchestration.state.database import Table

    _show_title(found, node)
    relation = found.relations[node]
    rows: list[tuple[object, ...]]
    if relation.is_built:
        rows = [(name, "; ".join(_made_of(found, f"{node}.{name}"))) for name in relation.columns]
        terminal.show_table(Table(("column", "made of"), rows), "Columns", "")
        terminal.show_lines("Its rows are those of", sorted(relation.rows.rows))
        terminal.show_lines("Which rows there are is decided by", _grouped(found, relation.rows.decides))
        return
    rows = [
        (name, "; ".join(_grouped(found, _by(found.published(f"{node}.{name}"), "value")))) for name in relation.columns
    ]
    terminal.show_table(Table(("column", "goes into"), rows), "Columns", "")
    tables = [table for table in found.published(node) if table in found.relations]
    terminal.show_lines("Published tables with rows that it decides about", tables)


def _made_of(found: Lineage, column: str) -> list[str]:
    """In a cell: the ends that values lead to, else what is counted."""
    ends = found.ends(column)
    made_of = _grouped(found, _by(ends, "value")) + _constants(found.constants(column))
    return made_of or [f"rows of {', '.join(found.tables_of(ends))}"]


def _show_column(found: Lineage, node: str) -> None:
    _show_title(found, node)
    if found.relation(node).is_built:
        _show_tree(found, "Comes from", node, is_back=True)
        ends = found.ends(node)
        if made_of := _grouped(found, _by(ends, "value")) + _constants(found.constants(node)):
            terminal.show_lines("Made of", made_of)
        if others := _by(ends, "rows"):
            terminal.show_lines("Which rows are counted, or have a constant, is decided by", _grouped(found, others))
    _show_tree(found, "Goes into", node, is_back=False)
    published = found.published(node)
    others = _by(published, "rows")
    for title, names in {
        "Published columns made of it": _grouped(found, _by(published, "value")),
        "Published columns for which it decides which rows are counted, or have a constant": _grouped(
            found, [name for name in others if name not in found.relations]
        ),
        "Published tables with rows that it decides about": [name for name in others if name in found.relations],
    }.items():
        if names:
            terminal.show_lines(title, names)


def _show_title(found: Lineage, node: str) -> None:
    terminal.show_lines(f"{node} ({found.kind(node)})", [found.description(node)])


def _show_tree(found: Lineage, title: str, node: str, *, is_back: bool) -> None:
    tree = Tree(Text(title, "bold"))
    _grow(found, tree, node, {node}, is_back=is_back)
    if not tree.children:
        tree.add("nothing")
    console = Console()
    if not console.is_terminal:
        console.width = _WIDE  # for a program, a line is a line
    console.print(tree)
    console.print()


def _grow(found: Lineage, tree: Tree, node: str, seen: set[str], *, is_back: bool) -> None:
    """Adds the way on from a node: values as branches, what decides about rows as one line. Nothing is shown twice."""
    steps = found.sources(node) if is_back else found.uses(node)
    for other in _by(steps, "value"):
        if other in seen:
            tree.add(Text.assemble(escaped(_short(other)), (" (above)", "dim")))
            continue
        seen.add(other)
        _grow(found, tree.add(Text(escaped(_short(other)))), other, seen, is_back=is_back)
    if is_back:
        for line in _constants(found.origin(node).constants):
            tree.add(Text(escaped(line), "green"))
    others = _by(steps, "rows")
    relations = [_short(other) for other in others if other in found.relations]
    columns = [_short(line) for line in _grouped(found, [other for other in others if other not in found.relations])]
    words = ("rows of ", "rows decided by ") if is_back else ("rows of ", "counted or decided by it: ")
    for word, names in zip(words, (relations, columns), strict=True):
        if names:
            tree.add(Text(escaped(f"{word}{'; '.join(names)}"), "dim"))


def _short(name: str) -> str:
    """The names of models that are not published say by themselves where they are."""
    return name.removeprefix("intermediate.").removeprefix("staging.")


def _constants(texts: Iterable[str]) -> list[str]:
    found = sorted(texts)
    return [f"constant{'s' if len(found) > 1 else ''} {', '.join(found)}"] if found else []


def _by(found: Mapping[str, How], how: How) -> list[str]:
    return [name for name, by in found.items() if by == how]


def _grouped(found: Lineage, nodes: Iterable[str]) -> list[str]:
    """A line for each table, with its columns."""
    by_table: dict[str, list[str]] = {}
    for node in sorted(nodes):
        by_table.setdefault(found.relation(node).name, []).append(found.column(node) or "its rows")
    return [f"{table}: {', '.join(columns)}" for table, columns in by_table.items()]
