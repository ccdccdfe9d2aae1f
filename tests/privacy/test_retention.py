"""Retention removes what is past its period, and nothing that is still needed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from conftest import DAY, DAY_BEFORE, Sample, yacp

from orchestration.landing.archive import Archive
from orchestration.privacy.retention import expire, expired, retention
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


def test_archive_and_releases_are_kept_forever_by_default(mine: Sample, instance: dg.DagsterInstance) -> None:
    assert {each.what for each in expired(mine.settings, instance, LATER)} <= {"run", "log"}


def test_the_current_release_and_the_newest_published_day_are_kept(mine: Sample, instance: dg.DagsterInstance) -> None:
    config = mine.settings.model_copy(update=ON)
    publish(config, DAY, compiled_marts(config), "run")
    (mine.home / "archive" / "worknet" / "2026-11-24").mkdir()  # a later day that is not published yet
    refused = mine.home / "archive" / "refused" / "worknet"
    for day in (DAY_BEFORE, DAY):
        (refused / str(day)).mkdir(parents=True)
    release = current(config)
    removed = expire(config, instance, LATER)
    assert {(what, name) for what, name, *_ in removed.rows if what == "archived day"} == {
        ("archived day", str(DAY_BEFORE))
    }
    assert archived(mine) == {str(DAY)}
    assert [path.name for path in refused.iterdir()] == [str(DAY)]
    assert (mine.home / "archive" / "worknet" / "2026-11-24").exists()
    assert releases(config) == [release]
    assert not (mine.home / "published" / "releases" / ".spare").exists()
    assert [each.what for each in expired(config, instance, LATER)] == []


def test_nothing_is_removed_too_early(mine: Sample, instance: dg.DagsterInstance) -> None:
    config = mine.settings.model_copy(update=ON)
    thirty_days_on = datetime.combine(DAY_BEFORE, datetime.min.time(), UTC) + timedelta(days=30, hours=12)
    assert [each for each in expired(config, instance, thirty_days_on) if each.what == "archived day"] == []
    a_day_later = expired(config, instance, thirty_days_on + timedelta(days=1))
    assert [each.name for each in a_day_later if each.what == "archived day"] == [str(DAY_BEFORE)]


def test_the_record_of_a_run_is_removed_with_its_files(mine: Sample, instance: dg.DagsterInstance) -> None:
    runs = [run.run_id for run in instance.get_runs()]
    assert len(runs) == 2
    home = mine.home / "dagster"
    assert all((home / "history" / "runs" / f"{run}.db").exists() for run in runs)
    assert all((home / "storage" / run).exists() for run in runs)
    removed = expire(mine.settings, instance, LATER)
    assert {name for what, name, *_ in removed.rows if what == "run"} == set(runs)
    assert instance.get_runs() == []
    assert not [path for path in home.rglob("*") if any(run in path.name for run in runs)]


def test_the_command_lists_with_dry_run_and_removes_without(mine: Sample) -> None:
    """It uses the machine's clock, so the days are renamed to ones that are old by any clock."""
    for system in ("worknet", "iwds"):
        folder = mine.home / "archive" / system
        (folder / str(DAY_BEFORE)).rename(folder / "2001-01-01")
    on = {"YACP_ARCHIVE_RETENTION_DAYS": "30"}
    listed = yacp(mine.home, "retention", "--dry-run", "--format", "json", variables=on)
    assert [row["name"] for row in json.loads(listed.stdout)] == ["2001-01-01"]
    assert (mine.home / "archive" / "iwds" / "2001-01-01").exists()
    removed = yacp(mine.home, "retention", "--format", "json", variables=on)
    assert json.loads(removed.stdout) == json.loads(listed.stdout)
    assert not list((mine.home / "archive").glob("*/2001-01-01"))


def test_the_job_logs_what_it_removed(
    mine: Sample, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for system in ("worknet", "iwds"):
        folder = mine.home / "archive" / system
        (folder / str(DAY_BEFORE)).rename(folder / "2001-01-01")
    monkeypatch.setenv("YACP_HOME", str(mine.home))
    monkeypatch.setenv("YACP_ARCHIVE_RETENTION_DAYS", "30")
    settings.cache_clear()
    try:
        result = retention.execute_in_process(instance=instance, resources={"warehouse_lock": WarehouseLock()})
    finally:
        settings.cache_clear()
    assert result.success
    messages = [record.message for record in instance.all_logs(result.run_id)]
    assert any("Removed archived day 2001-01-01" in message for message in messages)
