"""The files of a release: DuckDB databases and Parquet, written from the warehouse and read back.

A release starts as a copy of the one before it (its base). Only what the day changes is written: the tables of the
newest day, the day's part of the history, and the Parquet of both. Parquet of earlier days is hard-linked.

There are more links to make every day, so the Parquet folder of a removed release is kept as a pool of links. The next
release moves the pool in and links only what differs from its base: a run takes as long after four hundred days as
after ten.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import duckdb

from orchestration.contract.systems import extracts
from orchestration.failures import NOTHING_PUBLISHED, BuildFailed
from orchestration.settings import Settings
from orchestration.state.database import PUBLISHED_FORMAT, identifier, literal
from orchestration.state.earlier_layouts import bring_up_to_date, fill_new_columns, table_folder
from orchestration.state.permissions import open_to_readers
from orchestration.state.releases import DATA, Release
from orchestration.warehouse.dbt_project import Mart

LINK_POOL = ".spare"
"""Beside the releases. Code that removes something from every release has to remove it from here too."""
REMOVING = ".removing"
"""The beginning of a release's name while it is being removed."""

_PERSONAL_IN_LISTS = {"first_name", "last_name"}


@dataclass(frozen=True)
class ReleaseDraft:
    """A release that is being built from its base, ``None`` for the first one, and the day ``as_of``."""

    settings: Settings
    folder: Path
    as_of: date
    base: Release | None
    marts: tuple[Mart, ...]

    @property
    def newest(self) -> date:
        """The day that the tables of one day show."""
        return max(self.as_of, self.base.as_of_date) if self.base else self.as_of

    def files(self) -> dict[str, list[Mart]]:
        """The DuckDB files by name, each with its tables. Views come last: they read the tables."""
        ordered = sorted(self.marts, key=lambda mart: (mart.published_in, mart.is_view))
        return {name: list(marts) for name, marts in groupby(ordered, key=lambda mart: mart.published_in)}


def new_building_folder(folder: Path) -> Path:
    """An empty folder that no reader looks into. What a killed run left there is removed under the lock."""
    building = folder / ".building"
    building.mkdir(mode=0o700)
    return building


def copy_base(draft: ReleaseDraft, base: Release) -> None:
    """Copies the databases of the release before, and links its Parquet.

    Only what the pool doesn't have yet is linked; what the base doesn't have is removed from it.
    """
    for file in draft.files():
        shutil.copyfile(base.file(file), draft.folder / f"{file}.duckdb")
    old, new, pool = base.folder / "parquet", draft.folder / "parquet", draft.folder.parent / LINK_POOL
    if pool.exists():
        pool.rename(new)
    published = {Path(mart.published_in, mart.schema, mart.name) for mart in draft.marts}
    found = {table_folder(folder.relative_to(old)): folder for folder in old.glob("*/*/*")}
    tables = {table: folder for table, folder in found.items() if table in published}
    for unknown in {table.relative_to(new) for table in new.glob("*/*/*")} - tables.keys():
        shutil.rmtree(new / unknown)
    for table, folder in tables.items():
        (new / table).mkdir(parents=True, exist_ok=True)
        days = {entry.name for entry in os.scandir(folder)}
        for entry in os.scandir(new / table):
            if entry.name not in days:
                shutil.rmtree(entry)
        for day in days:
            source, target = folder / day / DATA, new / table / day / DATA
            if not (target.exists() and target.samefile(source)):
                shutil.rmtree(target.parent, ignore_errors=True)
                target.parent.mkdir()
                target.hardlink_to(source)
                open_to_readers(draft.settings, target.parent, is_private=table.parts[0] == "customers")


def write_tables(connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft) -> dict[str, int]:
    """Writes every table and view from the warehouse; returns how many rows each is expected to have."""
    expected = {}
    connection.execute(f"attach {literal(draft.settings.warehouse)} as warehouse (read_only)")
    for file, tables in draft.files().items():
        connection.execute(f"attach {literal(draft.folder / f'{file}.duckdb')} as release ({PUBLISHED_FORMAT})")
        bring_up_to_date(connection, file, {mart.key for mart in tables})
        for mart in tables:
            expected[mart.key] = _write_table(connection, draft, mart)
        connection.execute("detach release")
    return expected


