"""What the sensor and the schedule ask for: each day once, and again what died or broke, but not for ever."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries, Sample

from orchestration.contract.systems import SYSTEMS
from orchestration.failures import BuildFailed, ChecksBlocked, DeliveryRefused, as_dagster_failure
from orchestration.landing.intake import land
from orchestration.runs import jobs
from orchestration.runs.jobs import DELIVERIES_TAG, JOB, PARTITION_TAG
from orchestration.settings import settings


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deliveries: Deliveries) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("YACP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("YACP_EXTRACTS", str(deliveries.root))
    settings.cache_clear()
    for system in SYSTEMS:
        deliveries.write(system)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as found:
        yield found
    settings.cache_clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_PAUSES", (timedelta(0),) * 3)


def asked(instance: dg.DagsterInstance, *, is_morning: bool = False) -> list[str | None]:
    found = list(jobs._requests(instance, print, is_morning=is_morning))
    requests = [request for request in found if isinstance(request, dg.RunRequest)]
    assert len(requests) == len(found) or len(found) == 1  # Dagster takes requests or one reason, not both
    return [request.run_key for request in requests]


def run(instance: dg.DagsterInstance, error: Exception | None, asked_by: str = "1-1") -> None:
    """A run as the sensor starts it, that ends with an error or well."""

    @dg.op
    def stage() -> None:
        with as_dagster_failure():
            if error:
                raise error

    @dg.job(name=JOB)
    def nightly() -> None:
        stage()

    nightly.execute_in_process(
        instance=instance, tags={PARTITION_TAG: str(DAY), DELIVERIES_TAG: asked_by}, raise_on_error=False
    )


def test_a_run_that_broke_comes_again_after_a_pause_and_not_for_ever(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(instance) == [f"{DAY}-1-1"]
    run(instance, OSError(28, "No space left on device"))
    assert asked(instance) == []
    monkeypatch.setattr(jobs, "_PAUSES", (timedelta(0),) * 3)
    keys = set()
    for attempt in (1, 2, 3):
        assert asked(instance) == [f"{DAY}-1-1-again-{attempt}"]
        keys.update(asked(instance))
        run(instance, BuildFailed("dbt was stopped"))
    assert len(keys) == 3  # Dagster starts nothing for a key it has seen
    assert asked(instance) == []
    assert asked(instance, is_morning=True) == [f"{DAY}-1-1-again-4"]


@pytest.mark.parametrize("error", [DeliveryRefused("not this one"), ChecksBlocked("not this one")])
def test_what_would_only_fail_again_waits_for_a_new_delivery(
    instance: dg.DagsterInstance, impatient: None, deliveries: Deliveries, error: Exception
) -> None:
    run(instance, error)
    assert asked(instance) == asked(instance, is_morning=True) == []
    deliveries.write(SYSTEMS[1], delivery=2)
    assert asked(instance) == [f"{DAY}-1-2"]


def test_a_day_that_is_being_run_is_not_asked_for(instance: dg.DagsterInstance, impatient: None) -> None:
    run(instance, BuildFailed("dbt was stopped"))
    instance.create_run_for_job(jobs_of_one_op(), tags={PARTITION_TAG: str(DAY)}, status=dg.DagsterRunStatus.STARTED)
    assert asked(instance) == asked(instance, is_morning=True) == []


def test_what_a_person_stopped_stays_stopped(instance: dg.DagsterInstance, impatient: None) -> None:
    stopped = instance.create_run_for_job(
        jobs_of_one_op(), tags={PARTITION_TAG: str(DAY), DELIVERIES_TAG: "1-1"}, status=dg.DagsterRunStatus.STARTED
    )
    instance.report_run_canceled(stopped)
    assert asked(instance) == []


def test_a_manifest_that_is_none_holds_up_no_other_day(instance: dg.DagsterInstance, deliveries: Deliveries) -> None:
    for system in SYSTEMS:
        deliveries.write(system, day=DAY_BEFORE)
    (deliveries.root / "iwds" / str(DAY_BEFORE) / "manifest.json").write_text("{")
    assert asked(instance) == [f"{DAY}-1-1"]


def test_a_redelivery_that_was_landed_and_never_published_is_asked_for(
    sample: Sample, deliveries: Deliveries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "published").symlink_to(sample.home / "published")
    monkeypatch.setenv("YACP_HOME", str(home))
    monkeypatch.setenv("YACP_EXTRACTS", str(deliveries.root))
    settings.cache_clear()
    for system in SYSTEMS:
        deliveries.write(system)
    with dg.DagsterInstance.ephemeral() as instance:
        assert asked(instance) == []
        deliveries.write(SYSTEMS[1], delivery=2)
        land(settings(), SYSTEMS[1], DAY)  # and the run died here
        assert asked(instance) == [f"{DAY}-1-2"]
    settings.cache_clear()


def jobs_of_one_op() -> dg.JobDefinition:
    @dg.op
    def stage() -> None: ...

    @dg.job(name=JOB)
    def nightly() -> None:
        stage()

    return nightly
