"""Dagster's own run launcher, which also says whether the process of a run is alive.

Leans on ``DefaultRunLauncher`` and the health check that Dagster's daemon makes each minute (``CheckRunHealthResult``,
``WorkerStatus``, ``_instance``); Dagster documents launchers of one's own, but not these types. When they change, runs
whose process died stay "started" and hold up the queue. Tried with Dagster 1.13.
"""

from __future__ import annotations

from abc import abstractmethod

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus


class HealthCheckingLauncher(DefaultRunLauncher):
    """Asks ``death_of`` for each run that is checked."""

    @abstractmethod
    def death_of(self, run_id: str, started_at: float | None) -> str | None:
        """Why the run counts as failed; ``None`` while its process is alive."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Always."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """What Dagster's daemon asks."""
        record = self._instance.get_run_record_by_id(run.run_id)
        death = self.death_of(run.run_id, record.start_time if record else None)
        if death is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, death)
