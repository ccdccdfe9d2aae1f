"""What the sensor and the schedule request: each day once, and a few more times when its run crashed or failed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries, Sample

from orchestration.contract.iwds import IWDS
from orchestration.contract.partitions import PARTITION_TAG
from orchestration.contract.systems import SYSTEMS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import BuildFailed, ChecksBlocked, DeliveryHeld, DeliveryRefused, as_dagster_failure
from orchestration.landing.archive import Acceptance
from orchestration.landing.intake import land
from orchestration.landing.refusals import accept
from orchestration.runs import run_requests
from orchestration.runs.run_requests import DELIVERIES_TAG, JOB
from orchestration.settings import settings

DAY_AFTER = DAY + timedelta(days=1)


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
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_requests, "_RETRY_AFTER", (timedelta(0),) * 3)


def requested(instance: dg.DagsterInstance, *, is_scheduled: bool = False) -> list[str | None]:
    found = list(run_requests._requests(instance, print, is_scheduled=is_scheduled))
    requests = [request for request in found if isinstance(request, dg.RunRequest)]
    assert len(requests) == len(found) or len(found) == 1  # Dagster takes requests or one reason, not both
    return [request.run_key for request in requests]


def run(instance: dg.DagsterInstance, error: Exception | None, requested_for: str = "1-1") -> None:
    """A run as the sensor starts it, which fails with the error or succeeds."""

    @dg.op
    def stage() -> None:
        with as_dagster_failure():
            if error:
                raise error

    @dg.job(name=JOB)
    def nightly() -> None:
        stage()

    nightly.execute_in_process(
        instance=instance, tags={PARTITION_TAG: str(DAY), DELIVERIES_TAG: requested_for}, raise_on_error=False
    )


def test_a_failed_run_is_retried_after_a_pause_a_few_times(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert requested(instance) == [f"{DAY}-1-1"]
    run(instance, OSError(28, "No space left on device"))
    assert requested(instance) == []
    monkeypatch.setattr(run_requests, "_RETRY_AFTER", (timedelta(0),) * 3)
    keys = set()
    for attempt in (1, 2, 3):
        assert requested(instance) == [f"{DAY}-1-1-again-{attempt}"]
        keys.update(requested(instance))
        run(instance, BuildFailed("dbt was stopped"))
    assert len(keys) == 3  # Dagster starts nothing for a key it has seen
    assert requested(instance) == []
    assert requested(instance, is_scheduled=True) == [f"{DAY}-1-1-again-4"]


@pytest.mark.parametrize("error", [DeliveryRefused("not this one"), ChecksBlocked("not this one")])
def test_a_final_failure_waits_for_a_new_delivery(
    instance: dg.DagsterInstance, without_pauses: None, deliveries: Deliveries, error: Exception
) -> None:
    run(instance, error)
    assert requested(instance) == requested(instance, is_scheduled=True) == []
    deliveries.write(SYSTEMS[1], delivery=2)
    assert requested(instance) == [f"{DAY}-1-2"]


def test_a_running_day_is_not_requested(instance: dg.DagsterInstance, without_pauses: None) -> None:
    run(instance, BuildFailed("dbt was stopped"))
    instance.create_run_for_job(job_of_one_op(), tags={PARTITION_TAG: str(DAY)}, status=dg.DagsterRunStatus.STARTED)
    assert requested(instance) == requested(instance, is_scheduled=True) == []


def test_a_canceled_run_is_not_retried(instance: dg.DagsterInstance, without_pauses: None) -> None:
    stopped = instance.create_run_for_job(
        job_of_one_op(), tags={PARTITION_TAG: str(DAY), DELIVERIES_TAG: "1-1"}, status=dg.DagsterRunStatus.STARTED
    )
    instance.report_run_canceled(stopped)
    assert requested(instance) == []


def test_an_invalid_manifest_does_not_delay_other_days(instance: dg.DagsterInstance, deliveries: Deliveries) -> None:
    for system in SYSTEMS:
        deliveries.write(system, day=DAY_BEFORE)
    (deliveries.root / "iwds" / str(DAY_BEFORE) / "manifest.json").write_text("{")
    assert requested(instance) == [f"{DAY}-1-1"]


def test_a_redelivery_that_was_landed_but_not_published_is_requested(
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
        assert requested(instance) == []
        deliveries.write(SYSTEMS[1], delivery=2)
        land(settings(), SYSTEMS[1], DAY)  # and the run crashed here
        assert requested(instance) == [f"{DAY}-1-2"]
    settings.cache_clear()


def job_of_one_op() -> dg.JobDefinition:
    @dg.op
    def stage() -> None: ...

    @dg.job(name=JOB)
    def nightly() -> None:
        stage()

    return nightly


def test_a_held_delivery_is_run_again_once_it_is_accepted(instance: dg.DagsterInstance, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET, {"staff": [{"staff_id": f"S{number}"} for number in range(40)]}, day=DAY_BEFORE)
    land(settings(), WORKNET, DAY_BEFORE)
    with pytest.raises(DeliveryHeld) as held:
        land(settings(), WORKNET, DAY)
    run(instance, held.value)
    assert requested(instance) == []
    accept(settings(), WORKNET, DAY, Acceptance("operator", datetime.now(UTC), "They left."))
    assert requested(instance) == [f"{DAY}-1-accepted-1"]
    run(instance, None, "1-accepted-1")
    assert requested(instance) == []


def test_an_older_delivery_of_iwds_stands_in_until_the_days_own_arrives(
    instance: dg.DagsterInstance, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries.write(WORKNET, day=DAY_AFTER)
    assert requested(instance) == [f"{DAY}-1-1"]
    late = settings().model_copy(update={"iwds_may_be_late_days": 1})
    monkeypatch.setattr(run_requests, "settings", lambda: late)
    assert requested(instance) == [f"{DAY}-1-1", f"{DAY_AFTER}-1-1-of-{DAY}"]
    published = {
        (day, system.name): (DAY if system == IWDS else day, 1) for day in (DAY, DAY_AFTER) for system in SYSTEMS
    }
    monkeypatch.setattr(run_requests, "published_deliveries", lambda *_: published)
    assert requested(instance) == []
    deliveries.write(IWDS, delivery=2)
    assert requested(instance) == [f"{DAY}-1-2", f"{DAY_AFTER}-1-2-of-{DAY}"]
    deliveries.write(IWDS, day=DAY_AFTER)
    assert requested(instance) == [f"{DAY}-1-2", f"{DAY_AFTER}-1-1"]


def test_an_accepted_delivery_stands_in_whatever_lies_at_the_root_now(
    instance: dg.DagsterInstance, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = settings().model_copy(update={"iwds_may_be_late_days": 1})
    monkeypatch.setattr(run_requests, "settings", lambda: late)
    land(settings(), IWDS, DAY)
    (deliveries.root / "iwds" / str(DAY) / "manifest.json").write_text("{")
    deliveries.write(WORKNET, day=DAY_AFTER)
    assert requested(instance) == [f"{DAY_AFTER}-1-1-of-{DAY}"]
