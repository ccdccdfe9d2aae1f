"""A backfill that was stopped goes on where it stopped: it notes each day it has published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from orchestration.contract.extract import System
from orchestration.contract.systems import SYSTEMS
from orchestration.landing.archive import Archive
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot


@dataclass
class Backfill:
    """The days of one range that are done, each with the delivery numbers it was done with."""

    config: Settings
    first: date
    last: date
    done: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def begin(cls, config: Settings, first: date, last: date, *, anew: bool = False) -> Backfill:
        """Takes up the backfill of the same range that was stopped, or begins one."""
        backfill = cls(config, first, last)
        if not anew:
            try:
                record = json.loads(backfill._path.read_text())
                if record["range"] == backfill._range:
                    backfill.done = record["done"]
            except (OSError, ValueError, KeyError, TypeError):
                pass  # none was stopped, or its note is no use: every day is run, which is never wrong
        return backfill

    def left(self, days: Sequence[date]) -> list[date]:
        """The days that were not published in this backfill, or were delivered anew since."""
        with DeliveryRoot(self.config) as root:
            return [day for day in days if not self._is_done(day, root)]

    def note(self, day: date) -> None:
        """Notes that the day is published; whole or not at all, as the next command reads it."""
        self.done[day.isoformat()] = [self._accepted(system, day) for system in SYSTEMS]
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"range": self._range, "done": self.done}))
        fresh.replace(self._path)

    def finish(self) -> None:
        """Every day is done: the same range again is a backfill of its own."""
        self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.config.state / "backfill.json"

    @property
    def _range(self) -> list[str]:
        return [self.first.isoformat(), self.last.isoformat()]

    def _is_done(self, day: date, root: DeliveryRoot) -> bool:
        noted = self.done.get(day.isoformat())
        return noted is not None and noted == [
            max(self._accepted(system, day), root.manifest(system, day).delivery if root.has(system, day) else 0)
            for system in SYSTEMS
        ]

    def _accepted(self, system: System, day: date) -> int:
        accepted = Archive(self.config.archive).newest(system, day)
        return accepted.delivery if accepted else 0
