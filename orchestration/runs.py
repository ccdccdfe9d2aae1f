"""Running a day from the command line: the very job that the sensor and the schedule start, in the same instance."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from orchestration.failures import BuildFailed, YacpError
from orchestration.garbage import uncollected
from orchestration.settings import PROJECT, Settings

if TYPE_CHECKING:
    from dagster import SerializableErrorInfo
    from dagster._core.remote_origin import RemoteJobOrigin

INSTANCE_FILE = PROJECT / "orchestration" / "dagster.yaml"
MODULE = "orchestration.definitions"
STARTED_BY = "yacp/started_by"
BACKFILL = "yacp backfill"


@dataclass(frozen=True)
class Step:
    """One thing that happened in a run, for whoever watches it."""

    kind: str
    what: str
    passed: bool = True


class RunFailed(YacpError):
    """The run's own sentence and exit status, as the failing step gave them."""

    def __init__(self, sentence: str, exit_status: int) -> None:
        super().__init__(sentence)
        self.exit_status = exit_status


def prepare_instance(config: Settings) -> None:
    """Makes this process use the Dagster instance of the state's folder, which the UI and the command line share."""
    write_instance(config)
    os.environ["DAGSTER_HOME"] = str(config.dagster_home)


def write_instance(config: Settings) -> None:
    """Makes the Dagster home with the instance's configuration, anew where the state's folder was moved or copied."""
    for private in (config.dagster_home, config.dbt_target.parent):
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        private.chmod(0o700)
    target = config.dagster_home / "dagster.yaml"
    content = INSTANCE_FILE.read_text().replace("${DAGSTER_HOME}", str(config.dagster_home.resolve()))
    if not target.exists() or target.read_text() != content:
        fresh = target.with_name(f".{target.name}.{os.getpid()}")  # another process may be reading it just now
        fresh.write_text(content)
        fresh.replace(target)


def run_day(config: Settings, day: date, watch: Callable[[Step], None], started_by: str = "yacp run") -> str:
    """Runs the whole job for a day in this process and returns the run's id.

    Raises ``RunFailed`` with what the failing step said.
    """
    with uncollected():
        from orchestration.automation.turns import turn

    with _writing(config):
        prepare_instance(config)
        with turn(config, f"the run of {day}", lambda sentence: watch(Step("waiting", sentence))):
            watch(Step("loading", "definitions"))
            return _execute(day, watch, started_by)


def _execute(day: date, watch: Callable[[Step], None], started_by: str) -> str:
    with uncollected():
        import dagster as dg
        from dagster._core.definitions.job_base import InMemoryJob
        from dagster._core.execution.api import execute_run_iterator

        from orchestration.automation.jobs import JOB
        from orchestration.definitions import defs

    job = defs.resolve_job_def(JOB)
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(
            job_def=job,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags={"dagster/partition": str(day), STARTED_BY: started_by},
            remote_job_origin=_origin(JOB),
        )
        failure: RunFailed | None = None
        for event in execute_run_iterator(InMemoryJob(job), run, instance):
            failure = failure or failure_of(event, run.run_id)
            for step in _steps(event):
                watch(step)
        finished = instance.get_run_by_id(run.run_id)
        if finished is None or not finished.is_success:
            raise failure or broken(run.run_id)
        return run.run_id


@contextmanager
def _writing(config: Settings) -> Iterator[None]:
    """A run ends in words where not even its record can be written: on a full disk, or without access."""
    from sqlalchemy.exc import DBAPIError

    from orchestration.publishing.release import current

    before = current(config)
    try:
        yield
    except (DBAPIError, OSError) as error:
        why = str(error.orig) if isinstance(error, DBAPIError) else (error.strerror or type(error).__name__).lower()
        is_published = current(config) != before
        stays = (
            "The day is published all the same" if is_published else "Nothing was published and the last good day stays"
        )
        raise BuildFailed(
            f"{config.state} can't be written: {why}. {stays}; free space there, or give the account that runs yacp "
            "access, then run the day again."
        ) from None


def _origin(job: str) -> RemoteJobOrigin:
    """Says that the run is of the location that ``yacp dev`` serves, so that the UI links and re-executes it."""
    from dagster._core.remote_origin import (
        ManagedGrpcPythonEnvCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(executable_path=sys.executable, module_name=MODULE, working_directory=str(PROJECT)),
        location_name=MODULE,
    )
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job)


def _steps(event: object) -> Iterator[Step]:
    kind = getattr(event, "event_type_value", "")
    if kind == "STEP_START":
        yield Step("step", str(getattr(event, "step_key", "")))
    elif kind == "ASSET_MATERIALIZATION":
        key = event.asset_key  # type: ignore[attr-defined]
        yield Step("asset", key.to_user_string())
    elif kind == "ASSET_CHECK_EVALUATION":
        data = event.asset_check_evaluation_data  # type: ignore[attr-defined]
        yield Step("check", data.check_name, passed=data.passed)


def failure_of(event: object, run_id: str) -> RunFailed | None:
    """What a failing step says of itself, if it is one of ours; what it did not foresee may quote a row."""
    if getattr(event, "event_type_value", "") != "STEP_FAILURE":
        return None
    data = event.step_failure_data  # type: ignore[attr-defined]
    if data.error is not None and _is_interrupted(data.error):
        return RunFailed("Stopped. Nothing was published; the same command starts again.", 130)
    told = data.user_failure_data
    status = told.metadata.get("exit_status") if told else None
    if told is None or told.description is None or status is None:
        return broken(run_id)
    return RunFailed(told.description, int(status.value))


def _is_interrupted(error: SerializableErrorInfo) -> bool:
    """Dagster says it by a type of its own, DuckDB in the middle of a query by a ``RuntimeError``."""
    cause = error.cause
    by_duckdb = cause is not None and cause.message.strip() == "RuntimeError: Query interrupted"
    return error.cls_name == "DagsterExecutionInterruptedError" or by_duckdb


def broken(run_id: str) -> RunFailed:
    """The failure that nobody foresaw."""
    return RunFailed(
        "The run broke in a way that was not foreseen. Nothing was published and the last good day stays; "
        f"the stack trace is in the Dagster UI (make dev), run {run_id}.",
        BuildFailed.exit_status,
    )
