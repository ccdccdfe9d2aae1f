"""Judging: the contract's types are tried on rows of text, and every row is loadable, a duplicate, or doesn't fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.contract.dates import CHICAGO
from orchestration.contract.extract import Column, ColumnType, Extract, System
from orchestration.landing.archive import parquet_path
from orchestration.landing.parsing import ParsedFile
from orchestration.state.database import identifier, literal

_TIMESTAMP = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?"
_TIMESTAMP_WITH_OFFSET = r".*[ T].*(Z|[+-]\d{2}(:?\d{2})?)"


@dataclass(frozen=True)
class JudgedFile:
    """A file's rows in the contract's types, with the verdict on each.

    ``rows`` names a table in DuckDB: ``row_index``, the contract's columns, ``is_duplicate``, and for a row that
    doesn't fit ``fault_column`` and ``reason``. ``loadable`` is the condition for the rows that go into the archive.
    """

    rows: str
    loadable: str
    loadable_count: int
    unfit_count: int
    duplicate_count: int


def judge(connection: duckdb.DuckDBPyConnection, system: System, parsed: ParsedFile, landed: Path) -> JudgedFile:
    """Judges the rows of a parsed file; parents are looked up among the files already in ``landed``."""
    _try_types(connection, parsed)
    _find_duplicates(connection, parsed)
    _find_orphans(connection, system, parsed.extract, landed)
    loadable = "reason is null and not is_duplicate"
    [counts] = connection.execute(
        f"select count(*) filter ({loadable}), count(*) filter (reason is not null), count(*) filter (is_duplicate)"
        " from judged_rows"
    ).fetchall()
    return JudgedFile("judged_rows", loadable, *counts)


def _try_types(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile) -> None:
    """Creates the judged rows, each with the first column whose value doesn't fit."""
    typed, faults = [], []
    for column in parsed.extract.columns:
        value = parsed.columns.get(column.name, "cast(null as varchar)")
        typed.append(f"{_typed(column, value)} as {identifier(column.name)}")
        for condition, reason in _faults(column, value):
            fault = f"struct_pack(fault_column := {literal(column.name)}, reason := {literal(reason)})"
            faults.append(f"when {condition} then {fault}")
    connection.execute(
        "create or replace table judged_rows as"
        " select * exclude (fault), fault.fault_column as fault_column, fault.reason as reason, false as is_duplicate"
        f" from (select row_index, {', '.join(typed)}, case {' '.join(faults)} end as fault from {parsed.rows})"
    )


def _find_duplicates(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile) -> None:
    """Keeps the first row of each key; a later row is a duplicate when it is equal as text, a conflict otherwise."""
    key = identifier(parsed.extract.key.name)
    [(repeated,)] = connection.execute(
        f"select count(*) - count(distinct {key}) from judged_rows where reason is null"
    ).fetchall()
    if not repeated:
        return
    is_equal = " and ".join(f"later.{name} is not distinct from first.{name}" for name in parsed.positions)
    connection.execute(
        "update judged_rows set is_duplicate = is_equal, reason = case when not is_equal then 'key_conflict' end,"
        f" fault_column = case when not is_equal then {literal(parsed.extract.key.name)} end from ("
        f" with ranked as (select row_index, min(row_index) over (partition by {key}) as first_index"
        " from judged_rows where reason is null)"
        f" select ranked.row_index, {is_equal} as is_equal from ranked"
        f" inner join {parsed.rows} as later on ranked.row_index = later.row_index"
        f" inner join {parsed.rows} as first on ranked.first_index = first.row_index"
        " where ranked.row_index > ranked.first_index"
        ") as repeated_rows where judged_rows.row_index = repeated_rows.row_index"
    )


def _find_orphans(connection: duckdb.DuckDBPyConnection, system: System, extract: Extract, landed: Path) -> None:
    for reference in extract.parents:
        parent = system.extract(reference.parent)
        path = parquet_path(landed, parent)
        if not path.exists():
            continue  # the parent was rejected, and the delivery will be refused
        connection.execute(
            f"update judged_rows set reason = 'orphan', fault_column = {literal(reference.column)}"
            f" where reason is null and not is_duplicate and {identifier(reference.column)} not in"
            f" (select {identifier(parent.key.name)} from read_parquet({literal(path)}))"
        )


def _typed(column: Column, value: str) -> str:
    trimmed = f"trim({value})"
    match column.type:
        case ColumnType.TEXT:
            return value
        case ColumnType.CODE:
            return f"nullif(lower({trimmed}), '')"
        case ColumnType.INTEGER:
            return f"try_cast(regexp_extract({trimmed}, '^[0-9]+') as integer)"
        case ColumnType.DATE:
            return _within_range(f"try_cast({trimmed} as date)", ColumnType.DATE)
        case ColumnType.BOOLEAN:
            return f"case lower({trimmed}) when 'true' then true when 'false' then false end"
        case ColumnType.TIMESTAMP:
            # DuckDB accepts an offset only after seconds.
            iso = f"regexp_replace(replace(upper({trimmed}), ',', '.'), '([ T][0-9:]{{5}})(Z|[+-].*)$', '\\1:00\\2')"
            return _within_range(
                f"case when regexp_full_match({iso}, '{_TIMESTAMP_WITH_OFFSET}')"
                f" then try_cast({iso} as timestamp with time zone)"
                f" else timezone('{CHICAGO}', try_cast({iso} as timestamp)) end",
                ColumnType.TIMESTAMP,
            )


def _within_range(value: str, type_: ColumnType) -> str:
    """The years 1 to 9999, which every reader of the archive can represent in every time zone."""
    first, last = ("0001-01-01", "9999-12-31") if type_ is ColumnType.DATE else ("0001-01-02", "9999-12-30")
    return f"case when {value} between '{first}' and '{last}' then {value} end"


def _faults(column: Column, value: str) -> Iterator[tuple[str, str]]:
    """The conditions under which a value doesn't fit its column, with the reason, in the order they are tried."""
    if not column.nullable:
        yield f"trim(coalesce({value}, '')) = ''", "null_key" if column.key else "missing_value"
    trimmed = f"trim({value})"
    match column.type:
        case ColumnType.TEXT:
            yield f"contains({value}, chr(0))", "unparseable: nul byte"
        case ColumnType.CODE:
            codes = ", ".join(literal(code) for code in column.codes)
            yield f"{trimmed} <> '' and lower({trimmed}) not in ({codes})", "unknown_code"
        case ColumnType.BOOLEAN:
            yield f"{trimmed} <> '' and lower({trimmed}) not in ('true', 'false')", "bad_type"
        case ColumnType.INTEGER:
            yield _is_no(column, value, trimmed, r"[0-9]+(\.0+)?"), "bad_type"
        case ColumnType.DATE:
            yield _is_no(column, value, trimmed, r"\d{4}-\d{2}-\d{2}"), "bad_type"
        case ColumnType.TIMESTAMP:
            yield _is_no(column, value, f"upper({trimmed})", _TIMESTAMP), "bad_type"


def _is_no(column: Column, value: str, written: str, pattern: str) -> str:
    """Whether a value that isn't empty is written otherwise than its type, or can't be converted to it."""
    return f"{written} <> '' and (not regexp_full_match({written}, '{pattern}') or {_typed(column, value)} is null)"
