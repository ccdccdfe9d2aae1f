"""Live views, for tools that keep a connection open for weeks: databases of views that read the newest release.

    published/following/dashboard.duckdb, customers.duckdb   views with the names of the tables; the .sql creates them
    published/following/releases/release=<order>-<time>/     their Parquet, linked from the release

``<time>`` is when the release becomes visible. A view reads the newest release that was visible when the reader's
transaction began: ``now()`` is the same throughout a transaction, so all of its queries read the same release. That
works because a release is complete before it becomes visible, and is removed long after the next one did.

History is in one file per month, so that reading it stays fast; the days of the newest month are separate files.
"""

import hashlib
import shutil
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import duckdb

from orchestration.publishing.release_databases import comments
from orchestration.publishing.release_files import REMOVING, new_building_folder
from orchestration.settings import Settings
from orchestration.state.checksums import CHECKSUMS
from orchestration.state.checksums import record as record_checksums
from orchestration.state.database import connect, identifier, literal, literal_list, write_parquet
from orchestration.state.earlier_layouts import is_of_today
from orchestration.state.files import flush_to_disk
from orchestration.state.fresh_process import in_fresh_process, write_database
from orchestration.state.permissions import open_to_readers
from orchestration.state.releases import RELEASE, Release
from orchestration.warehouse.dbt_project import Mart

_FOLDER_PREFIX = "release="
# Between naming a release and its becoming visible: long enough for one rename on a busy machine.
_LEAD_SECONDS = 0.5
# Counts down: DuckDB takes the columns from the first file of a list, and that must not be one about to be removed.
_FIRST_ORDER = 999_999_999


def add(settings: Settings, release: Release, marts: Sequence[Mart]) -> None:
    """Makes a release the one that the views read, and returns once it is."""
    following = settings.published / "following"
    folder = following / "releases"
    folder.mkdir(parents=True, exist_ok=True)
    building = new_building_folder(folder)
    before = next(iter(_newest_first(folder)), None)
    tables = [mart for mart in marts if not mart.is_view]
    with connect(settings) as connection:
        for mart in tables:
            (building / _folder(mart)).mkdir(parents=True)
            for name, sources in _files(release, mart).items():
                file = building / _folder(mart) / name
                earlier = before / _folder(mart) / name if before else None
                if len(sources) == 1:
                    file.hardlink_to(sources[0])
                elif sources and earlier and earlier.exists():  # one without rows has only columns, which may be new
                    file.hardlink_to(earlier)
                else:
                    _write_month(connection, file, sources, release, mart)
                    open_to_readers(settings, file, is_private=mart.published_in == "customers")
                    flush_to_disk(file)
    for path in (following, folder, *building.glob("*/*"), *building.glob("*"), building):
        open_to_readers(settings, path, is_private="customers" in path.relative_to(settings.published).parts)
    (building / RELEASE).hardlink_to(release.folder / RELEASE)
    record_checksums(building, before)
    open_to_readers(settings, building / CHECKSUMS, is_private=False)
    order = _order_and_time(before)[0] - 1 if before else _FIRST_ORDER
    visible_at = time.time_ns() // 1000 + int(_LEAD_SECONDS * 1_000_000)
    building.rename(folder / f"{_FOLDER_PREFIX}{order}-{visible_at}")
    flush_to_disk(folder)
    for published_in in sorted({mart.published_in for mart in tables}):
        _write_views(settings, published_in, [mart for mart in marts if mart.published_in == published_in])
    # Never longer, or a clock that is set back right now would keep the run asleep until it has caught up.
    time.sleep(min(_LEAD_SECONDS, max(0.0, visible_at / 1_000_000 - time.time())))


def remove_old(settings: Settings) -> None:
    """Removes the releases that no transaction can still be reading, because a newer one replaced them long ago."""
    since = time.time() - settings.following_minutes * 60
    for newer, older in pairwise(_newest_first(settings.published / "following" / "releases")):
        if _order_and_time(newer)[1] / 1_000_000 < since:
            shutil.rmtree(older.rename(older.with_name(f"{REMOVING}-{older.name}")))


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{_FOLDER_PREFIX}*"))


