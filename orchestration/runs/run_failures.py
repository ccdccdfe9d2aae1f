"""Why a run failed, as the message of the step that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.failures import EXIT_STATUS, NOTHING_PUBLISHED, BuildFailed, YacpError

if TYPE_CHECKING:
    from dagster import SerializableErrorInfo


class RunFailed(YacpError):
    """A failed run: the message and exit status of the failing step."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def failure_of(event: object, run_id: str) -> RunFailed | None:
    """The failure in a step's event; ``None`` for other events.

    The message of an unexpected error isn't shown, because it may quote a row.
    """
    if getattr(event, "event_type_value", "") != "STEP_FAILURE":
        return None
    data = event.step_failure_data  # type: ignore[attr-defined]
    if data.error is not None and _is_interrupted(data.error):
        return RunFailed("Stopped. Nothing was published; run the same command to start again.", 130)
    expected = data.user_failure_data
    status = expected.metadata.get(EXIT_STATUS) if expected else None
    if expected is None or expected.description is None or status is None:
        return unexpected_failure(run_id)
    return RunFailed(expected.description, int(status.value))


def unexpected_failure(run_id: str) -> RunFailed:
    """A failure that is none of the types in ``failures``."""
    return RunFailed(
        f"The run failed unexpectedly. {NOTHING_PUBLISHED} The stack trace is in the Dagster UI (yacp dev), run "
        f"{run_id}.",
        BuildFailed.exit_status,
    )


def _is_interrupted(error: SerializableErrorInfo) -> bool:
    """Dagster has an error type for this; DuckDB raises a ``RuntimeError`` in the middle of a query."""
    cause = error.cause
    by_duckdb = cause is not None and cause.message.strip() == "RuntimeError: Query interrupted"
    return error.cls_name == "DagsterExecutionInterruptedError" or by_duckdb
