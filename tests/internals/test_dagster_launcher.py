"""Dagster's daemon asks our launcher whether a run's process is alive, and fails the run when it isn't."""

import inspect
import logging
from collections.abc import Iterator
from typing import Any, cast

import dagster as dg
import pytest
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from orchestration.internals.dagster_launcher import HealthCheckingLauncher


class Launcher(HealthCheckingLauncher):
    death: str | None = None
    asked: tuple[str, float | None] | None = None

    def death_of(self, run_id: str, started_at: float | None) -> str | None:
        self.asked = (run_id, started_at)
        return self.death


@dg.job
def nothing() -> None:
    pass


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        launcher = Launcher()
        launcher.register_instance(instance)
        monkeypatch.setattr(type(instance), "run_launcher", property(lambda _: launcher))
        yield instance


def test_the_names_are_there() -> None:
    assert list(inspect.signature(RunLauncher.check_run_worker_health).parameters) == ["self", "run"]
    assert isinstance(inspect.getattr_static(RunLauncher, "supports_check_run_worker_health"), property)
    assert CheckRunHealthResult._fields[:2] == ("status", "msg")
    assert {"RUNNING", "FAILED"} <= set(WorkerStatus.__members__)
    assert not dg.DefaultRunLauncher().supports_check_run_worker_health, "Dagster's own can do it; delete ours"


@pytest.mark.parametrize("death", [None, "its process is gone"])
def test_the_daemon_fails_a_run_that_died(instance: dg.DagsterInstance, death: str | None) -> None:
    run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTING)
    instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "nothing"), run_id=run.run_id)
    launcher = cast("Launcher", instance.run_launcher)
    launcher.death = death
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    monitor_started_run(instance, cast("Any", None), record, logging.getLogger())
    assert launcher.asked == (run.run_id, record.start_time)
    after = instance.get_run_by_id(run.run_id)
    assert after is not None
    assert after.status == (dg.DagsterRunStatus.FAILURE if death else dg.DagsterRunStatus.STARTED)
    if death:
        log = instance.all_logs(run.run_id)
        assert any(death in entry.message for entry in log)


@pytest.mark.parametrize(("last", "day"), [("2026-11-23", "2026-11-23"), ("2026-11-24", None)])
def test_a_run_of_a_range_of_one_day_is_of_that_day(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, last: str, day: str | None
) -> None:
    launched: list[dg.DagsterRun] = []
    monkeypatch.setattr(dg.DefaultRunLauncher, "launch_run", lambda _, context: launched.append(context.dagster_run))
    tags = {"dagster/asset_partition_range_start": "2026-11-23", "dagster/asset_partition_range_end": last}
    run = instance.create_run_for_job(nothing, tags=tags)
    instance.run_launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
    [started] = launched
    found = instance.get_run_by_id(started.run_id)
    assert found is not None
    assert found.tags.get("dagster/partition") == day
