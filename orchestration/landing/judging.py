"""Judging: the contract's types are tried on rows of text, and every row is loadable, a duplicate, or doesn't fit."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.contract.extract import ColumnType, Extract, System
from orchestration.landing.archive import parquet_path
from orchestration.landing.parsing import ParsedFile
from orchestration.landing.social_security import MEANINGS, NOTE
from orchestration.landing.values import faults, typed, without_blanks
from orchestration.state.database import identifier, literal

ORPHAN_OF_QUARANTINED = "orphan_of_quarantined"
"""The reason of a row that fits, and whose parent doesn't: it only follows from the parent's fault."""

# Words for nothing, as database tools and spreadsheets write them.
_WORDS_FOR_NOTHING = ("null", "n/a", "na", "none", "#n/a", "nan", "-")


@dataclass(frozen=True)
class JudgedFile:
    """A file's rows in the contract's types, with the verdict on each.

    ``rows`` names a table in DuckDB: ``row_index``, the contract's columns, ``is_duplicate``, and for a row that
    doesn't fit ``fault_column`` and ``reason``. ``loadable`` is the condition for the rows that go into the archive.
    ``following_count`` of the rows that don't fit only follow from a quarantined parent.
    """

    rows: str
    loadable: str
    loadable_count: int
    unfit_count: int
    following_count: int
    duplicate_count: int
    warnings: list[str]


def judge(connection: duckdb.DuckDBPyConnection, system: System, parsed: ParsedFile, landed: Path) -> JudgedFile:
    """Judges the rows of a parsed file.

    Parents are looked up in the files that are already in ``landed``, and among the rows judged before.
    """
    _try_types(connection, parsed)
    _find_duplicates(connection, parsed.extract)
    _find_orphans(connection, system, parsed.extract, landed)
    _keep_unfit_keys(connection, parsed)
    loadable = "reason is null and not is_duplicate"
    [(loadable_count, unfit_count, following_count, duplicate_count)] = connection.execute(
        f"select count(*) filter ({loadable}), count(*) filter (reason is not null),"
        f" count(*) filter (reason = {literal(ORPHAN_OF_QUARANTINED)}), count(*) filter (is_duplicate) from judged_rows"
    ).fetchall()
    warnings = _warnings(connection, parsed, loadable)
    return JudgedFile("judged_rows", loadable, loadable_count, unfit_count, following_count, duplicate_count, warnings)


def _try_types(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile) -> None:
    """Creates the judged rows, each with the first column whose value doesn't fit."""
    conversions, whens = [], []
    for column in parsed.extract.columns:
        value = parsed.columns.get(column.name, "cast(null as varchar)")
        conversions.append(f"{typed(column, value)} as {identifier(column.name)}")
        for condition, reason in faults(column, value):
            fault = f"struct_pack(fault_column := {literal(column.name)}, reason := {literal(reason)})"
            whens.append(f"when {condition} then {fault}")
    values = ", ".join(f"{without_blanks(position)} as {position}" for position in parsed.columns.values())
    connection.execute(
        "create or replace table judged_rows as"
        " select * exclude (fault), fault.fault_column as fault_column, fault.reason as reason, false as is_duplicate"
        f" from (select row_index, {', '.join(conversions)}, case {' '.join(whens)} end as fault"
        f" from (select row_index, {values} from {parsed.rows}))"
    )


def _find_duplicates(connection: duckdb.DuckDBPyConnection, extract: Extract) -> None:
    """Keeps the first row of each key; a later one is a duplicate when all its columns are equal, else a conflict."""
    key = identifier(extract.key.name)
    [(repeated,)] = connection.execute(
        f"select count(*) - count(distinct {key}) from judged_rows where reason is null"
    ).fetchall()
    if not repeated:
        return
    names = [identifier(column.name) for column in extract.columns]
    is_equal = " and ".join(f"later.{name} is not distinct from first.{name}" for name in names)
    connection.execute(
        "update judged_rows set is_duplicate = is_equal, reason = case when not is_equal then 'key_conflict' end,"
        f" fault_column = case when not is_equal then {literal(extract.key.name)} end from ("
        f" with ranked as (select row_index, min(row_index) over (partition by {key}) as first_index"
        " from judged_rows where reason is null)"
        f" select ranked.row_index, {is_equal} as is_equal from ranked"
        " inner join judged_rows as later on ranked.row_index = later.row_index"
        " inner join judged_rows as first on ranked.first_index = first.row_index"
        " where ranked.row_index > ranked.first_index"
        ") as repeated_rows where judged_rows.row_index = repeated_rows.row_index"
    )


def _find_orphans(connection: duckdb.DuckDBPyConnection, system: System, extract: Extract, landed: Path) -> None:
    for reference in extract.parents:
        parent = system.extract(reference.parent)
        path = parquet_path(landed, parent)
        if not path.exists():
            continue  # the parent was rejected, and the delivery will be refused
        column = identifier(reference.column)
        connection.execute(
            f"update judged_rows set fault_column = {literal(reference.column)}, reason = case when {column} in"
            f" (select key from unfit_keys where extract = {literal(parent.name)})"
            f" then {literal(ORPHAN_OF_QUARANTINED)} else 'orphan' end"
            f" where reason is null and not is_duplicate and {column} not in"
            f" (select {identifier(parent.key.name)} from read_parquet({literal(path)}))"
        )


def _keep_unfit_keys(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile) -> None:
    """Keeps the keys of the rows that don't fit, for the rows that refer to them."""
    name, key = literal(parsed.extract.name), parsed.extract.key.name
    connection.execute("create table if not exists unfit_keys (extract varchar, key varchar)")
    connection.execute(
        f"insert into unfit_keys select {name}, {identifier(key)} from judged_rows"
        f" where reason is not null and {identifier(key)} is not null"
    )
    if parsed.csv and parsed.csv.reject_count:
        # Good enough for a record that couldn't be split: this only decides what a refusal counts.
        position = int(parsed.columns[key].removeprefix("c")) + 1
        field = f"replace(string_split(any_value({parsed.csv.record}), ',')[{position}], '\"', '')"
        connection.execute(
            f"insert into unfit_keys select {name}, {without_blanks(field)}"
            f" from {parsed.csv.rejects} as rejects group by line"
        )


def _warnings(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile, loadable: str) -> list[str]:
    """What was forgiven, or looks wrong and was loaded, with its number per column."""
    columns = parsed.extract.columns
    texts = [column.name for column in columns if column.type is ColumnType.TEXT]
    words = ", ".join(map(literal, _WORDS_FOR_NOTHING))
    counts = ", ".join(f"count(*) filter (lower({identifier(name)}) in ({words}))" for name in texts)
    [found] = connection.execute(f"select {counts} from judged_rows where {loadable}").fetchall()
    warnings = [
        f"{parsed.file.name} has {count:,} value{_s(count)} in {name} for nothing (NULL, N/A, -, and the like); loaded "
        "as written"
        for name, count in zip(texts, found, strict=True)
        if count
    ]
    numbers = next((column.name for column in columns if column.type is ColumnType.SSN_LAST4), None)
    if numbers in parsed.columns:
        notes = connection.execute(f"select {NOTE}, count(*) from {parsed.rows} where {NOTE} is not null group by 1")
        noted = dict(notes.fetchall())
        warnings += [
            f"{parsed.file.name} has {noted[note]:,} {meaning.format(column=numbers, s=_s(noted[note]))}"
            for note, meaning in MEANINGS.items()
            if note in noted
        ]
    return warnings


def _s(count: int) -> str:
    return "" if count == 1 else "s"
