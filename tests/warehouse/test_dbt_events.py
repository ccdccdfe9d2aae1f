"""dbt's events are in the run while dbt works, and each check names the materialization that it checked."""

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Sample

from orchestration.warehouse.dbt_process import end_with_step


@dataclass(frozen=True)
class Run:
    """A run of the sample, with the events of its step ``dbt_models``."""

    instance: dg.DagsterInstance
    run_id: str
    day: str

    @property
    def events(self) -> list[dg.EventLogEntry]:
        records = self.instance.get_records_for_run(self.run_id, limit=10_000, ascending=True).records
        return [record.event_log_entry for record in records if record.event_log_entry.step_key == "dbt_models"]

    def of_type(self, kind: dg.DagsterEventType) -> list[dg.EventLogEntry]:
        return [event for event in self.events if event.dagster_event_type == kind]


@pytest.fixture(params=[DAY_BEFORE, DAY], ids=str)
def run(request: pytest.FixtureRequest, sample: Sample) -> Iterator[Run]:
    with dg.DagsterInstance.from_config(str(sample.home / "dagster")) as instance:
        (found,) = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": str(request.param)}))
        yield Run(instance, found.run_id, str(request.param))


def test_events_arrive_while_dbt_works(run: Run) -> None:
    (ended,) = (event.timestamp for event in run.events if "Finished dbt command" in event.message)
    models = run.of_type(dg.DagsterEventType.ASSET_MATERIALIZATION)
    checks = run.of_type(dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert len(models) > 40
    assert len(checks) > 80
    for events in (models, checks):
        assert all(event.timestamp < ended for event in events)
        assert events[-1].timestamp - events[0].timestamp > 0.5


def test_each_check_is_of_the_materialization_in_its_own_run(run: Run) -> None:
    evaluations = [
        event.dagster_event.asset_check_evaluation_data
        for event in run.of_type(dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        if event.dagster_event
    ]
    targets = [evaluation.target_materialization_data for evaluation in evaluations]
    assert {target.run_id for target in targets if target} == {run.run_id}
    untargeted = [evaluation.asset_key for evaluation, target in zip(evaluations, targets, strict=True) if not target]
    assert untargeted == []


def test_row_counts_and_columns_follow_for_every_model(run: Run) -> None:
    built = {event.asset_key for event in map(_event, run.of_type(dg.DagsterEventType.ASSET_MATERIALIZATION))}
    observed = {event.asset_key: event for event in map(_event, run.of_type(dg.DagsterEventType.ASSET_OBSERVATION))}
    assert observed.keys() == built
    for event in observed.values():
        observation = event.event_specific_data.asset_observation  # type: ignore[union-attr]
        assert observation.partition == run.day
        assert {"dagster/row_count", "dagster/column_schema"} <= observation.metadata.keys()


def test_row_counts_are_those_of_the_warehouse(sample: Sample) -> None:
    key = dg.AssetKey(["sections", "dashboard"])
    with dg.DagsterInstance.from_config(str(sample.home / "dagster")) as instance:
        (record,) = instance.fetch_observations(key, limit=1).records
    assert record.asset_observation is not None
    metadata = record.asset_observation.metadata
    with duckdb.connect(str(sample.home / "warehouse.duckdb"), read_only=True) as warehouse:
        counted = warehouse.execute("select count(*) from sections.dashboard").fetchone()
        columns = [row[0] for row in warehouse.execute("describe sections.dashboard").fetchall()]
    assert counted == (metadata["dagster/row_count"].value,)
    schema = metadata["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    assert [column.name for column in schema.columns] == columns


def test_dbt_ends_with_a_step_that_fails() -> None:
    dbt = subprocess.Popen(["sleep", "60"])
    with pytest.raises(OSError, match="disk"), end_with_step(dbt):
        raise OSError("disk is full")
    assert dbt.returncode == -signal.SIGTERM


def _event(entry: dg.EventLogEntry) -> dg.DagsterEvent:
    assert entry.dagster_event is not None
    return entry.dagster_event
