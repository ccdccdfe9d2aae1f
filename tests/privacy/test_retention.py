"""What is past its age goes, and nothing that is still needed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from conftest import DAY, DAY_BEFORE, Sample, yacp

from orchestration.landing.archive import Archive
from orchestration.privacy.retention import expire, expired
from orchestration.privacy.retention_job import retention
from orchestration.publishing.publish import publish
from orchestration.runs.warehouse_lock import WarehouseLock
from orchestration.settings import settings
from orchestration.state.releases import current, releases
from orchestration.warehouse.dbt_project import compiled_marts

LATER = datetime(2126, 11, 23, tzinfo=UTC)
ON = {"archive_retention_days": 30, "release_retention_days": 30}


@pytest.fixture
def mine(sample: Sample, tmp_path: Path) -> Sample:
    return sample.copy(tmp_path)


@pytest.fixture
def instance(mine: Sample) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(mine.home / "dagster")) as instance:
        yield instance


def archived(mine: Sample) -> set[str]:
    return {str(delivery.as_of_date) for delivery in Archive(mine.home / "archive").all()}


def test_archive_and_releases_are_kept_for_ever_by_default(mine: Sample, instance: dg.DagsterInstance) -> None:
    assert {each.what for each in expired(mine.settings, instance, LATER)} <= {"run", "log"}


def test_never_what_is_current_nor_the_newest_published_day(mine: Sample, instance: dg.DagsterInstance) -> None:
    config = mine.settings.model_copy(update=ON)
    publish(config, DAY, compiled_marts(config), "run")
    (mine.home / "archive" / "worknet" / "2026-11-24").mkdir()  # came after it, and waits to be published
    standing = current(config)
    removed = expire(config, instance, LATER)
    assert {(what, name) for what, name, *_ in removed.rows if what == "archived day"} == {
        ("archived day", str(DAY_BEFORE))
    }
    assert archived(mine) == {str(DAY)}
    assert (mine.home / "archive" / "worknet" / "2026-11-24").exists()
    assert releases(config) == [standing]
    assert not (mine.home / "published" / "releases" / ".spare").exists()
    assert [each.what for each in expired(config, instance, LATER)] == []


def test_nothing_before_its_age(mine: Sample, instance: dg.DagsterInstance) -> None:
    config = mine.settings.model_copy(update=ON)
    thirty_days_on = datetime.combine(DAY_BEFORE, datetime.min.time(), UTC) + timedelta(days=30, hours=12)
    assert [each for each in expired(config, instance, thirty_days_on) if each.what == "archived day"] == []
    a_day_later = expired(config, instance, thirty_days_on + timedelta(days=1))
    assert [each.name for each in a_day_later if each.what == "archived day"] == [str(DAY_BEFORE)]


def test_the_record_of_a_run_goes_with_its_files(mine: Sample, instance: dg.DagsterInstance) -> None:
    runs = [run.run_id for run in instance.get_runs()]
    assert len(runs) == 2
    home = mine.home / "dagster"
    assert all((home / "history" / "runs" / f"{run}.db").exists() for run in runs)
    assert all((home / "storage" / run).exists() for run in runs)
    removed = expire(mine.settings, instance, LATER)
    assert {name for what, name, *_ in removed.rows if what == "run"} == set(runs)
    assert instance.get_runs() == []
    assert not [path for path in home.rglob("*") if any(run in path.name for run in runs)]


def test_the_command_says_first_and_removes_then(mine: Sample) -> None:
    """By the machine's clock: the days are given an age that they have on any."""
    for system in ("worknet", "iwds"):
        folder = mine.home / "archive" / system
        (folder / str(DAY_BEFORE)).rename(folder / "2001-01-01")
    on = {"YACP_ARCHIVE_RETENTION_DAYS": "30"}
    said = yacp(mine.home, "retention", "--dry-run", "--format", "json", variables=on)
    assert [row["name"] for row in json.loads(said.stdout)] == ["2001-01-01"]
    assert (mine.home / "archive" / "iwds" / "2001-01-01").exists()
    done = yacp(mine.home, "retention", "--format", "json", variables=on)
    assert json.loads(done.stdout) == json.loads(said.stdout)
    assert not list((mine.home / "archive").glob("*/2001-01-01"))


def test_the_job_puts_on_record_what_it_removed(
    mine: Sample, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for system in ("worknet", "iwds"):
        folder = mine.home / "archive" / system
        (folder / str(DAY_BEFORE)).rename(folder / "2001-01-01")
    monkeypatch.setenv("YACP_HOME", str(mine.home))
    monkeypatch.setenv("YACP_ARCHIVE_RETENTION_DAYS", "30")
    settings.cache_clear()
    try:
        result = retention.execute_in_process(instance=instance, resources={"warehouse_turn": WarehouseLock()})
    finally:
        settings.cache_clear()
    assert result.success
    told = [record.message for record in instance.all_logs(result.run_id)]
    assert any("Removed archived day 2001-01-01" in message for message in told)
