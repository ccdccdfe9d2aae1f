"""The files of a release: DuckDB databases and Parquet, written from the warehouse and read back.

A release starts as a copy of the one before it (its base). Only what the day changes is written: the tables of the
newest day, the day's part of the history, and the Parquet of both. Parquet of earlier days is hard-linked.

There are more links to make every day, so the Parquet folder of a removed release is kept as a pool of links. The next
release moves the pool in and links only what differs from its base: a run takes as long after four hundred days as
after ten.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.contract.systems import extracts
from orchestration.failures import NOTHING_PUBLISHED, BuildFailed
from orchestration.settings import Settings
from orchestration.state.database import PUBLISHED_FORMAT, identifier, literal
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

    @property
    def parquet(self) -> Path:
        """The folder of the Parquet files."""
        return self.folder / "parquet"

    def files(self) -> dict[str, list[Mart]]:
        """The DuckDB files by name, each with its tables. Views come last: they read the tables."""
        names = sorted({mart.published_in for mart in self.marts})
        ordered = sorted(self.marts, key=lambda mart: mart.is_view)
        return {name: [mart for mart in ordered if mart.published_in == name] for name in names}

    def database(self, file: str) -> Path:
        """The DuckDB file of that name."""
        return self.folder / f"{file}.duckdb"


def new_building_folder(folder: Path) -> Path:
    """An empty folder that no reader looks into. What a killed run left there is removed under the lock."""
    building = folder / ".building"
    building.mkdir(mode=0o700)
    return building


def copy_base(draft: ReleaseDraft, base: Release) -> None:
    """Copies the databases of the release before, and links its Parquet."""
    for file in draft.files():
        shutil.copyfile(base.file(file), draft.database(file))
    pool = draft.folder.parent / LINK_POOL
    if pool.exists():
        pool.rename(draft.parquet)
    _link_base(draft.settings, base.folder / "parquet", draft.parquet)


def _link_base(settings: Settings, base: Path, parquet: Path) -> None:
    """Links what the pool doesn't have yet, and removes from it what the base doesn't have."""
    tables = {table.relative_to(base) for table in base.glob("*/*/*")}
    for unknown in {table.relative_to(parquet) for table in parquet.glob("*/*/*")} - tables:
        shutil.rmtree(parquet / unknown)
    for table in tables:
        (parquet / table).mkdir(parents=True, exist_ok=True)
        days = {entry.name for entry in os.scandir(base / table)}
        for entry in os.scandir(parquet / table):
            if entry.name not in days:
                shutil.rmtree(entry)
        for day in days:
            source, target = base / table / day / DATA, parquet / table / day / DATA
            if not _is_same_file(source, target):
                shutil.rmtree(target.parent, ignore_errors=True)
                target.parent.mkdir()
                target.hardlink_to(source)
                open_to_readers(settings, target.parent, is_private=table.parts[0] == "customers")


def _is_same_file(source: Path, target: Path) -> bool:
    try:
        return target.samefile(source)
    except FileNotFoundError:
        return False


def write_tables(connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft) -> dict[str, int]:
    """Writes every table and view from the warehouse; returns how many rows each is expected to have."""
    expected = {}
    connection.execute(f"attach {literal(draft.settings.warehouse)} as warehouse (read_only)")
    files = draft.files()
    for file in files:
        connection.execute(f"attach {literal(draft.database(file))} as {_alias(file)} ({PUBLISHED_FORMAT})")
    for mart in (mart for tables in files.values() for mart in tables):
        expected[mart.key] = _write_table(connection, draft, mart)
    for file in files:
        connection.execute(f"detach {_alias(file)}")
    return expected


def _write_table(connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft, mart: Mart) -> int:
    schema = f"{_alias(mart.published_in)}.{identifier(mart.schema)}"
    target = f"{schema}.{identifier(mart.name)}"
    is_replaced = mart.is_of_one_day and draft.as_of == draft.newest
    connection.execute(f"create schema if not exists {schema}")
    if mart.is_view:
        connection.execute(f"use {schema}")
        connection.execute(f"create or replace view {identifier(mart.name)} as {mart.sql}")
        connection.execute("use warehouse")
    elif not mart.is_of_one_day:
        _update_history(connection, target, mart)
    elif is_replaced:
        connection.execute(f"create or replace table {target} as from warehouse.{mart.relation}")
    _add_comments(connection, target, mart)
    if not mart.is_view:
        for folder, query in _parquet_of_day(connection, draft, target, mart):
            _write_parquet(connection, query, folder)
            open_to_readers(draft.settings, folder, folder / DATA, is_private=mart.published_in == "customers")
    return _count(connection, f"warehouse.{mart.relation}" if is_replaced else target)


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
    connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft, target: str, mart: Mart
) -> Iterator[tuple[Path, str]]:
    """The Parquet folders that the day writes, each with its query.

    A table of stays (``changes``) belongs to no single day, so all of it is in one folder. The folder keeps its name,
    so that a reader who lists the table and opens the file a moment later finds it.
    """
    folder = draft.parquet / mart.published_in / mart.schema / mart.name
    source = f"from warehouse.{mart.relation}"
    if mart.changes:
        yield next(folder.glob("as_of_date=*"), folder / f"as_of_date={draft.newest}"), f"from {target}"
    elif mart.replaces:
        for (day,) in connection.execute(f"select distinct as_of_date {source}").fetchall():
            yield folder / f"as_of_date={day}", f"{source} where as_of_date = date {literal(day)}"
    else:
        yield folder / f"as_of_date={draft.as_of}", source


def _write_parquet(connection: duckdb.DuckDBPyConnection, query: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # only the link goes: the file still belongs to an older release
    folder.mkdir(parents=True)
    connection.execute(f"copy ({query}) to {literal(folder / DATA)} (format parquet, compression zstd)")


def _add_comments(connection: duckdb.DuckDBPyConnection, target: str, mart: Mart) -> None:
    kind = "view" if mart.is_view else "table"
    connection.execute(f"comment on {kind} {target} is {literal(mart.description)}")
    for column, description in mart.columns.items():
        connection.execute(f"comment on column {target}.{identifier(column)} is {literal(description)}")


def read_back(
    connection: duckdb.DuckDBPyConnection, draft: ReleaseDraft, expected: Mapping[str, int]
) -> dict[str, int]:
    """Opens the files as a reader would and returns the rows of each table.

    ``BuildFailed`` when a table isn't complete, or has a personal column that its file may not have.
    """
    rows = {}
    for file, tables in draft.files().items():
        connection.execute(f"attach {literal(draft.database(file))} as it (read_only)")
        for mart in tables:
            relation = f"it.{identifier(mart.schema)}.{identifier(mart.name)}"
            columns = [row[0] for row in connection.execute(f"describe {relation}").fetchall()]
            rows[mart.key] = _count(connection, relation)
            if rows[mart.key] != expected[mart.key] or columns != list(mart.columns):
                raise BuildFailed(
                    f"{mart.key} was not written completely ({rows[mart.key]:,} of {expected[mart.key]:,} rows). "
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


def _alias(file: str) -> str:
    return f"release_{file}"


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
