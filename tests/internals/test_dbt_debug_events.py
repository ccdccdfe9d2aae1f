"""Debug events that no log wants are skipped; every other event reaches the logs as before."""

import inspect
from io import StringIO

import pytest
from dbt.adapters.events.types import AdapterEventDebug, AdapterEventWarning
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.logger import LoggerConfig
from dbt_common.events.types import PrintEvent

from orchestration.internals.dbt_debug_events import skip_unwanted_events

EVENTS = 4


@pytest.fixture(autouse=True)
def unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EventManager, "fire_event", EventManager.fire_event)


def written(level: EventLevel) -> tuple[list[str], int]:
    """What a log at a level has of three events, and how many of them were looked at for it."""
    stream, looked_at = StringIO(), []
    manager = EventManager()
    manager.add_logger(LoggerConfig(name=f"canary {level}", level=level, output_stream=stream))
    manager.add_callback(looked_at.append)
    manager.fire_event(AdapterEventDebug(name="canary", base_msg="a detail", args=[]))
    manager.fire_event(AdapterEventWarning(name="canary", base_msg="a warning", args=[]))
    manager.fire_event(PrintEvent(msg="printed"))
    manager.fire_event(PrintEvent(msg="printed as a detail"), level=EventLevel.DEBUG)
    return [line.split("  ")[-1] for line in stream.getvalue().splitlines()], len(looked_at)


def test_the_names_are_there() -> None:
    parameters = list(inspect.signature(EventManager.fire_event).parameters)
    assert parameters[:3] == ["self", "e", "level"]


def test_no_log_misses_anything() -> None:
    levels = (EventLevel.DEBUG, EventLevel.INFO, EventLevel.WARN)
    before = [written(level) for level in levels]
    skip_unwanted_events()
    after = [written(level) for level in levels]
    assert [lines for lines, _ in after] == [lines for lines, _ in before]


def test_debug_events_are_written_out_only_for_a_log_that_wants_them() -> None:
    assert written(EventLevel.INFO)[1] == EVENTS, "dbt skips them itself now; delete ours"
    skip_unwanted_events()
    assert written(EventLevel.INFO)[1] == EVENTS - 1
    assert written(EventLevel.DEBUG)[1] == EVENTS
