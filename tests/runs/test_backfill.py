"""A backfill that was stopped goes on with the days that are left, and with those delivered anew since."""

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
    Backfill.begin(config, DAY_BEFORE, DAY).note(DAY_BEFORE)


def _left(config: Settings, first: date = DAY_BEFORE, *, anew: bool = False) -> list[date]:
    again = Backfill.begin(config, first, DAY, anew=anew)
    return again.left([DAY_BEFORE, DAY])


def test_a_stopped_backfill_goes_on(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    assert _left(config) == [DAY]


def test_a_day_delivered_anew_is_run_again(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    deliveries.write(systems["iwds"], day=DAY_BEFORE, delivery=2)
    assert _left(config) == [DAY_BEFORE, DAY]


def test_a_day_delivered_anew_while_it_ran_is_run_again(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    backfill = Backfill.begin(config, DAY_BEFORE, DAY)
    land(config, systems["worknet"], DAY)
    land(config, systems["iwds"], DAY)
    deliveries.write(systems["iwds"], day=DAY, delivery=2)
    backfill.note(DAY)
    assert _left(config) == [DAY]


def test_another_range_and_one_begun_anew_run_every_day(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    assert _left(config, first=date(2026, 11, 1)) == [DAY_BEFORE, DAY]
    assert _left(config, anew=True) == [DAY_BEFORE, DAY]


def test_a_finished_or_damaged_one_runs_every_day(config: Settings, deliveries: Deliveries, systems) -> None:
    _stopped_after_the_first_day(config, deliveries, systems)
    Path(config.state / "backfill.json").write_text('{"range": [')
    assert _left(config) == [DAY_BEFORE, DAY]
    Backfill.begin(config, DAY_BEFORE, DAY).note(DAY_BEFORE)
    Backfill.begin(config, DAY_BEFORE, DAY).finish()
    assert _left(config) == [DAY_BEFORE, DAY]
