"""A run's events come one by one while it works, and the run has an origin, so that the UI can link to it."""

import sys
from pathlib import Path

import dagster as dg

from orchestration.internals.dagster_execution import create_run, execute

worked: list[str] = []


@dg.op
def work() -> None:
    worked.append("work")


@dg.job(executor_def=dg.in_process_executor)
def working() -> None:
    work()


def test_events_come_as_they_happen() -> None:
    worked.clear()
    with dg.DagsterInstance.ephemeral() as instance:
        run = create_run(instance, working, {"a": "tag"}, "orchestration.definitions", Path("/project"))
        assert run.tags["a"] == "tag"
        events = execute(instance, working, run)
        seen = []
        for event in events:
            seen.append(event.event_type_value)
            assert bool(worked) == ("STEP_SUCCESS" in seen or "STEP_OUTPUT" in seen), seen
        finished = instance.get_run_by_id(run.run_id)
        assert finished is not None
        assert finished.is_success
    assert seen[-1] == "PIPELINE_SUCCESS"
    assert worked == ["work"]


def test_the_run_is_of_the_code_location() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = create_run(instance, working, {}, "orchestration.definitions", Path("/project"))
        origin = run.remote_job_origin
        assert origin is not None
        assert origin.job_name == "working"
        assert origin.repository_origin.repository_name == "__repository__"
        location = origin.repository_origin.code_location_origin
        assert location.location_name == "orchestration.definitions"
        assert location.loadable_target_origin.executable_path == sys.executable
