"""Publishing: a release is a folder with every file of a day, and one link says which release is current.

    published/releases/<as_of>-<n>/   dashboard.duckdb, customers.duckdb, parquet/, release.json
    published/current                 -> releases/<as_of>-<n>, replaced by one rename
    published/dashboard.duckdb, …     -> current/…

A release begins as a copy of the one before it: the tables of the newest day are replaced, the day's part of the
history is put in, older days' Parquet is linked. There are more links every day, so those of a release that goes are
kept as a spare, and the next release takes them over: only what differs is linked anew, and a night costs the same
after ten days and after four hundred. A release is built under another name, read back, and only then renamed. A reader
that has an old file open goes on reading the old day; nobody ever sees two days mixed.

A day older than the newest one changes what the newest day says of the past (waiting, flow). Its release is held: the
next one is built on it, and only that of the newest day becomes current, so a correction is seen whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.contract.systems import extracts
from orchestration.failures import BuildFailed
from orchestration.publishing import live_views
from orchestration.settings import Settings
from orchestration.state.database import PUBLISHED_FORMAT, connect, identifier, literal
from orchestration.state.files import flush_to_disk
from orchestration.state.permissions import open_to_readers
from orchestration.state.releases import (
    CURRENT,
    DATA,
    RELEASE,
    Release,
    current,
    latest,
    pending,
    read_release,
    releases,
)
from orchestration.warehouse.dbt_project import Mart

SPARE = ".spare"  # who takes something out of every release has to remove it too
_BUILDING, _REMOVING = ".building", ".removing"
_LINKS = ("dashboard.duckdb", "customers.duckdb", "parquet", RELEASE)
_PERSONAL_IN_LISTS = {"first_name", "last_name"}


def publish(settings: Settings, as_of: date, marts: Iterable[Mart], run_id: str) -> Release:
    """Builds a release with the day that the warehouse holds, reads it back, and makes it the current one.

    A day older than the newest published one goes into the history of a release that is held.
    """
    folder = settings.published / "releases"
    folder.mkdir(parents=True, exist_ok=True)
    for public in (settings.published, folder):
        public.chmod(0o755)
    standing, kept = latest(settings), releases(settings)
    newest = max(as_of, standing.as_of_date) if standing else as_of
    number = 1 + max((r.number for r in kept if r.as_of_date == newest), default=0)
    name = f"{newest}-{number}"
    days = sorted({as_of, *(standing.days if standing else ())})
    marts, visible = list(marts), current(settings)
    with _building(folder) as building:
        rows = _build(settings, building, as_of, newest, marts, standing)
        record = {
            "release": name,
            "as_of_date": newest.isoformat(),
            "number": number,
            "sequence": 1 + max((r.sequence for r in kept), default=0),
            "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "run_id": run_id,
            "rows": rows,
            "days": [day.isoformat() for day in days],
            "held_behind": visible.name if visible and as_of < newest else "",
        }
        (building / RELEASE).write_text(json.dumps(record, indent=1) + "\n")
        _settle(settings, building)
        building.rename(folder / name)
    flush_to_disk(folder)
    release = read_release(folder / name)
    if not release.pending_behind:
        live_views.place(settings, release, marts)
        _switch(settings.published, release)
    _prune(settings)
    live_views.prune(settings)
    return release


@contextmanager
def _building(folder: Path) -> Iterator[Path]:
    """A folder for the release to be; one that breaks off is gone at once, for it may have filled the disk."""
    for name in (_BUILDING, _REMOVING):
        for left_over in folder.glob(f"{name}*"):  # of a run that died; only one run is here at a time
            shutil.rmtree(left_over)
    building = folder / _BUILDING
    building.mkdir(mode=0o700)
    try:
        yield building
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _build(
    settings: Settings, building: Path, as_of: date, newest: date, marts: list[Mart], standing: Release | None
) -> dict[str, int]:
    is_newest = as_of == newest
    rows = dict(standing.rows) if standing else {}
    files = sorted({mart.published_in for mart in marts})
    if standing:
        for file in files:
            shutil.copyfile(standing.file(file), building / f"{file}.duckdb")
        spare = building.parent / SPARE
        if spare.exists():
            spare.rename(building / "parquet")
        _link_older_days(settings, standing.folder / "parquet", building / "parquet")
    expected: dict[str, int] = {}
    with connect(settings) as connection:
        connection.execute(f"attach {literal(settings.warehouse)} as warehouse (read_only)")
        for file in files:
            path = literal(building / f"{file}.duckdb")
            connection.execute(f"attach {path} as {_alias(file)} ({PUBLISHED_FORMAT})")
        for mart in sorted(marts, key=lambda mart: mart.is_view):
            target = f"{_alias(mart.published_in)}.{identifier(mart.schema)}.{identifier(mart.name)}"
            connection.execute(f"create schema if not exists {_alias(mart.published_in)}.{identifier(mart.schema)}")
            if mart.is_view:
                _write_view(connection, mart)
            elif not mart.is_of_one_day:
                _write_history(connection, target, mart)
            elif is_newest:
                connection.execute(f"create or replace table {target} as from warehouse.{mart.relation}")
            _describe(connection, target, mart)
            if not mart.is_view:
                for folder, part in _parquet_parts(connection, building / "parquet", target, mart, as_of, newest):
                    _copy(connection, part, folder)
                    open_to_readers(settings, folder, folder / DATA, is_private=mart.published_in == "customers")
            expected[mart.key] = rows[mart.key] = _count(connection, target)
            if mart.is_of_one_day and is_newest:
                expected[mart.key] = _count(connection, f"warehouse.{mart.relation}")
        for file in files:
            connection.execute(f"detach {_alias(file)}")
    for file in files:
        _read_back(settings, building, [mart for mart in marts if mart.published_in == file], expected)
    return rows


def _write_view(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    connection.execute(f"use {_alias(mart.published_in)}.{identifier(mart.schema)}")
    connection.execute(f"create or replace view {identifier(mart.name)} as {mart.portable_sql}")
    connection.execute("use warehouse")


def _write_history(connection: duckdb.DuckDBPyConnection, target: str, mart: Mart) -> None:
    """Puts the day's part into what the release before it had."""
    part = f"warehouse.{mart.relation}"
    connection.execute(f"create table if not exists {target} as from {part} limit 0")
    if mart.changes:
        keys = [column for column in mart.columns if column != "valid_to"]
        outdated = f"(from warehouse.intermediate.{identifier(mart.changes)} where is_removed)"
    else:
        keys = list(mart.replaces)
        outdated = f"(select distinct {', '.join(keys)} from {part})"
    same = " and ".join(f"published.{identifier(key)} = outdated.{identifier(key)}" for key in keys)
    connection.execute(f"delete from {target} as published using {outdated} as outdated where {same}")
    connection.execute(f"insert into {target} by name from {part}")


