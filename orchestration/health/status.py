"""What an operator looks at first: the newest day, what runs or waits, what was stopped and why, what comes next.

Nothing here starts a process or holds a personal value.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.contract.dates import CHICAGO, in_chicago
from orchestration.contract.partitions import PARTITION_TAG
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import UsageError
from orchestration.landing.archive import Archive
from orchestration.landing.refusals import refusals
from orchestration.publishing.freshness import days_behind, due_day
from orchestration.publishing.queries import checks
from orchestration.runs.instance import prepare_instance
from orchestration.runs.run_requests import MORNING, STARTERS
from orchestration.runs.warehouse_lock import held_by
from orchestration.settings import Settings
from orchestration.state.releases import current, pending

_OPEN = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_HEARTBEAT = timedelta(minutes=5)
_RECENT = timedelta(days=14)


@dataclass(frozen=True)
class Run:
    """A run that isn't over: its day or job, and whether it is queued or started."""

    what: str
    state: str
    since: str


@dataclass(frozen=True)
class Stopped:
    """A delivery of the last two weeks that was refused or is held, and that no later one has replaced."""

    system: str
    day: date
    delivery: int
    status: str
    why: str


@dataclass(frozen=True)
class Status:
    """One look at everything. ``published_at`` and ``since`` are in Chicago time, sizes in bytes."""

    newest_day: date | None
    published_at: str
    due_day: date
    pending_release: str
    holds_warehouse: str
    runs: tuple[Run, ...]
    stopped: tuple[Stopped, ...]
    warnings: tuple[str, ...]
    daemon_runs: bool
    switched_off: tuple[str, ...]
    next_morning: str
    free_bytes: int

    @property
    def days_behind(self) -> int | None:
        """How many days the newest published one is behind the one that is due; ``None`` before the first."""
        return days_behind(self.newest_day, self.due_day)


def status(config: Settings, now: datetime) -> Status:
    """Looks once. ``UsageError`` before there is any state."""
    if not config.dagster_home.exists():
        raise UsageError(f"Nothing has been run under {config.state} yet. yacp run publishes the newest delivered day.")
    prepare_instance(config)
    release, waiting = current(config), pending(config)
    newest = release.as_of_date if release else None
    with dg.DagsterInstance.get() as instance:
        return Status(
            newest_day=newest,
            published_at=in_chicago(datetime.fromisoformat(release.published_at)) if release else "",
            due_day=due_day(config, now),
            pending_release=waiting.name if waiting else "",
            holds_warehouse=held_by(config),
            runs=tuple(_runs(instance)),
            stopped=tuple(_stopped(config, now)),
            warnings=tuple(_warnings(config, newest)),
            daemon_runs=_daemon_runs(instance, now),
            switched_off=tuple(_switched_off(instance)),
            next_morning=in_chicago(_next_morning(now)),
            free_bytes=shutil.disk_usage(config.state).free,
        )


def _runs(instance: dg.DagsterInstance) -> Iterator[Run]:
    for record in reversed(instance.get_run_records(dg.RunsFilter(statuses=_OPEN))):
        run = record.dagster_run
        what = run.tags.get(PARTITION_TAG, run.job_name)
        yield Run(what, run.status.value.lower().replace("_", " "), in_chicago(record.create_timestamp))


def _stopped(config: Settings, now: datetime) -> Iterator[Stopped]:
    systems, archive = {system.name: system for system in SYSTEMS}, Archive(config.archive)
    first = now.date() - _RECENT
    for found in refusals(config.archive):
        accepted = archive.newest(systems[found.system], found.as_of_date)
        if found.as_of_date >= first and not (accepted and accepted.delivery > found.delivery > 0):
            yield Stopped(found.system, found.as_of_date, found.delivery, found.status, found.reason)


def _warnings(config: Settings, newest: date | None) -> Iterator[str]:
    """The checks of severity warn that failed on the newest published day: title and what was found."""
    for row in checks(config, newest)[1].records() if newest else ():
        if row["severity"] == "warn" and not row["passed"]:
            yield f"{row['title']}: {row['observed']}"


def _daemon_runs(instance: dg.DagsterInstance, now: datetime) -> bool:
    beats = [beat.timestamp for beat in instance.get_daemon_heartbeats().values()]
    return bool(beats) and now.timestamp() - max(beats) < _HEARTBEAT.total_seconds()


def _switched_off(instance: dg.DagsterInstance) -> Iterator[str]:
    """The sensor and the schedules that start runs, unless somebody has switched them on."""
    on = {state.instigator_name for state in instance.all_instigator_state() if state.status.value == "RUNNING"}
    yield from (name for _, name in STARTERS if name not in on)


def _next_morning(now: datetime) -> datetime:
    here = now.astimezone(ZoneInfo(CHICAGO))
    today = datetime.combine(here.date(), time(MORNING.hour), ZoneInfo(CHICAGO))
    return (today if here < today else today + timedelta(days=1)).astimezone(UTC)


def as_metrics(found: Status) -> str:
    """The numbers as Prometheus reads them. Alert on ``yacp_days_behind`` and on ``yacp_deliveries_stopped``."""
    numbers = {
        "days_behind": ("Days that the newest published day is behind the one that is due; -1: none yet.", -1),
        "runs_open": ("Runs that are queued or started.", len(found.runs)),
        "deliveries_stopped": ("Deliveries of the last two weeks that are refused or held.", len(found.stopped)),
        "checks_warning": ("Checks that warn on the newest published day.", len(found.warnings)),
        "daemon_up": ("1 while the daemon runs.", int(found.daemon_runs)),
        "starters_off": ("The sensor and the schedules that are switched off.", len(found.switched_off)),
        "free_bytes": ("Free space on the disk of YACP_HOME.", found.free_bytes),
    }
    if found.days_behind is not None:
        numbers["days_behind"] = (numbers["days_behind"][0], found.days_behind)
    return "".join(
        f"# HELP yacp_{name} {text}\n# TYPE yacp_{name} gauge\nyacp_{name} {value}\n"
        for name, (text, value) in numbers.items()
    )
