"""Publishing: a release is a folder with every file of a day, and one link says which release is current.

    published/releases/<as_of>-<n>/   dashboard.duckdb, customers.duckdb, parquet/, release.json
    published/current                 -> releases/<as_of>-<n>, replaced by one rename
    published/dashboard.duckdb, …     -> current/…

A release is built under another name, read back, and only then renamed. A reader that has an old file open goes on
reading the old day; nobody ever sees two days mixed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.dbt_project import Mart
from orchestration.duck import connect, identifier, literal
from orchestration.extracts.contract import extracts
from orchestration.failures import BuildFailed
from orchestration.settings import Settings

RELEASE = "release.json"
CURRENT = "current"
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-(\d+)")
_LINKS = ("dashboard.duckdb", "customers.duckdb", "parquet", RELEASE)
_PERSONAL_IN_LISTS = {"first_name", "last_name"}


@dataclass(frozen=True)
class Release:
    """One published day: where it is and what it says of itself."""

    folder: Path
    as_of_date: date
    number: int
    published_at: str
    run_id: str
    rows: dict[str, int]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def file(self, name: str) -> Path:
        """``dashboard`` or ``customers``: the DuckDB file of that name."""
        return self.folder / f"{name}.duckdb"


def releases(settings: Settings) -> list[Release]:
    """The releases kept, oldest day first."""
    found = [
        _read(path)
        for path in (settings.published / "releases").glob("*")
        if _NAME.fullmatch(path.name) and (path / RELEASE).exists()
    ]
    return sorted(found, key=lambda release: (release.as_of_date, release.number))


def current(settings: Settings) -> Release | None:
    """The release that readers see; ``None`` before the first one."""
    link = settings.published / CURRENT
    return _read(link.resolve()) if (link / RELEASE).exists() else None


def publish(settings: Settings, as_of: date, marts: Iterable[Mart], run_id: str) -> Release:
    """Builds the day's release from the warehouse, reads it back, and makes it current unless a later day is."""
    folder = settings.published / "releases"
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.glob(".building-*"):  # of a run that died; only one run is here at a time
        shutil.rmtree(left_over)
    building = folder / f".building-{os.getpid()}"
    building.mkdir()
    rows = _build(settings, building, as_of, list(marts))
    number = 1 + max((r.number for r in releases(settings) if r.as_of_date == as_of), default=0)
    name = f"{as_of}-{number}"
    record = {
        "release": name,
        "as_of_date": as_of.isoformat(),
        "number": number,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": run_id,
        "rows": rows,
    }
    (building / RELEASE).write_text(json.dumps(record, indent=1) + "\n")
    _settle(building)
    building.rename(folder / name)
    _sync(folder)
    release = _read(folder / name)
    standing = current(settings)
    if standing is None or standing.as_of_date <= as_of:
        _switch(settings.published, release)
    _prune(settings)
    return release


def _build(settings: Settings, building: Path, as_of: date, marts: list[Mart]) -> dict[str, int]:
    rows: dict[str, int] = {}
    with connect(settings) as connection:
        connection.execute(f"attach {literal(settings.warehouse)} as warehouse (read_only)")
        files = sorted({mart.published_in for mart in marts})
        for file in files:
            connection.execute(f"attach {literal(building / f'{file}.duckdb')} as {_alias(file)}")
        for mart in sorted(marts, key=lambda mart: mart.is_view):
            target = f"{_alias(mart.published_in)}.{identifier(mart.schema)}.{identifier(mart.name)}"
            connection.execute(f"create schema if not exists {_alias(mart.published_in)}.{identifier(mart.schema)}")
            if mart.is_view:
                connection.execute(f"use {_alias(mart.published_in)}.{identifier(mart.schema)}")
                connection.execute(f"create view {identifier(mart.name)} as {mart.portable_sql}")
                connection.execute("use warehouse")
            else:
                connection.execute(f"create table {target} as from warehouse.{mart.relation}")
            _describe(connection, target, mart)
            rows[f"{mart.schema}.{mart.name}"] = _count(connection, f"warehouse.{mart.relation}")
            if not mart.is_view:
                parquet = building / "parquet" / mart.published_in / mart.schema / mart.name / f"as_of_date={as_of}"
                parquet.mkdir(parents=True)
                connection.execute(
                    f"copy (from {target}) to {literal(parquet / 'data.parquet')} (format parquet, compression zstd)"
                )
        for file in files:
            connection.execute(f"detach {_alias(file)}")
    for mart in marts:
        _read_back(settings, building, mart, rows[f"{mart.schema}.{mart.name}"])
    return rows


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


def _read_back(settings: Settings, building: Path, mart: Mart, expected: int) -> None:
    """What was written is opened as a reader would, before anyone else can."""
    with connect(settings) as connection:
        connection.execute(f"attach {literal(building / f'{mart.published_in}.duckdb')} as it (read_only)")
        relation = f"it.{identifier(mart.schema)}.{identifier(mart.name)}"
        found = _count(connection, relation)
        columns = [row[0] for row in connection.execute(f"describe {relation}").fetchall()]
    if found != expected or columns != list(mart.columns):
        raise BuildFailed(
            f"{mart.schema}.{mart.name} was not written whole ({found:,} of {expected:,} rows). Nothing was published; "
            "look at the free space of the disk and run the day again."
        )
    personal = {column.name for extract in extracts() for column in extract.columns if column.personal}
    if mart.published_in == "customers":
        personal -= _PERSONAL_IN_LISTS
    if leaked := personal.intersection(columns) - {"email" if mart.name == "entitlements" else ""}:
        raise BuildFailed(
            f"{mart.schema}.{mart.name} holds {', '.join(sorted(leaked))}, which must not leave the archive. "
            "Nothing was published; take the column out of the model."
        )


def _settle(building: Path) -> None:
    """Customer lists are for their owner alone; and everything is on the disk before its name says so."""
    for path in sorted(building.rglob("*"), reverse=True):
        private = "customers" in path.relative_to(building).parts or path.name == "customers.duckdb"
        if path.is_dir():
            path.chmod(0o700 if private else 0o755)
        else:
            path.chmod(0o600 if private else 0o644)
        _sync(path)
    building.chmod(0o755)
    _sync(building)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _switch(published: Path, release: Release) -> None:
    _link(published / CURRENT, f"releases/{release.name}")
    for name in _LINKS:
        link = published / name
        if not (link.is_symlink() and link.readlink() == Path(CURRENT, name)):
            _link(link, f"{CURRENT}/{name}")
    _sync(published)


def _link(link: Path, target: str) -> None:
    fresh = link.with_name(f".{link.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _prune(settings: Settings) -> None:
    standing = current(settings)
    by_time = sorted(releases(settings), key=lambda release: (release.published_at, release.number))
    for release in by_time[: -settings.releases_kept]:
        if standing is None or release.name != standing.name:
            shutil.rmtree(release.folder)


def _read(folder: Path) -> Release:
    record = json.loads((folder / RELEASE).read_text())
    return Release(
        folder=folder,
        as_of_date=date.fromisoformat(record["as_of_date"]),
        number=record["number"],
        published_at=record["published_at"],
        run_id=record["run_id"],
        rows=record["rows"],
    )
