"""Retention: archived days, releases and the records of runs are removed after the number of days in the settings.

Never removed are the current and the pending release, and of the archive the newest published day and later ones.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.contract.dates import CHICAGO
from orchestration.contract.systems import SYSTEMS
from orchestration.internals.dagster_run_files import files_of_run
from orchestration.publishing.publish import remove
from orchestration.publishing.release_files import LINK_POOL
from orchestration.settings import Settings
from orchestration.state.database import Table
from orchestration.state.releases import current, latest, pending, releases

_COLUMNS = ("what", "name", "age_days", "bytes")
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@dataclass(frozen=True)
class Expired:
    """Something past its retention period: a day of the archive, a release, the record of a run, a log."""

    what: str
    name: str
    age_days: int
    paths: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Bytes on the disk, without files that are linked elsewhere too."""
        files = (file for path in self.paths for file in ([path] if path.is_file() else path.rglob("*")))
        return sum(found.st_size for file in files if file.is_file() and (found := file.stat()).st_nlink == 1)


def expired(settings: Settings, instance: dg.DagsterInstance, now: datetime) -> list[Expired]:
    """Everything past its retention period, oldest first within its kind."""
    return [
        *_archived_days(settings, now),
        *_releases(settings, now),
        *_runs(settings, instance, now),
        *_logs(settings, now),
    ]


def report(found: list[Expired]) -> Table:
    """What was found, as a table."""
    return Table(_COLUMNS, [(each.what, each.name, each.age_days, each.size) for each in found])


def expire(settings: Settings, instance: dg.DagsterInstance, now: datetime) -> Table:
    """Removes everything past its retention period and returns what that was. The caller holds the warehouse."""
    found = expired(settings, instance, now)
    table = report(found)
    by_name = {release.name: release for release in releases(settings)}
    for each in found:
        if each.what == "release":
            remove(by_name[each.name])
            shutil.rmtree(settings.published / "releases" / LINK_POOL, ignore_errors=True)  # it has the removed links
        elif each.what == "run":
            _remove_run(settings, instance, each)
        else:
            _remove_paths(settings, each.paths)
    return table


def _archived_days(settings: Settings, now: datetime) -> Iterator[Expired]:
    release = latest(settings)
    if not settings.archive_retention_days or release is None:
        return
    today = now.astimezone(ZoneInfo(CHICAGO)).date()
    days: dict[date, list[Path]] = {}
    for system in SYSTEMS:
        for folder in (settings.archive / system.name).glob("*"):
            with suppress(ValueError):
                days.setdefault(date.fromisoformat(folder.name), []).append(folder)
    newest = max((day for day in days if day in release.days), default=None)
    for day, folders in sorted(days.items()):
        age = (today - day).days
        if newest and day < newest and age > settings.archive_retention_days:
            yield Expired("archived day", day.isoformat(), age, tuple(folders))


def _releases(settings: Settings, now: datetime) -> Iterator[Expired]:
    if not settings.release_retention_days:
        return
    kept = (current(settings), pending(settings))
    for release in sorted(releases(settings), key=lambda release: release.sequence):
        age = (now - datetime.fromisoformat(release.published_at)).days
        if release not in kept and age > settings.release_retention_days:
            yield Expired("release", release.name, age, (release.folder,))


def _runs(settings: Settings, instance: dg.DagsterInstance, now: datetime) -> Iterator[Expired]:
    if not settings.log_retention_days:
        return
    before = now - timedelta(days=settings.log_retention_days)
    records = instance.get_run_records(dg.RunsFilter(statuses=_FINISHED, created_before=before), ascending=True)
    for record in records:
        run_id = record.dagster_run.run_id
        age = (now - record.create_timestamp).days
        yield Expired("run", run_id, age, _files_of_run(settings, run_id))


def _logs(settings: Settings, now: datetime) -> Iterator[Expired]:
    """Logs that dbt has rotated; the one it writes to stays."""
    if not settings.log_retention_days:
        return
    for path in sorted(settings.dbt_target.parent.glob("*/dbt.log.*")):
        age = int((now.timestamp() - path.stat().st_mtime) // 86400)
        if age > settings.log_retention_days:
            yield Expired("log", str(path.relative_to(settings.state)), age, (path,))


def _files_of_run(settings: Settings, run: str) -> tuple[Path, ...]:
    """What Dagster keeps for the run, and the file that says it is alive."""
    alive = settings.dagster_home / "running" / run
    return (*files_of_run(settings.dagster_home, run), *((alive,) if alive.exists() else ()))


def _remove_run(settings: Settings, instance: dg.DagsterInstance, run: Expired) -> None:
    instance.delete_run(run.name)
    for path in _files_of_run(settings, run.name):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _remove_paths(settings: Settings, paths: tuple[Path, ...]) -> None:
    """Removes each by one rename, so that no archived day is ever found half removed."""
    incoming = settings.archive / ".incoming"
    incoming.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="expired-", dir=incoming) as folder:
        for number, path in enumerate(paths):
            os.replace(path, Path(folder) / str(number))  # noqa: PTH105 - works for folders too
