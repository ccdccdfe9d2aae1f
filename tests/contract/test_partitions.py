"""Dagster offers the days from the first one that is known here."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import DAY, DAY_BEFORE, Sample

from orchestration.contract.dates import CHICAGO, OFFERED_WITHOUT_DELIVERIES
from orchestration.contract.partitions import first_day
from orchestration.settings import Settings


@pytest.fixture(autouse=True)
def no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YACP_FIRST_DAY")


def test_the_first_day_is_the_earliest_known(config: Settings, sample: Sample, tmp_path: Path) -> None:
    today = datetime.now(ZoneInfo(CHICAGO)).date()
    assert first_day(config) == today - OFFERED_WITHOUT_DELIVERIES
    (config.archive / "iwds" / str(today)).mkdir(parents=True)
    assert first_day(config) == today
    (tmp_path / "extracts" / "worknet" / "2026-13-99").mkdir(parents=True)
    (tmp_path / "extracts" / "worknet" / "2024-02-29").mkdir()
    assert str(first_day(config)) == "2024-02-29"
    assert first_day(config.model_copy(update={"first_day": DAY})) == DAY
    published = config.model_copy(update={"home": sample.home, "extracts": str(tmp_path / "none")})
    assert first_day(published) == min(DAY_BEFORE, DAY)


def test_a_clock_that_was_set_back_leaves_days(config: Settings) -> None:
    today = datetime.now(ZoneInfo(CHICAGO)).date()
    (config.archive / "iwds" / str(today + timedelta(days=400))).mkdir(parents=True)
    assert first_day(config) == today - OFFERED_WITHOUT_DELIVERIES
