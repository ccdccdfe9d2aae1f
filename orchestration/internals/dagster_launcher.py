"""Dagster's default run launcher, which also knows whether the process of a run is alive, and which day a run is of.

Depends on the health check that Dagster's daemon makes every minute: ``check_run_worker_health``,
``supports_check_run_worker_health``, ``CheckRunHealthResult``, ``WorkerStatus``, and the launcher's ``_instance``.
Launchers of one's own are documented, these names aren't. When they change, runs whose process died stay "started" and
block the queue.

A backfill of assets with a policy, even of one day a run, starts runs with the tags of a range of days and without that
of a day, and Dagster then records checks without their day, beside the planned ones that stay "skipped". So a range of
one day gets the tag of the day. When the tags' names change, checks of backfills lose their day. Without a policy,
Dagster doesn't start the steps of a day in one run. Tried with Dagster 1.13.27.
"""

from abc import abstractmethod

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)


class HealthCheckingLauncher(dg.DefaultRunLauncher):
    """Calls ``death_of`` for each run that is checked."""

    @abstractmethod
    def death_of(self, run_id: str, started_at: float | None) -> str | None:
        """Why the run counts as failed; ``None`` while its process is alive."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Starts the run's process, which reads the run's tags again."""
        tags = context.dagster_run.tags
        day = tags.get(ASSET_PARTITION_RANGE_START_TAG)
        if day is not None and day == tags.get(ASSET_PARTITION_RANGE_END_TAG):
            self._instance.add_run_tags(context.dagster_run.run_id, {PARTITION_NAME_TAG: day})
        super().launch_run(context)

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
