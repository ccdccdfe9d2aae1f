"""dbt without its debug events when no log wants them. Otherwise it writes out each of thousands and drops the line.

Depends on ``EventManager.fire_event``, which every event goes through, and on the ``level`` of its loggers. When they
change, a build takes longer. No setting does this: ``--log-level`` only drops what is already written out. Tried with
dbt-common 1.39.0.
"""

from typing import Any


def skip_unwanted_events() -> None:
    """Skips debug events from here on, in this process, unless a log is at that level."""
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.types import PrintEvent

    original = EventManager.fire_event

    def fire_event(self: EventManager, e: Any, level: Any = None, *arguments: Any, **named: Any) -> None:
        is_debug = (level or e.level_tag()) == EventLevel.DEBUG
        is_printed = isinstance(e, PrintEvent)  # whatever its level
        levels = {logger.level for logger in self.loggers}
        if is_debug and not is_printed and levels and EventLevel.DEBUG not in levels:
            return
        original(self, e, level, *arguments, **named)

    EventManager.fire_event = fire_event  # type: ignore[method-assign]