def _order_and_time(folder: Path) -> tuple[int, int]:
    order, visible_at = folder.name.removeprefix(_FOLDER_PREFIX).split("-")
    return int(order), int(visible_at)


def _folder(mart: Mart) -> Path:
    return Path(mart.published_in, mart.key)


def _files(release: Release, mart: Mart) -> dict[str, list[Path]]:
    """The Parquet files that a view reads: each one's name, and the files of the release that it consists of."""
    table = release.folder / "parquet" / mart.published_in / mart.schema / mart.name
    if not mart.replaces:
        day = "*" if mart.changes else release.as_of_date
        return {path.name: [path] for path in table.glob(f"as_of_date={day}/*.parquet")}
    months = defaultdict(list)
    for path in sorted(table.glob("as_of_date=*/*.parquet")):
        months[path.parent.name.removeprefix("as_of_date=")[:7]].append(path)
    if not months:
        return {"none.parquet": []}
    *complete, newest = sorted(months)
    files = {f"{path.parent.name}.parquet": [path] for path in months[newest]}
    for month in complete:
        states = [(stat.st_ino, stat.st_mtime_ns) for stat in map(Path.stat, months[month])]
        digest = hashlib.sha256(repr(states).encode()).hexdigest()[:16]  # another one when a day is replaced
        files[f"{month}-{digest}.parquet"] = months[month]
    return files


def _write_month(
    connection: duckdb.DuckDBPyConnection, file: Path, sources: Sequence[Path], release: Release, mart: Mart
) -> None:
    """Writes a month as one file. Without a source there is no history yet: the file has the columns and no rows."""
    if sources:
        rows = f"read_parquet({literal_list(sources)}, hive_partitioning = false, union_by_name = true)"
    else:
        connection.execute(f"attach {literal(release.file(mart.published_in))} as it (read_only)")
        rows = f"it.{mart.relation} limit 0"
    write_parquet(connection, f"from {rows}", file)
    connection.execute("detach database if exists it")


def _write_views(settings: Settings, file: str, marts: Sequence[Mart]) -> None:
    """Only when they have changed: a reader who has the file open keeps the views as they were."""
    folder = settings.published / "following"
    database, script = folder / f"{file}.duckdb", folder / f"{file}.sql"
    text = _script(folder / "releases", marts)
    if database.exists() and script.exists() and script.read_text() == text:
        with connect(settings) as connection:
            if is_of_today(connection, database):
                return
    new_database, new_script = (path.with_name(f".new-{path.name}") for path in (database, script))
    new_database.unlink(missing_ok=True)
    in_fresh_process(write_database, settings, new_database, text)
    new_script.write_text(text)
    for new, path in ((new_database, database), (new_script, script)):
        open_to_readers(settings, new, is_private=file == "customers")
        flush_to_disk(new)
        new.replace(path)
    flush_to_disk(folder)


def _script(releases: Path, marts: Sequence[Mart]) -> str:
    statements = []
    for mart in sorted(marts, key=lambda mart: (mart.is_view, mart.key)):
        query = mart.sql if mart.is_view else _query(releases, mart)
        statements += [
            f"create schema if not exists {identifier(mart.schema)}",
            f"create or replace view {mart.relation} as\n{query}",
            *comments(mart, "view", mart.relation),
        ]
    return "".join(f"{statement};\n" for statement in dict.fromkeys(statements))


def _query(releases: Path, mart: Mart) -> str:
    folder = releases / f"{_FOLDER_PREFIX}*"
    columns = ", ".join(identifier(column) for column in mart.columns)
    return (
        f"select {columns}\n"
        f"from read_parquet({literal(folder / _folder(mart) / '*.parquet')},"
        " hive_partitioning = true, hive_types_autocast = false)\n"
        "where release = (\n"
        "    select coalesce(min(name), error('No release is kept that was visible when this transaction began.'"
        " || ' Begin another one.'))\n"
        "    from (select split_part(split_part(file, '/', -2), '=', 2) as name"
        f" from glob({literal(folder / RELEASE)}))\n"
        "    where cast(split_part(name, '-', 2) as bigint) <= epoch_us(now())\n"
        ")"
    )
