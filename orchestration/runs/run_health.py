"""Whether the process of a run is still alive, so that a run whose process died doesn't count as running forever.

A run locks a file of its own. The lock belongs to the kernel, which releases it when the process ends, however it ends.
"""

import time
from contextlib import suppress
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from orchestration.failures import NOTHING_PUBLISHED, YacpError
from orchestration.internals.dagster_launcher import HealthCheckingLauncher
from orchestration.settings import Settings, settings
from orchestration.state.releases import current

_SECONDS_TO_START = 300
_locks: dict[str, FileLock] = {}


def mark_alive(config: Settings, run_id: str) -> None:
    """Marks the run as alive until this process ends, and so also while the run's end is being recorded."""
    path = _path(config, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    _locks.setdefault(run_id, FileLock(path, thread_local=False, fallback_to_soft=False)).acquire()


def is_alive(config: Settings, run_id: str, started_at: float | None) -> bool:
    """Whether the run's process exists. A run that has only just started may not have locked its file yet."""
    path = _path(config, run_id)
    if path.exists():
        return _is_locked(path)
    return started_at is not None and abs(time.time() - started_at) < _SECONDS_TO_START


def fail_dead_runs(instance: dg.DagsterInstance, config: Settings) -> None:
    """Records runs whose process died as failed, so that nothing waits for them and notices are sent."""
    for record in instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        if not is_alive(config, record.dagster_run.run_id, record.start_time):
            instance.report_run_failed(record.dagster_run, death_message(config, record.dagster_run.run_id))
    for path in config.dagster_home.glob("running/*"):
        run = instance.get_run_by_id(path.name)
        if (run is None or run.is_finished) and not _is_locked(path):
            path.unlink(missing_ok=True)


def death_message(config: Settings, run_id: str) -> str:
    """The failure message of a run whose process died."""
    message = "The run's process is gone: it was killed, or the machine was stopped or ran out of memory."
    with suppress(YacpError):
        release = current(config)
        is_published = release is not None and release.run_id == run_id
        message += f" {'The day was published anyway.' if is_published else NOTHING_PUBLISHED}"
    return message


class MonitoredRunLauncher(HealthCheckingLauncher):
    """The launcher that ``dagster.yaml`` names."""

    def death_of(self, run_id: str, started_at: float | None) -> str | None:
        """Why the run counts as failed; ``None`` while its process is alive."""
        config = settings()
        return None if is_alive(config, run_id, started_at) else death_message(config, run_id)


def _path(config: Settings, run_id: str) -> Path:
    return config.dagster_home / "running" / run_id


def _is_locked(path: Path) -> bool:
    try:
        with FileLock(path, blocking=False, fallback_to_soft=False):
            return False
    except Timeout:
        return True
