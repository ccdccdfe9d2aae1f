"""A backfill that was stopped goes on where it stopped: it notes each day it has published."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from orchestration.extracts.archive import Archive
from orchestration.extracts.contract import SYSTEMS
from orchestration.extracts.deliveries import DeliveryRoot
from orchestration.settings import Settings


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

    def is_done(self, day: date) -> bool:
        """Whether the day was published in this backfill from the deliveries that are there now."""
        noted = self.done.get(day.isoformat())
        return noted is not None and noted == self._deliveries(day)

    def note(self, day: date) -> None:
        """Notes that the day is published; whole or not at all, as the next command reads it."""
        self.done[day.isoformat()] = self._deliveries(day)
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

    def _deliveries(self, day: date) -> list[int]:
        root, archive = DeliveryRoot(self.config.extracts_root), Archive(self.config.archive)
        numbers = []
        for system in SYSTEMS:
            accepted = archive.newest(system, day)
            offered = root.manifest(system, day).delivery if root.has(system, day) else 0
            numbers.append(max(offered, accepted.delivery if accepted else 0))
        return numbers
