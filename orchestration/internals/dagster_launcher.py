"""Dagster's default run launcher, which also knows whether the process of a run is alive.

Depends on the health check that Dagster's daemon makes every minute: ``check_run_worker_health``,
``supports_check_run_worker_health``, ``CheckRunHealthResult``, ``WorkerStatus``, and the launcher's ``_instance``.
Launchers of one's own are documented, these names aren't. When they change, runs whose process died stay "started" and
block the queue. Tried with Dagster 1.13.27.
"""

from abc import abstractmethod

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus


class HealthCheckingLauncher(dg.DefaultRunLauncher):
    """Calls ``death_of`` for each run that is checked."""

    @abstractmethod
    def death_of(self, run_id: str, started_at: float | None) -> str | None:
        """Why the run counts as failed; ``None`` while its process is alive."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether the daemon may ask: always."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """The daemon's question."""
        record = self._instance.get_run_record_by_id(run.run_id)
        death = self.death_of(run.run_id, record.start_time if record else None)
        if death is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, death)
