"""Publishing: a release is a folder with every file of a day, and one link says which release is current.

    published/releases/<as_of>-<n>/   dashboard.duckdb, customers.duckdb, parquet/, release.json
    published/current                 -> releases/<as_of>-<n>, replaced by one rename
    published/dashboard.duckdb, …     -> current/…

A release is built under another name and read back before it gets its own. All files change in the same instant, and a
reader that has an old file open keeps reading the old day.

A day older than the newest one changes what the newest day says about the past (waiting, flow). Its release is pending:
the next release is built on it, but only a release of the newest day becomes current, so readers see a correction
together with everything that depends on it.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration.publishing import live_views
from orchestration.publishing.data_package import write_data_packages
from orchestration.publishing.release_databases import write_databases
from orchestration.publishing.release_files import (
    LINK_POOL,
    REMOVING,
    ReleaseDraft,
    copy_base,
    new_building_folder,
    read_back,
    require_whole,
)
from orchestration.settings import Settings
from orchestration.state.checksums import record as record_checksums
from orchestration.state.database import connect
from orchestration.state.files import flush_to_disk
from orchestration.state.permissions import open_to_readers
from orchestration.state.releases import CURRENT, RELEASE, Release, current, latest, pending, read_release, releases
from orchestration.state.set_aside import set_aside
from orchestration.warehouse.dbt_project import Mart


def publish(settings: Settings, as_of: date, marts: Iterable[Mart], run_id: str) -> Release:
    """Builds a release with the day that the warehouse holds, reads it back, and makes it the current one.

    For a day older than the newest published one, the release stays pending.
    """
    folder = settings.published / "releases"
    folder.mkdir(parents=True, exist_ok=True)
    open_to_readers(settings, settings.published, folder, is_private=False)
    with _building_folder(folder) as building:
        draft = ReleaseDraft(settings, building, as_of, latest(settings), tuple(marts))
        if draft.base:
            require_whole(draft.base, as_of)
            copy_base(draft, draft.base)
        expected = write_databases(draft)
        write_data_packages(building / "parquet", draft.newest, draft.marts)
        with connect(settings) as connection:
            rows = read_back(connection, draft, expected)
        record = _record(draft, rows, run_id)
        (building / RELEASE).write_text(json.dumps(record, indent=1) + "\n")
        record_checksums(building, draft.base.folder if draft.base else None)
        _open_and_flush(settings, building)
        finished = building.rename(folder / str(record["release"]))
    flush_to_disk(folder)
    release = read_release(finished)
    if not release.pending_behind:
        live_views.add(settings, release, draft.marts)
        make_current(settings, release)
    _remove_old(settings)
    live_views.remove_old(settings)
    return release


@contextmanager
def _building_folder(folder: Path) -> Iterator[Path]:
    """A folder to build in. It is removed at once when the build fails, which may be because it filled the disk."""
    building = new_building_folder(folder)
    try:
        yield building
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _record(draft: ReleaseDraft, rows: dict[str, int], run_id: str) -> dict[str, object]:
    """What ``release.json`` says."""
    kept, visible, newest = releases(draft.settings), current(draft.settings), draft.newest
    number = 1 + max((release.number for release in kept if release.as_of_date == newest), default=0)
    days = {draft.as_of, *(draft.base.days if draft.base else ())}
    return {
        "release": f"{newest}-{number}",
        "as_of_date": newest.isoformat(),
        "number": number,
        "sequence": 1 + max((release.sequence for release in kept), default=0),
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": run_id,
        "rows": rows,
        "days": [day.isoformat() for day in sorted(days)],
        "held_behind": visible.name if visible and draft.as_of < newest else "",
    }


def _open_and_flush(settings: Settings, building: Path) -> None:
    """Sets who may read what, and waits until everything is on the disk: the release gets its name after that.

    The folders and files of single days, of which there are more every day, were opened when they were written.
    """
    parquet = building / "parquet"
    tables = [folder for pattern in ("*", "*/*", "*/*/*") for folder in parquet.glob(pattern)]
    for path in (*tables, *building.iterdir(), building):
        is_private = not {"customers", "customers.duckdb"}.isdisjoint(path.relative_to(building).parts)
        open_to_readers(settings, path, is_private=is_private)
    os.sync()


def make_current(settings: Settings, release: Release) -> None:
    """Replaces ``current`` last: before the first release, the other links lead nowhere and then work all at once."""
    published = settings.published
    for name in ("dashboard.duckdb", "customers.duckdb", "parquet", RELEASE):
        link = published / name
        if not (link.is_symlink() and link.readlink() == Path(CURRENT, name)):
            _replace_link(settings, link, f"{CURRENT}/{name}")
    _replace_link(settings, published / CURRENT, f"releases/{release.name}")
    flush_to_disk(published)


def _replace_link(settings: Settings, link: Path, target: str) -> None:
    if link.is_dir() and not link.is_symlink():
        set_aside(settings, link, "A folder was in the place of a link.")
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _remove_old(settings: Settings) -> None:
    """Removes the releases beyond the number kept, and those that were pending until now."""
    in_use = (current(settings), pending(settings))
    in_order = sorted(releases(settings), key=lambda release: release.sequence)
    once_pending = [release for release in in_order if release.pending_behind]
    once_current = [release for release in in_order if not release.pending_behind]
    for release in [*once_pending, *once_current[: -settings.releases_kept]]:
        if release not in in_use:
            remove(release)


def remove(release: Release) -> None:
    """Removes a release by one rename, so that no reader finds half of it. If that fails, the next run tries again.

    Its Parquet folder stays as the pool of links that the next release begins with.
    """
    removing = release.folder.with_name(f"{REMOVING}-{release.name}")
    pool = release.folder.with_name(LINK_POOL)
    with suppress(OSError):
        release.folder.rename(removing)
        if not pool.exists():
            (removing / "parquet").rename(pool)
        shutil.rmtree(removing)
