"""Which days a backfill runs. It records each day it has published, so that a stopped one resumes where it stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

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
    """The days of a backfill. When all are done, the last one is run again, so that the range ends published."""

    remaining: list[date]
    last_delivered: date
    done_count: int
    not_delivered: list[date]

    @property
    def days(self) -> list[date]:
        """What to run, oldest first."""
        return self.remaining or [self.last_delivered]


@dataclass
class Backfill:
    """A range of days, and for each day that is done the delivery number of each system it was done with."""

    config: Settings
    first: date
    last: date
    done: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def resume(cls, config: Settings, first: date, last: date, *, anew: bool = False) -> Backfill:
        """Resumes a stopped backfill of the same range, or starts one."""
        backfill = cls(config, first, last)
        if not anew:
            try:
                record = json.loads(backfill._path.read_text())
                if record["range"] == backfill._range:
                    backfill.done = record["done"]
            except (OSError, ValueError, KeyError, TypeError):
                pass  # none was stopped, or its record is damaged: every day is run, which is never wrong
        return backfill

    def plan(self) -> Plan:
        """The days to run; ``UsageError`` when there are none."""
        if self.last < self.first:
            raise UsageError(f"FROM {self.first} is after TO {self.last}.")
        days = [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]
        there = delivered(self.config, days)
        if not there:
            raise UsageError(f"No day from {self.first} to {self.last} was delivered by both systems.")
        remaining = self.remaining(there)
        not_delivered = [day for day in days if day not in there]
        return Plan(remaining, there[-1], len(there) - len(remaining), not_delivered)

    def remaining(self, days: Sequence[date]) -> list[date]:
        """The days that this backfill has not published, or that were redelivered since."""
        with DeliveryRoot(self.config) as root:
            return [day for day in days if not self._is_done(day, root)]

    def record(self, day: date) -> None:
        """Records that the day is published."""
        self.done[day.isoformat()] = [self._accepted(system, day) for system in SYSTEMS]
        write_whole(self._path, json.dumps({"range": self._range, "done": self.done}))

    def finish(self) -> None:
        """Deletes the record: the next backfill of the same range runs every day."""
        self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.config.state / "backfill.json"

    @property
    def _range(self) -> list[str]:
        return [self.first.isoformat(), self.last.isoformat()]

    def _is_done(self, day: date, root: DeliveryRoot) -> bool:
        recorded = self.done.get(day.isoformat())
        return recorded is not None and recorded == [
            max(self._accepted(system, day), root.manifest(system, day).delivery if root.has(system, day) else 0)
            for system in SYSTEMS
        ]

    def _accepted(self, system: System, day: date) -> int:
        delivery = Archive(self.config.archive).newest(system, day)
        return delivery.delivery if delivery else 0
