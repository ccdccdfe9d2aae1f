"""For tools that keep a connection open for weeks: databases of views that follow the newest release.

    published/following/dashboard.duckdb, customers.duckdb   views, named as the tables are; the .sql beside makes them
    published/following/releases/release=<order>-<time>/     their Parquet, linked from the release

``<time>`` is when the release becomes visible. A view reads the newest release whose time had come when the reader's
transaction began: ``now()`` is the same for all of a transaction, so everything in it reads one release. That holds
because a release is in place before its time comes, and goes long after the time of the next one.

History stands in one file a month, so that reading it stays fast; the newest month's days are files of their own.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from orchestration.settings import Settings
from orchestration.state.database import connect, identifier, literal, literal_list
from orchestration.state.files import flush_to_disk
from orchestration.state.permissions import open_to_readers
from orchestration.warehouse.dbt_project import Mart

if TYPE_CHECKING:
    from orchestration.state.releases import Release

_BUILDING, _REMOVING = ".building", ".removing"
_PLACED = "release="
_MARK = "release.json"
# Long enough for one rename on a busy machine, and little beside a night's run.
_LEAD_SECONDS = 0.5
# Counts down: DuckDB looks at the first file of a list for the columns, and that must not be one about to go.
_FIRST_ORDER = 999_999_999


def place(settings: Settings, release: Release, marts: Iterable[Mart]) -> None:
    """Makes a release the one that is followed, and returns when it is."""
    followed = settings.published / "following"
    folder = followed / "releases"
    folder.mkdir(parents=True, exist_ok=True)
    building = _emptied(folder)
    before = _placed(folder)
    tables = [mart for mart in marts if not mart.is_view]
    with connect(settings) as connection:
        for mart in tables:
            (building / _folder(mart)).mkdir(parents=True)
            for name, sources in _files(release, mart).items():
                file = building / _folder(mart) / name
                standing = before[0] / _folder(mart) / name if before else None
                if len(sources) == 1:
                    file.hardlink_to(sources[0])
                elif standing and standing.exists():
                    file.hardlink_to(standing)
                else:
                    _write(connection, file, sources, release, mart)
                    open_to_readers(settings, file, is_private=mart.published_in == "customers")
                    flush_to_disk(file)
    for path in (followed, folder, *building.glob("*/*"), *building.glob("*"), building):
        open_to_readers(settings, path, is_private="customers" in path.relative_to(settings.published).parts)
    (building / _MARK).hardlink_to(release.folder / _MARK)
    order = _order(before[0]) - 1 if before else _FIRST_ORDER
    visible_at = time.time_ns() // 1000 + int(_LEAD_SECONDS * 1_000_000)
    building.rename(folder / f"{_PLACED}{order}-{visible_at}")
    flush_to_disk(folder)
    for name in sorted({mart.published_in for mart in tables}):
        _write_views(settings, name, [mart for mart in marts if mart.published_in == name])
    # Never longer, or a clock that is set back right now would keep the run asleep until it has caught up.
    time.sleep(min(_LEAD_SECONDS, max(0.0, visible_at / 1_000_000 - time.time())))


def prune(settings: Settings) -> None:
    """Removes what no transaction can be reading any more: a newer release took its place long enough ago."""
    since = time.time() - settings.following_minutes * 60
    for newer, older in pairwise(_placed(settings.published / "following" / "releases")):
        if _visible_at(newer) / 1_000_000 < since:
            leaving = older.rename(older.with_name(f"{_REMOVING}-{older.name}"))
            shutil.rmtree(leaving)


def _placed(folder: Path) -> list[Path]:
    """The newest first."""
    return sorted(folder.glob(f"{_PLACED}*"))


def _order(placed: Path) -> int:
    return int(placed.name.removeprefix(_PLACED).split("-")[0])


def _visible_at(placed: Path) -> int:
    return int(placed.name.split("-")[1])


def _emptied(folder: Path) -> Path:
    for name in (_BUILDING, _REMOVING):
        for left_over in folder.glob(f"{name}*"):  # of a run that died; only one run is here at a time
            shutil.rmtree(left_over)
    building = folder / _BUILDING
    building.mkdir()
    return building


def _folder(mart: Mart) -> Path:
    return Path(mart.published_in, mart.key)


def _files(release: Release, mart: Mart) -> dict[str, list[Path]]:
    """The Parquet that a mart is followed by: each file's name, and which of the release's files it stands for."""
    table = release.folder / "parquet" / mart.published_in / mart.schema / mart.name
    if not mart.replaces:
        day = "*" if mart.changes else release.as_of_date
        return {path.name: [path] for path in table.glob(f"as_of_date={day}/*.parquet")}
    months = defaultdict(list)
    for path in sorted(table.glob("as_of_date=*/*.parquet")):
        months[path.parent.name.removeprefix("as_of_date=")[:7]].append(path)
    if not months:
        return {"none.parquet": []}
    *closed, newest = sorted(months)
    return {f"{month}-{_digest(months[month])}.parquet": months[month] for month in closed} | {
        f"{path.parent.name}.parquet": [path] for path in months[newest]
    }


def _digest(paths: Sequence[Path]) -> str:
    """Differs when one of the files was replaced."""
    states = [(stat.st_ino, stat.st_mtime_ns) for stat in (path.stat() for path in paths)]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:16]


def _write(
    connection: duckdb.DuckDBPyConnection, file: Path, sources: Sequence[Path], release: Release, mart: Mart
) -> None:
    """A month as one file. Without a source nothing has moved yet: a file without rows, for its columns."""
    rows = f"read_parquet({literal_list(sources)}, hive_partitioning = false)"
    if not sources:
        connection.execute(f"attach {literal(release.file(mart.published_in))} as it (read_only)")
        rows = f"it.{identifier(mart.schema)}.{identifier(mart.name)} limit 0"
    connection.execute(f"copy (from {rows}) to {literal(file)} (format parquet, compression zstd)")
    if not sources:
        connection.execute("detach it")


def _write_views(settings: Settings, name: str, marts: Sequence[Mart]) -> None:
    """Only when they would be others: who has the file open goes on with the views as they were."""
    folder = settings.published / "following"
    database, script = folder / f"{name}.duckdb", folder / f"{name}.sql"
    text = _script(folder / "releases", marts)
    if database.exists() and script.exists() and script.read_text() == text:
        return
    # Called customers, it would be mistaken for its schema of that name.
    fresh = {path: path.with_name(f".new-{path.name}") for path in (database, script)}
    for path in fresh.values():
        path.unlink(missing_ok=True)
    with duckdb.connect(str(fresh[database])) as connection:
        connection.execute(text)
    fresh[script].write_text(text)
    for path, new in fresh.items():
        open_to_readers(settings, new, is_private=name == "customers")
        flush_to_disk(new)
        new.replace(path)
    flush_to_disk(folder)


def _script(releases: Path, marts: Sequence[Mart]) -> str:
    statements = []
    for mart in sorted(marts, key=lambda mart: (mart.is_view, mart.key)):
        view = f"{identifier(mart.schema)}.{identifier(mart.name)}"
        statements += [
            f"create schema if not exists {identifier(mart.schema)}",
            f"create or replace view {view} as\n{mart.portable_sql if mart.is_view else _query(releases, mart)}",
            f"comment on view {view} is {literal(mart.description)}",
        ]
        statements += [
            f"comment on column {view}.{identifier(column)} is {literal(description)}"
            for column, description in mart.columns.items()
        ]
    return "".join(f"{statement};\n" for statement in dict.fromkeys(statements))


def _query(releases: Path, mart: Mart) -> str:
    placed = releases / f"{_PLACED}*"
    marks = literal(placed / _MARK)
    columns = ", ".join(identifier(column) for column in mart.columns)
    return (
        f"select {columns}\n"
        f"from read_parquet({literal(placed / _folder(mart) / '*.parquet')},"
        " hive_partitioning = true, hive_types_autocast = false)\n"
        "where release = (\n"
        "    select coalesce(min(placed), error('No release is kept that was visible when this transaction began.'"
        " || ' Begin another one.'))\n"
        f"    from (select split_part(split_part(file, '/', -2), '=', 2) as placed from glob({marks}))\n"
        "    where cast(split_part(placed, '-', 2) as bigint) <= epoch_us(now())\n"
        ")"
    )
