"""Why a run failed, as the message of the step that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.failures import EXIT_STATUS, NOTHING_PUBLISHED, BuildFailed, YacpError

if TYPE_CHECKING:
    import dagster as dg


class RunFailed(YacpError):
    """A failed run: the message and exit status of the failing step."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


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
