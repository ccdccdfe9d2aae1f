"""A job run in this process, recorded as a run of the code location that ``yacp dev`` serves.

Depends on ``execute_run_iterator`` and ``InMemoryJob`` (the public ``execute_in_process`` and ``execute_job`` return
only when the run is over) and on the types of a run's origin (without an origin the UI can neither link to the run nor
re-execute it). When they change, ``yacp run`` fails. Tried with Dagster 1.13.27.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin


def create_run(
    instance: dg.DagsterInstance, job: dg.JobDefinition, tags: dict[str, str], module: str, project: Path
) -> dg.DagsterRun:
    """Creates a run of the job in the code location ``module``, with nothing logged to the console."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(executable_path=sys.executable, module_name=module, working_directory=str(project)),
        location_name=module,
    )
    return instance.create_run_for_job(
        job_def=job,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags=tags,
        remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job.name),
    )


def execute(instance: dg.DagsterInstance, job: dg.JobDefinition, run: dg.DagsterRun) -> Iterator[dg.DagsterEvent]:
    """Executes the run and yields its events as they happen."""
    yield from execute_run_iterator(InMemoryJob(job), run, instance)