def _write_table(connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft, mart: Mart) -> int:
    schema, target = f"release.{identifier(mart.schema)}", f"release.{mart.relation}"
    is_replaced = mart.is_of_one_day and draft.as_of == draft.newest
    connection.execute(f"create schema if not exists {schema}")
    has_new_columns = _add_columns(connection, target, mart)
    if mart.is_view:
        connection.execute(f"use {schema}")
        connection.execute(f"create or replace view {identifier(mart.name)} as {mart.sql}")
        connection.execute("use warehouse")
    elif not mart.is_of_one_day:
        _update_history(connection, target, mart)
    elif is_replaced:
        connection.execute(f"create or replace table {target} as from warehouse.{mart.relation}")
    else:  # what the base doesn't have yet; no reader sees it before the newest day is run
        connection.execute(f"create table if not exists {target} as from warehouse.{mart.relation}")
    for comment in comments(mart, "view" if mart.is_view else "table", target):
        connection.execute(comment)
    if not mart.is_view:
        parquet = _parquet_of_day(connection, draft, target, mart, with_other_days=has_new_columns)
        for folder, query in parquet:
            shutil.rmtree(folder, ignore_errors=True)  # only the link goes: the file still belongs to an older release
            folder.mkdir(parents=True)
            connection.execute(f"copy ({query}) to {literal(folder / DATA)} (format parquet, compression zstd)")
            open_to_readers(draft.settings, folder, folder / DATA, is_private=mart.published_in == "customers")
    counted = f"warehouse.{mart.relation}" if is_replaced else target
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
        f" ((from warehouse.{mart.relation} limit 0) union all by name (from {target}))"
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
    day_rows = f"warehouse.{mart.relation}"
    connection.execute(f"create table if not exists {target} as from {day_rows} limit 0")
    if mart.changes:
        keys = [column for column in mart.columns if column != "valid_to"]
        outdated = f"(from warehouse.intermediate.{identifier(mart.changes)} where is_removed)"
    else:
        keys = list(mart.replaces)
        outdated = f"(select distinct {', '.join(keys)} from {day_rows})"
    same = " and ".join(f"published.{identifier(key)} = outdated.{identifier(key)}" for key in keys)
    connection.execute(f"delete from {target} as published using {outdated} as outdated where {same}")
    connection.execute(f"insert into {target} by name from {day_rows}")


def _parquet_of_day(
    connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft, target: str, mart: Mart, *, with_other_days: bool
) -> Iterator[tuple[Path, str]]:
    """The Parquet folders that the day writes, each with its query.

    Those of other days are written again when they lack a column: all files of a history are read as one table.

    A table of stays (``changes``) belongs to no single day, so all of it is in one folder. The folder keeps its name,
    so that a reader who lists the table and opens the file a moment later finds it.
    """
    folder = draft.folder / "parquet" / mart.published_in / mart.schema / mart.name
    source = f"from warehouse.{mart.relation}"
    if mart.changes:
        yield next(folder.glob("as_of_date=*"), folder / f"as_of_date={draft.newest}"), f"from {target}"
    elif mart.replaces:
        table = f"from {target}" if with_other_days else source
        for (day,) in connection.execute(f"select distinct as_of_date {table}").fetchall():
            yield folder / f"as_of_date={day}", f"{table} where as_of_date = date {literal(day)}"
    else:
        yield folder / f"as_of_date={draft.as_of}", source


def read_back(connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft, expected: dict[str, int]) -> dict[str, int]:
    """Opens the files as a reader would and returns the rows of each table.

    ``BuildFailed`` when a table isn't complete, or has a personal column that its file may not have.
    """
    rows = {}
    for file, tables in draft.files().items():
        connection.execute(f"attach {literal(draft.folder / f'{file}.duckdb')} as it (read_only)")
        for mart in tables:
            columns = [row[0] for row in connection.execute(f"describe it.{mart.relation}").fetchall()]
            [(count,)] = connection.execute(f"select count(*) from it.{mart.relation}").fetchall()
            rows[mart.key] = count
            if count != expected[mart.key] or columns != list(mart.columns):
                raise BuildFailed(
                    f"{mart.key} was not written completely ({count:,} of {expected[mart.key]:,} rows). "
                    f"{NOTHING_PUBLISHED} Check the free disk space and run the day again."
                )
            _refuse_personal_columns(mart, columns)
        connection.execute("detach it")
    return rows


def _refuse_personal_columns(mart: Mart, columns: list[str]) -> None:
    allowed = _PERSONAL_IN_LISTS if mart.published_in == "customers" else set()
    if mart.name == "entitlements":
        allowed = allowed | {"email"}  # the addresses of staff, who sign in with them
    personal = {column.name for extract in extracts() for column in extract.columns if column.personal}
    if leaked := personal.intersection(columns) - allowed:
        raise BuildFailed(
            f"{mart.key} contains {', '.join(sorted(leaked))}, which must stay in the archive. "
            f"{NOTHING_PUBLISHED} Remove the column from the model."
        )
