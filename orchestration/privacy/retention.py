"""Retention: archived days, releases and the records of runs are removed after the number of days in the settings.

Never removed are the current and the pending release, and of the archive the newest published day and later ones.
It is a job of its own, so that Dagster has a record of every removal.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.contract.dates import CHICAGO
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import BuildFailed, as_dagster_failure
from orchestration.internals.dagster_run_files import delete_check_results, files_of_run
from orchestration.landing.refusals import REFUSED
from orchestration.publishing.publish import remove
from orchestration.publishing.release_files import LINK_POOL
from orchestration.settings import Settings, settings
from orchestration.state.database import Table
from orchestration.state.releases import current, latest, pending, read_release, releases


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


def expired(config: Settings, instance: dg.DagsterInstance, now: datetime) -> list[Expired]:
    """Everything past its retention period, oldest first within its kind."""
    return [*_archived_days(config, now), *_releases(config, now), *_runs_and_logs(config, instance, now)]


def report(found: list[Expired]) -> Table:
    """What was found, as a table."""
    rows: list[tuple[object, ...]] = [(each.what, each.name, each.age_days, each.size) for each in found]
    return Table(("what", "name", "age_days", "bytes"), rows)


def expire(config: Settings, instance: dg.DagsterInstance, now: datetime) -> Table:
    """Removes everything past its retention period and returns what that was. The caller holds the warehouse."""
    found = expired(config, instance, now)
    table = report(found)
    for each in found:
        if each.what == "release":
            remove(read_release(each.paths[0]))
            shutil.rmtree(config.published / "releases" / LINK_POOL, ignore_errors=True)  # it has the removed links
        elif each.what == "run":
            _delete_output(config, instance, each.name)
            instance.delete_run(each.name)
            delete_check_results(instance, each.name)
            for path in _files_of_run(config, each.name):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        else:
            _remove_at_once(config, each.paths)
    return table


def _archived_days(config: Settings, now: datetime) -> Iterator[Expired]:
    release = latest(config)
    if not config.archive_retention_days or release is None:
        return
    today = now.astimezone(ZoneInfo(CHICAGO)).date()
    days: dict[date, list[Path]] = {}
    for system in SYSTEMS:
        for archive in (config.archive, config.archive / REFUSED):
            for folder in (archive / system.name).glob("*"):
                with suppress(ValueError):
                    days.setdefault(date.fromisoformat(folder.name), []).append(folder)
    newest = max((day for day in days if day in release.days), default=None)
    for day, folders in sorted(days.items()):
        age = (today - day).days
        if newest and day < newest and age > config.archive_retention_days:
            yield Expired("archived day", day.isoformat(), age, tuple(folders))


def _releases(config: Settings, now: datetime) -> Iterator[Expired]:
    if not config.release_retention_days:
        return
    kept = (current(config), pending(config))
    for release in sorted(releases(config), key=lambda release: release.sequence):
        age = (now - datetime.fromisoformat(release.published_at)).days
        if release not in kept and age > config.release_retention_days:
            yield Expired("release", release.name, age, (release.folder,))


def _runs_and_logs(config: Settings, instance: dg.DagsterInstance, now: datetime) -> Iterator[Expired]:
    """The records of runs, the checks of a day, and the logs that dbt has rotated; the one it writes to stays."""
    if not config.log_retention_days:
        return
    finished = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    before = now - timedelta(days=config.log_retention_days)
    for record in instance.get_run_records(dg.RunsFilter(statuses=finished, created_before=before), ascending=True):
        run_id, age = record.dagster_run.run_id, (now - record.create_timestamp).days
        yield Expired("run", run_id, age, _files_of_run(config, run_id))
    for path in sorted([*config.dbt_target.parent.glob("*/dbt.log.*"), *config.checks.glob("*.parquet")]):
        age = int((now.timestamp() - path.stat().st_mtime) // 86400)
        if age > config.log_retention_days:
            yield Expired("log", str(path.relative_to(config.state)), age, (path,))


def _files_of_run(config: Settings, run_id: str) -> tuple[Path, ...]:
    """What Dagster keeps for the run on this machine, and the file that says it is alive."""
    logs = Path(config.dagster_logs).expanduser() if config.dagster_logs and "://" not in config.dagster_logs else None
    return (*files_of_run(config.dagster_home, run_id, logs), *config.dagster_home.glob(f"running/{run_id}"))


def _delete_output(config: Settings, instance: dg.DagsterInstance, run_id: str) -> None:
    """Deletes what the run's steps printed, wherever Dagster keeps it."""
    from botocore.exceptions import BotoCoreError, ClientError  # here, because importing it takes a while

    try:
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    except (BotoCoreError, ClientError) as error:
        raise BuildFailed(
            f"What a run printed can't be removed from {config.dagster_logs}: {type(error).__name__}. The run's record "
            "stays until that is possible; the next retention tries again."
        ) from None


def _remove_at_once(config: Settings, paths: tuple[Path, ...]) -> None:
    """Removes each by one rename, so that no archived day is ever found half removed."""
    incoming = config.archive / ".incoming"
    incoming.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="expired-", dir=incoming) as folder:
        for number, path in enumerate(paths):
            os.replace(path, Path(folder) / str(number))  # noqa: PTH105 - works for folders too


@dg.op(required_resource_keys={"warehouse_lock"})
def remove_expired(context: dg.OpExecutionContext) -> None:
    """Removes archived days, releases and records of runs that are past their retention period."""
    with as_dagster_failure():
        removed = expire(settings(), context.instance, datetime.now(UTC))
    for what, name, age, size in removed.rows:
        context.log.info(f"Removed {what} {name}, {age} days old, {size:,} bytes.")
    context.add_output_metadata({"removed": len(removed.rows)})


@dg.job(tags={"yacp/writes": "warehouse"})
def retention() -> None:
    """Removes everything past the retention period in the settings."""
    remove_expired()


# Once a day; it waits for a run that holds the warehouse.
every_night = dg.ScheduleDefinition(
    name="every_night",
    job=retention,
    cron_schedule="0 4 * * *",
    execution_timezone=CHICAGO,
    description="At four in the morning, before the schedule looks for the day's deliveries.",
)
