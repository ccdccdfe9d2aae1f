"""The databases of a release, each written in a process of its own from what ``release_files`` handed over.

``built`` is what the warehouse holds, as views on Parquet; ``release`` is the file that is written.
"""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from orchestration.publishing.release_files import ReleaseDraft, hand_over
from orchestration.state.database import PUBLISHED_FORMAT, connect, identifier, literal, write_parquet
from orchestration.state.earlier_layouts import drop_unpublished, fill_new_columns
from orchestration.state.fresh_process import in_fresh_process
from orchestration.state.permissions import open_to_readers
from orchestration.state.releases import DATA
from orchestration.warehouse.dbt_project import Mart


def write_databases(draft: ReleaseDraft) -> dict[str, int]:
    """Writes every table and view from the warehouse; returns how many rows each is expected to have.

    The files are written side by side, because for few customers most of it is a process that starts.
    """
    hand_over(draft)
    expected: dict[str, int] = {}
    with ThreadPoolExecutor() as side_by_side:
        for written in [side_by_side.submit(in_fresh_process, _write_database, draft, file) for file in draft.files()]:
            expected |= written.result()
    shutil.rmtree(draft.handover)
    return expected


def _write_database(draft: ReleaseDraft, file: str) -> dict[str, int]:
    tables = draft.files()[file]
    with connect(draft.settings) as connection:
        connection.execute("attach ':memory:' as built")
        for path in (draft.handover / file / "warehouse").glob("*/*.parquet"):
            _create(connection, "view", "built", path)
        connection.execute(f"attach {literal(draft.folder / f'{file}.duckdb')} as release ({PUBLISHED_FORMAT})")
        for path in (draft.handover / file / "base").glob("*/*.parquet"):
            _create(connection, "table", "release", path)
        drop_unpublished(connection, {mart.key for mart in tables})
        return {mart.key: _write_table(connection, draft, mart) for mart in tables}


def _create(connection: duckdb.DuckDBPyConnection, kind: str, database: str, parquet: Path) -> None:
    """Creates the table or view that a file ``<schema>/<table>.parquet`` holds."""
    schema = f"{database}.{identifier(parquet.parent.name)}"
    connection.execute(f"create schema if not exists {schema}")
    rows = f"read_parquet({literal(parquet)}, hive_partitioning = false)"
    connection.execute(f"create {kind} {schema}.{identifier(parquet.stem)} as from {rows}")


def _write_table(connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft, mart: Mart) -> int:
    schema, target = f"release.{identifier(mart.schema)}", f"release.{mart.relation}"
    is_replaced = mart.is_of_one_day and draft.as_of == draft.newest
    connection.execute(f"create schema if not exists {schema}")
    has_new_columns = _add_columns(connection, target, mart)
    if mart.is_view:
        connection.execute(f"use {schema}")
        connection.execute(f"create or replace view {identifier(mart.name)} as {mart.sql}")
        connection.execute("use built")
    elif not mart.is_of_one_day:
        _update_history(connection, target, mart)
    elif is_replaced:
        connection.execute(f"create or replace table {target} as from built.{mart.relation}")
    else:  # what the base doesn't have yet; no reader sees it before the newest day is run
        connection.execute(f"create table if not exists {target} as from built.{mart.relation}")
    for comment in comments(mart, "view" if mart.is_view else "table", target):
        connection.execute(comment)
    if not mart.is_view:
        parquet = _parquet_of_day(connection, draft, target, mart, with_other_days=has_new_columns)
        for folder, query in parquet:
            shutil.rmtree(folder, ignore_errors=True)  # only the link goes: the file still belongs to an older release
            if query:
                write_parquet(connection, query, folder / DATA)
            else:
                folder.mkdir(parents=True)
                (folder / DATA).hardlink_to(draft.handed_over(mart))
            open_to_readers(draft.settings, folder, folder / DATA, is_private=mart.published_in == "customers")
    counted = f"built.{mart.relation}" if is_replaced else target
    [(count,)] = connection.execute(f"select count(*) from {counted}").fetchall()
    return int(count)


def _add_columns(connection: duckdb.DuckDBPyConnection, target: str, mart: Mart) -> bool:
    """Gives a table of an earlier version the columns of today's contract; returns whether that was necessary."""
    found = connection.execute(
        "select column_name from duckdb_columns()"
        " where database_name = 'release' and schema_name = ? and table_name = ? order by column_index",
        [mart.schema, mart.name],
    ).fetchall()
    if mart.is_view or not found or [column for (column,) in found] == list(mart.columns):
        return False
    columns = ", ".join(map(identifier, mart.columns))
    connection.execute(
        f"create or replace table {target} as select {columns} from"
        f" ((from built.{mart.relation} limit 0) union all by name (from {target}))"
    )
    fill_new_columns(connection, mart.key)
    return True


def comments(mart: Mart, kind: str, relation: str) -> Iterator[str]:
    """The statements that describe a mart and its columns to those who read it as the table or view ``relation``."""
    yield f"comment on {kind} {relation} is {literal(mart.description)}"
    for column, description in mart.columns.items():
        yield f"comment on column {relation}.{identifier(column)} is {literal(description)}"


def _update_history(connection: duckdb.DuckDBPyConnection, target: str, mart: Mart) -> None:
    """Replaces the day's rows in the history of the base."""
    day_rows = f"built.{mart.relation}"
    connection.execute(f"create table if not exists {target} as from {day_rows} limit 0")
    if mart.changes:
        keys = [column for column in mart.columns if column != "valid_to"]
        outdated = f"(from built.intermediate.{identifier(mart.changes)})"
    else:
        keys = list(mart.replaces)
        outdated = f"(select distinct {', '.join(keys)} from {day_rows})"
    same = " and ".join(f"published.{identifier(key)} = outdated.{identifier(key)}" for key in keys)
    connection.execute(f"delete from {target} as published using {outdated} as outdated where {same}")
    connection.execute(f"insert into {target} by name from {day_rows}")


def _parquet_of_day(
    connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft, target: str, mart: Mart, *, with_other_days: bool
) -> Iterator[tuple[Path, str]]:
    """The Parquet folders that the day writes, each with its query; without one, it is what was handed over.

    Those of other days are written again when they lack a column: all files of a history are read as one table.

    A table of stays (``changes``) belongs to no single day, so all of it is in one folder. The folder keeps its name,
    so that a reader who lists the table and opens the file a moment later finds it.
    """
    folder = draft.folder / "parquet" / mart.published_in / mart.schema / mart.name
    source = f"from built.{mart.relation}"
    if mart.changes:
        yield next(folder.glob("as_of_date=*"), folder / f"as_of_date={draft.newest}"), f"from {target}"
    elif mart.replaces:
        table = f"from {target}" if with_other_days else source
        for (day,) in connection.execute(f"select distinct as_of_date {table}").fetchall():
            yield folder / f"as_of_date={day}", f"{table} where as_of_date = date {literal(day)}"
    else:
        yield folder / f"as_of_date={draft.as_of}", ""
