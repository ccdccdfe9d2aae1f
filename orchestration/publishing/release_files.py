"""The files of a release: what it takes over from the one before and from the warehouse, and reading it back.

A release starts as a copy of the one before it (its base). Only what the day changes is written: the tables of the
newest day, the day's part of the history, and the Parquet of both. Parquet of earlier days is hard-linked.

There are more links to make every day, so the Parquet folder of a removed release is kept as a pool of links. The next
release moves the pool in and links only what differs from its base: a run takes as long after four hundred days as
after ten.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import duckdb

from orchestration.contract.systems import extracts
from orchestration.failures import NOTHING_PUBLISHED, BuildFailed
from orchestration.settings import Settings
from orchestration.state.checksums import ChecksumsDamaged, Damage, damages, read, sha256
from orchestration.state.database import connect, identifier, literal, write_parquet
from orchestration.state.earlier_layouts import (
    hand_over_tables,
    is_of_today,
    rewrite_in_utc,
    table_folder,
    with_zoned_times,
)
from orchestration.state.permissions import open_to_readers
from orchestration.state.releases import DATA, Release, release_damaged
from orchestration.warehouse.dbt_project import Mart

LINK_POOL = ".spare"
"""Beside the releases. Code that removes something from every release has to remove it from here too."""
REMOVING = ".removing"
"""The beginning of a release's name while it is being removed."""

_DAYS_COMPARED = 31
_TURNS = 7

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
    def handover(self) -> Path:
        """Parquet for the processes that write the databases: ``<file>/<from>/<schema>/<table>.parquet``."""
        return self.folder / ".handover"

    def handed_over(self, mart: Mart) -> Path:
        """The rows of a table that the warehouse holds."""
        return self.handover / mart.published_in / "warehouse" / mart.schema / f"{mart.name}.parquet"

    def files(self) -> dict[str, list[Mart]]:
        """The DuckDB files by name, each with its tables. Views come last: they read the tables."""
        ordered = sorted(self.marts, key=lambda mart: (mart.published_in, mart.is_view))
        return {name: list(marts) for name, marts in groupby(ordered, key=lambda mart: mart.published_in)}


def new_building_folder(folder: Path) -> Path:
    """An empty folder that no reader looks into. What a killed run left there is removed under the lock."""
    building = folder / ".building"
    building.mkdir(mode=0o700)
    return building


def require_whole(base: Release, as_of: date) -> None:
    """Raises ``StateDamaged`` unless what the day ``as_of`` goes on from is as it was published.

    Of the Parquet of older days, which is only linked, a seventh is compared each day: all of it within a week, and a
    run doesn't take longer with each day published.
    """
    try:
        names = read(base.folder) or {}
    except ChecksumsDamaged:
        raise release_damaged(base.folder, damages(base.folder)) from None
    newest = base.as_of_date.toordinal()
    compared = []
    for name in names:
        day = _day_of(name)
        is_due = day is None or newest - day < _DAYS_COMPARED or day % _TURNS == as_of.toordinal() % _TURNS
        compared += [name] if is_due else []
    if found := damages(base.folder, compared):
        raise release_damaged(base.folder, found)


def _day_of(name: str) -> int | None:
    """The number of the day that a Parquet file is of; ``None`` for other files."""
    parts = name.split("as_of_date=")
    return date.fromisoformat(parts[1][:10]).toordinal() if len(parts) == 2 else None


def copy_base(draft: ReleaseDraft, base: Release) -> None:
    """Copies the databases of the release before, and links its Parquet.

    Only what the pool doesn't have yet is linked; what the base doesn't have is removed from it. A database of an
    earlier version is handed over as Parquet: DuckDB would keep its format.
    """
    old, new, pool = base.folder / "parquet", draft.folder / "parquet", draft.folder.parent / LINK_POOL
    if pool.exists():
        pool.rename(new)
    published = {Path(mart.published_in, mart.schema, mart.name) for mart in draft.marts}
    found = {table_folder(folder.relative_to(old)): folder for folder in old.glob("*/*/*")}
    tables = {table: folder for table, folder in found.items() if table in published}
    for unknown in {table.relative_to(new) for table in new.glob("*/*/*")} - tables.keys():
        shutil.rmtree(new / unknown)
    with connect(draft.settings) as connection:
        for file in draft.files():
            if is_of_today(connection, base.file(file)):
                shutil.copyfile(base.file(file), draft.folder / f"{file}.duckdb")
                _require_same(base, draft.folder / f"{file}.duckdb")
            else:
                hand_over_tables(connection, base.file(file), draft.handover / file / "base")
        newest = {table: max(days) / DATA for table, folder in tables.items() if (days := list(folder.iterdir()))}
        zoned = with_zoned_times(connection, newest)
        for table, folder in tables.items():
            _link_days(draft, table, folder, zoned.get(table, []), connection)


def _require_same(base: Release, copy: Path) -> None:
    """The copy of a database is compared, not the database: a disk may read it differently the second time."""
    known = (read(base.folder) or {}).get(copy.name)
    if known and known[0] != sha256(copy):
        raise release_damaged(base.folder, [Damage(base.folder / copy.name, "is not as it was written")])


def _link_days(
    draft: ReleaseDraft, table: Path, folder: Path, zoned: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> None:
    new = draft.folder / "parquet" / table
    new.mkdir(parents=True, exist_ok=True)
    days = {entry.name for entry in os.scandir(folder)}
    for entry in os.scandir(new):
        if entry.name not in days:
            shutil.rmtree(entry)
    for day in days:
        source, target = folder / day / DATA, new / day / DATA
        if not (target.exists() and target.samefile(source)):
            shutil.rmtree(target.parent, ignore_errors=True)
            target.parent.mkdir()
            if zoned:
                rewrite_in_utc(connection, zoned, source, target)
            else:
                target.hardlink_to(source)
            is_private = table.parts[0] == "customers"
            open_to_readers(draft.settings, target.parent, *([target] if zoned else []), is_private=is_private)


def hand_over(draft: ReleaseDraft) -> None:
    """Writes what the databases get from the warehouse as Parquet, which leaves nothing of the memory in its files."""
    with connect(draft.settings) as connection:
        connection.execute(f"attach {literal(draft.settings.warehouse)} as warehouse (read_only)")
        for mart in draft.marts:
            rows = draft.handed_over(mart)
            write_parquet(connection, f"from warehouse.{mart.relation}", rows)
            if mart.changes:
                removed = f"from warehouse.intermediate.{identifier(mart.changes)} where is_removed"
                write_parquet(connection, removed, rows.parent.with_name("intermediate") / f"{mart.changes}.parquet")


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
