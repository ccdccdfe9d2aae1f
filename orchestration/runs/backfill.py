"""Which days a backfill runs. It records each day it has published, so that a stopped one resumes where it stopped."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from orchestration.contract.extract import System
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import UsageError
from orchestration.landing.archive import Archive
from orchestration.landing.queries import delivered
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot
from orchestration.state.files import write_whole


@dataclass(frozen=True)
class Plan:
    """The days of a backfill. ``days`` are to be run, oldest first.

    When all are done and none is ``remaining``, the last one is run again, so that the range ends published.
    """

    days: list[date]
    remaining: list[date]
    done_count: int
    not_delivered: list[date]


class Backfill:
    """A range of days, and for each day that is done the delivery number of each system it was done with."""

    def __init__(self, config: Settings, first: date, last: date, *, restart: bool = False) -> None:
        """Resumes a stopped backfill of the same range, or starts one."""
        self._config, self._first, self._last = config, first, last
        self._path = config.state / "backfill.json"
        self._range = [first.isoformat(), last.isoformat()]
        self._done: dict[str, list[int]] = {}
        if not restart:
            try:
                record = json.loads(self._path.read_text())
                if record["range"] == self._range:
                    self._done = record["done"]
            except (OSError, ValueError, KeyError, TypeError):
                pass  # none was stopped, or its record is damaged: every day is run, which is never wrong

    def plan(self) -> Plan:
        """The days to run; ``UsageError`` when there are none."""
        if self._last < self._first:
            raise UsageError(f"FROM {self._first} is after TO {self._last}.")
        days = [self._first + timedelta(days=n) for n in range((self._last - self._first).days + 1)]
        there = delivered(self._config, days)
        if not there:
            raise UsageError(f"No day from {self._first} to {self._last} was delivered by both systems.")
        remaining = self.remaining(there)
        not_delivered = [day for day in days if day not in there]
        return Plan(remaining or there[-1:], remaining, len(there) - len(remaining), not_delivered)

    def remaining(self, days: Sequence[date]) -> list[date]:
        """The days that this backfill has not published, or that were redelivered since."""
        with DeliveryRoot(self._config) as root:
            return [day for day in days if not self._is_done(day, root)]

    def record(self, day: date) -> None:
        """Records that the day is published."""
        self._done[day.isoformat()] = [self._accepted(system, day) for system in SYSTEMS]
        write_whole(self._path, json.dumps({"range": self._range, "done": self._done}))

    def finish(self) -> None:
        """Deletes the record: the next backfill of the same range runs every day."""
        self._path.unlink(missing_ok=True)

    def _is_done(self, day: date, root: DeliveryRoot) -> bool:
        recorded = self._done.get(day.isoformat())
        return recorded is not None and recorded == [
            max(self._accepted(system, day), root.manifest(system, day).delivery if root.has(system, day) else 0)
            for system in SYSTEMS
        ]

    def _accepted(self, system: System, day: date) -> int:
        delivery = Archive(self._config.archive).newest(system, day)
        return delivery.delivery if delivery else 0
