"""What people have been told, and what they are still to be told: one file, so that each is told once.

It stands beside Dagster's record of the runs, whose numbers it remembers: who deletes the one deletes both.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from orchestration.settings import Settings

OUTBOX = "notices.json"
GIVEN_UP_AFTER = timedelta(days=7)
_LONGEST_PAUSE = timedelta(hours=1)
_FORGOTTEN_AFTER = timedelta(days=90)

Event = Literal["run_failed", "day_late", "day_published", "checks_warned", "test"]


class Finding(BaseModel):
    """One check of severity warn that did not hold."""

    name: str
    asset: str
    observed: str
    expected: str


class Notice(BaseModel):
    """One thing to tell. ``key`` is what it is told once for."""

    key: str
    event: Event
    day: date | None
    at: datetime
    subject: str
    happened: str
    stays: str
    todo: str
    more: str
    run_id: str = ""
    checks: list[Finding] = []

    @property
    def text(self) -> str:
        """The whole message, as people read it."""
        found = "".join(
            f"\n- {check.name} on {check.asset}: {check.observed}, expected {check.expected}" for check in self.checks
        )
        return (
            f"{self.happened}{found}\n\n"
            f"What stays safe: {self.stays}\n\n"
            f"What to do next: {self.todo}\n\n"
            f"What shows more: {self.more}\n"
        )


def example_notice(now: datetime) -> Notice:
    """What ``yacp notify --test`` sends."""
    return Notice(
        key="test",
        event="test",
        day=None,
        at=now,
        subject="a test",
        happened="This is a test: somebody ran yacp notify --test.",
        stays="Everything; nothing happened.",
        todo="Nothing.",
        more="yacp doctor",
    )


class Waiting(BaseModel):
    """A notice that a channel has not taken yet."""

    tries: int = 0
    next_try: datetime
    problem: str = ""


class Entry(BaseModel):
    """A notice, the channels that are to tell it and those that have. Trouble is open until its day is published."""

    notice: Notice
    is_open: bool
    waiting: dict[str, Waiting] = {}
    told: dict[str, datetime] = {}

    def postpone(self, channel: str, now: datetime) -> None:
        """The next try is a minute away, then two, four and so on, up to an hour."""
        waiting = self.waiting[channel]
        pause = min(timedelta(minutes=2**waiting.tries), _LONGEST_PAUSE)
        self.waiting[channel] = Waiting(tries=waiting.tries + 1, next_try=now + pause, problem=waiting.problem)


class Outbox(BaseModel):
    """``seen`` is how far Dagster's record of the runs has been read, per kind of event."""

    since: datetime
    seen: dict[str, int] = {}
    entries: list[Entry] = []
    _written: str = ""

    @classmethod
    def read(cls, config: Settings, now: datetime) -> Outbox:
        """The outbox as it stands; a new one looks back a day, so that what led to it being set up is told.

        A damaged one is put aside: some things told twice are better than nobody told of anything.
        """
        path = config.dagster_home / OUTBOX
        try:
            content = path.read_text()
            outbox = cls.model_validate_json(content)
        except FileNotFoundError:
            return cls(since=now - timedelta(days=1))
        except ValueError:  # no JSON, not ours, or not even text
            path.replace(path.with_name(f"{OUTBOX}.damaged"))
            return cls(since=now - timedelta(days=1))
        outbox._written = content
        return outbox

    def add(self, notice: Notice, channels: list[str]) -> None:
        """Takes a notice in, once, for the channels there are now."""
        if all(entry.notice.key != notice.key for entry in self.entries):
            waiting = {channel: Waiting(next_try=notice.at) for channel in channels}
            is_open = notice.day is not None and notice.event in ("run_failed", "day_late")
            self.entries.append(Entry(notice=notice, is_open=is_open, waiting=waiting))

    def has(self, key: str) -> bool:
        """Whether the notice was taken in, told or not."""
        return any(entry.notice.key == key for entry in self.entries)

    def settle(self, day: date, at: datetime) -> bool:
        """Closes the trouble that a day was in before it was published; whether there was any."""
        settled = [entry for entry in self.entries if entry.is_open and entry.notice.day == day]
        settled = [entry for entry in settled if entry.notice.at <= at]
        for entry in settled:
            entry.is_open = False
        return bool(settled)

    def waiting(self, channel: str, now: datetime) -> list[Entry]:
        """What the channel is still to tell, oldest first; what is a week old is no news any more."""
        return [entry for entry in self.entries if channel in entry.waiting and entry.notice.at > now - GIVEN_UP_AFTER]

    def due(self, channel: str, now: datetime) -> list[Entry]:
        """What of it may be tried now. A next try beyond the longest pause is of a clock that was wrong."""
        return [
            entry
            for entry in self.waiting(channel, now)
            if not now < entry.waiting[channel].next_try <= now + _LONGEST_PAUSE
        ]

    def save(self, config: Settings, now: datetime) -> None:
        """Writes the file whole or not at all, and only when there is something new in it; else dates it."""
        self.entries = [entry for entry in self.entries if entry.notice.at > now - _FORGOTTEN_AFTER]
        content = self.model_dump_json(indent=1)
        path = config.dagster_home / OUTBOX
        if content == self._written:
            path.touch()
            return
        fresh = path.with_name(f".{OUTBOX}")
        with fresh.open("w") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
        self._written = content


def last_look(config: Settings) -> datetime | None:
    """When it was last looked whether there is something to tell."""
    path = config.dagster_home / OUTBOX
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


@contextmanager
def exclusive_sender(config: Settings) -> Iterator[bool]:
    """Whether this process may tell; another one that is telling right now does it for both."""
    with (config.dagster_home / f".{OUTBOX}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
