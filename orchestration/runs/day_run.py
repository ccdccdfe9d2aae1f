"""Runs a day from the command line: the job that the sensor and the schedule start, recorded in the same instance.

When it fails, its message is that of the step that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from orchestration.failures import EXIT_STATUS, NOTHING_PUBLISHED, BuildFailed, YacpError
from orchestration.internals.process import without_gc
from orchestration.landing.queries import rows_forgotten
from orchestration.runs.instance import MODULE, prepare_instance
from orchestration.settings import PROJECT, Settings
from orchestration.state.releases import current, lost_link

if TYPE_CHECKING:
    import dagster as dg

STARTED_BY_TAG = "yacp/started_by"
COMMAND, BACKFILL = "yacp run", "yacp backfill"


@dataclass(frozen=True)
class Step:
    """Something that happened in a run: ``loading``, ``waiting``, ``step``, ``asset`` or ``check``."""

    kind: str
    what: str
    passed: bool = True


OnStep = Callable[[Step], None]


class RunFailed(YacpError):
    """A failed run: the message and exit status of the failing step."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def with_newest_day(config: Settings, days: Sequence[date]) -> list[date]:
    """The days, followed by the newest published one when all are older.

    Its waiting times and flow depend on the published days before it, so it is run again.
    """
    release = current(config)
    return [*days, release.as_of_date] if release and days[-1] < release.as_of_date else list(days)


def rows_forgotten_since_published(config: Settings, day: date) -> int:
    """How many rows of a published day were removed with people who were forgotten; its counts will be lower."""
    release = current(config)
    return rows_forgotten(config, day) if release and day in release.days else 0


def run_day(
    config: Settings, day: date, load_definitions: Callable[[], dg.Definitions], on_step: OnStep, started_by: str
) -> str:
    """Runs the job for a day in this process and returns the run's id; raises ``RunFailed`` when it fails."""
    with without_gc():
        from orchestration.runs.record_of_runs import can_not_be_written, errors_of_the_record, set_damaged_aside
        from orchestration.runs.warehouse_lock import hold_warehouse

    release_before = current(config)
    try:
        prepare_instance(config)
        with hold_warehouse(config, f"the run of {day}", lambda message: on_step(Step("waiting", message))):
            for message in (set_damaged_aside(config), lost_link(config)):
                if message:
                    on_step(Step("waiting", message))
            on_step(Step("loading", "definitions"))
            return _execute(day, load_definitions, on_step, started_by)
    except errors_of_the_record() as error:  # on a full disk or without access, not even a run's record can be written
        is_published = current(config) != release_before
        what_stays = "The day was published anyway." if is_published else NOTHING_PUBLISHED
        raise BuildFailed(can_not_be_written(config, error, what_stays)) from None


def _execute(day: date, load_definitions: Callable[[], dg.Definitions], on_step: OnStep, started_by: str) -> str:
    with without_gc():
        import dagster as dg

        from orchestration.contract.partitions import PARTITION_TAG
        from orchestration.internals.dagster_execution import create_run, execute
        from orchestration.runs.run_requests import JOB

        job = load_definitions().resolve_job_def(JOB)
    with dg.DagsterInstance.get() as instance:
        run = create_run(instance, job, {PARTITION_TAG: str(day), STARTED_BY_TAG: started_by}, MODULE, PROJECT)
        failure: RunFailed | None = None
        for event in execute(instance, job, run):
            failure = failure or failure_of(event, run.run_id)
            for step in _steps(event):
                on_step(step)
        finished = instance.get_run_by_id(run.run_id)
        if finished is None or not finished.is_success:
            raise failure or unexpected_failure(run.run_id)
        return run.run_id


def _steps(event: dg.DagsterEvent) -> Iterator[Step]:
    if event.is_step_start:
        yield Step("step", event.step_key or "")
    elif event.is_step_materialization and event.asset_key:
        yield Step("asset", event.asset_key.to_user_string())
    elif event.event_type_value == "ASSET_CHECK_EVALUATION":
        check = event.asset_check_evaluation_data
        yield Step("check", check.check_name, passed=check.passed)


def failure_of(event: dg.DagsterEvent | None, run_id: str) -> RunFailed | None:
    """The failure in a step's event; ``None`` for other events.

    The message of an unexpected error isn't shown, because it may quote a row.
    """
    if event is None or not event.is_step_failure:
        return None
    error, expected = event.step_failure_data.error, event.step_failure_data.user_failure_data
    # Dagster has an error type for an interruption; DuckDB raises a RuntimeError in the middle of a query.
    if error and (
        error.cls_name == "DagsterExecutionInterruptedError"
        or (error.cause and error.cause.message.strip() == "RuntimeError: Query interrupted")
    ):
        return RunFailed("Stopped. Nothing was published; run the same command to start again.", 130)
    status = expected.metadata.get(EXIT_STATUS) if expected else None
    if expected and expected.description is not None and status is not None and isinstance(status.value, int):
        return RunFailed(expected.description, status.value)
    return unexpected_failure(run_id)


def unexpected_failure(run_id: str) -> RunFailed:
    """A failure that is none of the types in ``failures``."""
    return RunFailed(
        f"The run failed unexpectedly. {NOTHING_PUBLISHED} The stack trace is in the Dagster UI (yacp dev), run "
        f"{run_id}.",
        BuildFailed.exit_status,
    )
