"""Dagster's event log with its files kept open: the same log for every other process that has it open."""

import inspect
import threading

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.internals.dagster_event_log import PooledEventLog
from orchestration.runs.instance import prepare_instance
from orchestration.settings import Settings


@dg.asset
def counted() -> None:
    """Something to materialize."""


@pytest.fixture
def instance(config: Settings, monkeypatch: pytest.MonkeyPatch) -> dg.DagsterInstance:
    monkeypatch.setenv("DAGSTER_HOME", "")
    prepare_instance(config)
    return dg.DagsterInstance.get()


def test_the_instance_keeps_it_where_dagsters_own_does(instance: dg.DagsterInstance, config: Settings) -> None:
    assert isinstance(instance.event_log_storage, PooledEventLog)
    run = dg.materialize([counted], instance=instance)
    assert (config.dagster_home / "history" / "runs" / f"{run.run_id}.db").exists()
    assert (config.dagster_home / "history" / "runs" / "index.db").exists()


def test_a_run_is_seen_live_and_whole_by_dagsters_own_log(instance: dg.DagsterInstance, config: Settings) -> None:
    other = SqliteEventLogStorage(str(config.dagster_home / "history" / "runs"))
    seen: list[str] = []
    wanted = threading.Event()

    def watch(event: dg.EventLogEntry, _cursor: str) -> None:
        seen.append(event.message)
        if "step 9" in event.message:
            wanted.set()

    @dg.asset
    def talkative(context: dg.AssetExecutionContext) -> None:
        other.watch(context.run_id, None, watch)
        for number in range(10):
            context.log.info(f"step {number}")
        assert wanted.wait(30)  # while the run is still under way

    run = dg.materialize([talkative], instance=instance)
    assert run.success
    ours = [record.storage_id for record in instance.get_records_for_run(run.run_id).records]
    theirs = [record.storage_id for record in other.get_records_for_run(run.run_id).records]
    assert ours == theirs
    found = other.get_latest_materialization_events([dg.AssetKey("talkative")])[dg.AssetKey("talkative")]
    assert found is not None
    assert found.run_id == run.run_id
    other.end_watch(run.run_id, watch)
    other.dispose()


def test_only_the_index_and_one_run_stay_open(instance: dg.DagsterInstance) -> None:
    runs = [dg.materialize([counted], instance=instance).run_id for _ in range(3)]
    log = instance.event_log_storage
    assert isinstance(log, PooledEventLog)
    assert set(log._engines) == {"index", runs[-1]}
    for run in runs:
        assert instance.get_records_for_run(run).records
    assert len(log._engines) == 2
    instance.dispose()
    assert not log._engines


def test_the_names_are_there() -> None:
    assert list(inspect.signature(SqliteEventLogStorage._connect).parameters) == ["self", "shard"]
    asked = inspect.signature(SqliteEventLogStorage._has_asset_key_index_cols_on_connection).parameters
    assert list(asked) == ["self", "conn"]
    for name in ("path_for_shard", "conn_string_for_shard", "run_connection", "index_connection"):
        assert callable(getattr(SqliteEventLogStorage, name))
