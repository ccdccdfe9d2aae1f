"""Whether the process of a run still lives, so that one that died is not taken for running for ever.

A run holds a lock on a file of its own. The lock is the kernel's (flock) and goes with the process, however it ends.
"""

import fcntl
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import dagster as dg

from orchestration.failures import YacpError
from orchestration.internals.dagster_launcher import HealthCheckingLauncher
from orchestration.settings import Settings, settings
from orchestration.state.releases import current

_SECONDS_TO_BEGIN = 300
_mine: dict[str, IO[str]] = {}


def mark_alive(config: Settings, run_id: str) -> None:
    """From now to the end of this process the run is alive, also while its end is being recorded."""
    if run_id in _mine:
        return  # a second lock on the file would wait for the first for ever
    path = _path(config, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("a")
    fcntl.flock(handle, fcntl.LOCK_EX)
    _mine[run_id] = handle


def is_alive(config: Settings, run_id: str, started_at: float | None) -> bool:
    """Whether the run's process is there. One that has only just begun may not have said so yet."""
    path = _path(config, run_id)
    if path.exists():
        return _is_held(path)
    return started_at is not None and abs(time.time() - started_at) < _SECONDS_TO_BEGIN


def fail_dead_runs(instance: dg.DagsterInstance, config: Settings) -> None:
    """Records as failed the runs whose process died, so that nothing waits for them and people are told."""
    for record in instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        if not is_alive(config, record.dagster_run.run_id, record.start_time):
            instance.report_run_failed(record.dagster_run, death_message(config, record.dagster_run.run_id))
    for path in _folder(config).glob("*"):
        run = instance.get_run_by_id(path.name)
        if (run is None or run.is_finished) and not _is_held(path):
            path.unlink(missing_ok=True)


def death_message(config: Settings, run_id: str) -> str:
    """What is said of a run whose process died."""
    sentence = "The run's process is gone: it was killed, or the machine was stopped or ran out of memory."
    with suppress(YacpError):
        release = current(config)
        is_published = release is not None and release.run_id == run_id
        sentence += " Its day was published all the same." if is_published else " Nothing of it was published."
    return sentence


class MonitoredRunLauncher(HealthCheckingLauncher):
    """The launcher that ``dagster.yaml`` names."""

    def death_of(self, run_id: str, started_at: float | None) -> str | None:
        """Why the run counts as failed; ``None`` while its process is alive."""
        config = settings()
        return None if is_alive(config, run_id, started_at) else death_message(config, run_id)


def _folder(config: Settings) -> Path:
    return config.dagster_home / "running"


def _path(config: Settings, run_id: str) -> Path:
    return _folder(config) / run_id


def _is_held(path: Path) -> bool:
    try:
        with path.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