def _parquet_parts(
    connection: duckdb.DuckDBPyConnection, parquet: Path, target: str, mart: Mart, as_of: date, newest: date
) -> Iterator[tuple[Path, str]]:
    """The folders that the day writes, with what goes into them. Stays are of no one day: they stand whole in one.

    Its name stays what it was, so that who lists the folder and opens the file a moment later finds it.
    """
    folder = parquet / mart.published_in / mart.schema / mart.name
    source = f"from warehouse.{mart.relation}"
    if mart.changes:
        yield next(folder.glob("as_of_date=*"), folder / f"as_of_date={newest}"), f"from {target}"
    elif mart.replaces:
        for (day,) in connection.execute(f"select distinct as_of_date {source}").fetchall():
            yield folder / f"as_of_date={day}", f"{source} where as_of_date = date {literal(day)}"
    else:
        yield folder / f"as_of_date={as_of}", source


def _copy(connection: duckdb.DuckDBPyConnection, query: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # a link to an older release's; its own stays
    folder.mkdir(parents=True)
    connection.execute(f"copy ({query}) to {literal(folder / DATA)} (format parquet, compression zstd)")


def _link_older_days(settings: Settings, standing: Path, building: Path) -> None:
    """Both releases share what neither will ever change. What ``building`` has of it already is left alone."""
    tables = {table.relative_to(standing) for table in standing.glob("*/*/*")}
    for unknown in {table.relative_to(building) for table in building.glob("*/*/*")} - tables:
        shutil.rmtree(building / unknown)
    for table in tables:
        (building / table).mkdir(parents=True, exist_ok=True)
        days = {entry.name for entry in os.scandir(standing / table)}
        for entry in os.scandir(building / table):
            if entry.name not in days:
                shutil.rmtree(entry)
        for day in days:
            if not _is_linked(standing / table / day, building / table / day):
                shutil.rmtree(building / table / day, ignore_errors=True)
                (building / table / day).mkdir()
                (building / table / day / DATA).hardlink_to(standing / table / day / DATA)
                open_to_readers(settings, building / table / day, is_private=table.parts[0] == "customers")


def _is_linked(standing: Path, building: Path) -> bool:
    try:
        return (building / DATA).samefile(standing / DATA)
    except FileNotFoundError:
        return False


def _alias(file: str) -> str:
    return f"release_{file}"


def _describe(connection: duckdb.DuckDBPyConnection, target: str, mart: Mart) -> None:
    kind = "view" if mart.is_view else "table"
    connection.execute(f"comment on {kind} {target} is {literal(mart.description)}")
    for column, description in mart.columns.items():
        connection.execute(f"comment on column {target}.{identifier(column)} is {literal(description)}")


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def _read_back(settings: Settings, building: Path, marts: list[Mart], expected: Mapping[str, int]) -> None:
    """What was written to a file is opened as a reader would, before anyone else can."""
    personal = {column.name for extract in extracts() for column in extract.columns if column.personal}
    with connect(settings) as connection:
        connection.execute(f"attach {literal(building / f'{marts[0].published_in}.duckdb')} as it (read_only)")
        for mart in marts:
            relation = f"it.{identifier(mart.schema)}.{identifier(mart.name)}"
            found = _count(connection, relation)
            columns = [row[0] for row in connection.execute(f"describe {relation}").fetchall()]
            if found != expected[mart.key] or columns != list(mart.columns):
                raise BuildFailed(
                    f"{mart.key} was not written whole ({found:,} of {expected[mart.key]:,} rows). Nothing was "
                    "published; look at the free space of the disk and run the day again."
                )
            allowed = _PERSONAL_IN_LISTS if mart.published_in == "customers" else set()
            if leaked := personal.intersection(columns) - allowed - {"email" if mart.name == "entitlements" else ""}:
                raise BuildFailed(
                    f"{mart.key} holds {', '.join(sorted(leaked))}, which must not leave the archive. "
                    "Nothing was published; take the column out of the model."
                )


def _settle(settings: Settings, building: Path) -> None:
    """Customer lists are for few, counts for all; and everything is on the disk before its name says so.

    Folders and files of a day were opened when they were written, and there are more of them every day.
    """
    parquet = building / "parquet"
    tables = [folder for pattern in ("*", "*/*", "*/*/*") for folder in parquet.glob(pattern)]
    for path in (*tables, *building.iterdir(), building):
        private = {"customers", "customers.duckdb"}.intersection(path.relative_to(building).parts)
        open_to_readers(settings, path, is_private=bool(private))
    os.sync()


def _switch(published: Path, release: Release) -> None:
    """``current`` comes last: before the very first release the others lead nowhere yet, and then all at once."""
    for name in _LINKS:
        link = published / name
        if not (link.is_symlink() and link.readlink() == Path(CURRENT, name)):
            _link(link, f"{CURRENT}/{name}")
    _link(published / CURRENT, f"releases/{release.name}")
    flush_to_disk(published)


def _link(link: Path, target: str) -> None:
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _prune(settings: Settings) -> None:
    standing, waiting = current(settings), pending(settings)
    in_order = sorted(releases(settings), key=lambda release: release.sequence)
    built_on = [release for release in in_order if release.pending_behind]
    seen = [release for release in in_order if not release.pending_behind]
    for release in [*built_on, *seen[: -settings.releases_kept]]:
        if release not in (standing, waiting):
            remove(release)


def remove(release: Release) -> None:
    """A release goes by one rename, so none is ever found half gone. What can't go now goes the next time.

    Its links stay as the spare, for the next release to begin with.
    """
    leaving = release.folder.with_name(f"{_REMOVING}-{release.name}")
    spare = release.folder.with_name(SPARE)
    with suppress(OSError):
        release.folder.rename(leaving)
        if not spare.exists():
            (leaving / "parquet").rename(spare)
        shutil.rmtree(leaving)
