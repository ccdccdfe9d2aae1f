"""A stopped backfill resumes with the remaining days, and with those redelivered since."""

from datetime import date
from pathlib import Path

from conftest import DAY, DAY_BEFORE, Deliveries

from orchestration.landing.intake import land
from orchestration.runs.backfill import Backfill
from orchestration.settings import Settings


def _stopped_after_the_first_day(config: Settings, deliveries: Deliveries, systems) -> None:
    config.state.mkdir()
    for day in (DAY_BEFORE, DAY):
        for system in systems.values():
            deliveries.write(system, day=day)
    for system in systems.values():
        land(config, system, DAY_BEFORE)
    Backfill(config, DAY_BEFORE, DAY).record(DAY_BEFORE)


def _remaining(config: Settings, first: date = DAY_BEFORE, *, restart: bool = False) -> list[date]:
    again = Backfill(config, first, DAY, restart=restart)
    return again.remaining([DAY_BEFORE, DAY])


def test_a_stopped_backfill_resumes(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    assert _remaining(config) == [DAY]


def test_a_redelivered_day_is_run_again(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    deliveries.write(systems["iwds"], day=DAY_BEFORE, delivery=2)
    assert _remaining(config) == [DAY_BEFORE, DAY]


def test_a_day_redelivered_during_its_run_is_run_again(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    backfill = Backfill(config, DAY_BEFORE, DAY)
    land(config, systems["worknet"], DAY)
    land(config, systems["iwds"], DAY)
    deliveries.write(systems["iwds"], day=DAY, delivery=2)
    backfill.record(DAY)
    assert _remaining(config) == [DAY]


def test_another_range_and_restart_run_every_day(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    assert _remaining(config, first=date(2026, 11, 1)) == [DAY_BEFORE, DAY]
    assert _remaining(config, restart=True) == [DAY_BEFORE, DAY]


def test_a_finished_or_damaged_record_runs_every_day(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    Path(config.state / "backfill.json").write_text('{"range": [')
    assert _remaining(config) == [DAY_BEFORE, DAY]
    Backfill(config, DAY_BEFORE, DAY).record(DAY_BEFORE)
    Backfill(config, DAY_BEFORE, DAY).finish()
    assert _remaining(config) == [DAY_BEFORE, DAY]
