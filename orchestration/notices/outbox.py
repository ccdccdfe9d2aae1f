"""The outbox: which notices were sent and which still have to be, in one file, so that each is sent once.

The file is in Dagster's folder, because it refers to Dagster's records of runs: delete both or neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, Field

from orchestration.settings import Settings
from orchestration.state.files import write_whole
from orchestration.state.plain_text import escaped

OUTBOX = "notices.json"
GIVEN_UP_AFTER = timedelta(days=7)
_LONGEST_PAUSE = timedelta(hours=1)
_KEPT_FOR = timedelta(days=90)

Event = Literal["run_failed", "day_late", "day_published", "checks_warned", "digest", "test"]


class FailedCheck(BaseModel):
    """A check of severity warn that failed."""

    name: str
    asset: str
    observed: str
    expected: str
    title: str = ""  # empty in notices from before checks had one


class Notice(BaseModel):
    """A message to people. A second one with the same ``key`` is not sent.

    A digest is for one person and goes by mail only: ``person`` stands for the address, which no file keeps, and ``to``
    is the address once the digest is written. Everything else goes to ``YACP_MAIL_TO``.
    """

    key: str
    event: Event
    day: date | None
    at: datetime
    subject: str
    happened: str
    stays: str = ""
    todo: str = ""
    more: str = ""
    run_id: str = ""
    checks: list[FailedCheck] = []
    person: str = ""
    to: str = Field(default="", exclude=True)

    @property
    def text(self) -> str:
        """The message as people read it."""
        checks = "".join(
            f"\n- {check.title or check.name}: {check.observed}. {check.expected} ({check.name} on {check.asset})"
            for check in self.checks
        )
        parts = {"What stays safe": self.stays, "What to do next": self.todo, "Where to find more": self.more}
        said = "".join(f"\n\n{heading}: {part}" for heading, part in parts.items() if part)
        return escaped(f"{self.happened}{checks}{said}\n", keep="\n")


def example_notice(now: datetime) -> Notice:
    """What ``yacp notify --test`` sends."""
    return Notice(
        key="test",
        event="test",
        day=None,
        at=now,
        subject="a test",
        happened="This is a test of yacp notify --test.",
        stays="Everything. Nothing happened.",
        todo="Nothing.",
        more="yacp doctor",
    )


class Waiting(BaseModel):
    """A notice that was not sent on a channel yet."""

    tries: int = 0
    next_try: datetime
    problem: str = ""


class Entry(BaseModel):
    """A notice, the channels where it is still to be sent and those where it was (``told``).

    A notice about a problem is open until its day is published.
    """

    notice: Notice
    is_open: bool
    waiting: dict[str, Waiting] = {}
    told: dict[str, datetime] = {}
    _letter: Notice | None = None

    @property
    def letter(self) -> Notice | None:
        """What is sent: the notice, and of a digest only what was written from the release of today."""
        return self._letter if self.notice.person else self.notice

    def write(self, letter: Notice) -> None:
        """Gives a digest its address and its text."""
        self._letter = letter

    def postpone(self, channel: str, now: datetime) -> None:
        """Sets the next attempt: after one minute, then two, four and so on, up to an hour."""
        waiting = self.waiting[channel]
        pause = min(timedelta(minutes=2**waiting.tries), _LONGEST_PAUSE)
        self.waiting[channel] = Waiting(tries=waiting.tries + 1, next_try=now + pause, problem=waiting.problem)


class Outbox(BaseModel):
    """``seen``: the last of Dagster's records that was read, by type of event.

    ``digested``: by person, the as-of date of the last digest that was sent. ``digests_on``: the day in Chicago for
    which the digests of everybody were last added.
    """

    since: datetime
    seen: dict[str, int] = {}
    entries: list[Entry] = []
    digested: dict[str, date] = {}
    digests_on: date | None = None
    _written: str = ""

    @classmethod
    def read(cls, config: Settings, now: datetime) -> Outbox:
        """Reads the file. A new outbox looks back one day, so that it covers what it was set up for.

        A damaged file is moved aside: sending some notices twice is better than sending none.
        """
        path = config.dagster_home / OUTBOX
        outbox, is_whole = cls._read(path, now)
        if not is_whole:
            path.replace(path.with_name(f"{OUTBOX}.damaged"))
        return outbox

    @classmethod
    def peek(cls, config: Settings, now: datetime) -> Outbox:
        """The same without touching the file."""
        return cls._read(config.dagster_home / OUTBOX, now)[0]

    @classmethod
    def _read(cls, path: Path, now: datetime) -> tuple[Outbox, bool]:
        try:
            content = path.read_text()
            outbox = cls.model_validate_json(content)
        except FileNotFoundError:
            return cls(since=now - timedelta(days=1)), True
        except ValueError:  # not JSON, not an outbox, or not even text
            return cls(since=now - timedelta(days=1)), False
        outbox._written = content
        return outbox, True

    def add(self, notice: Notice, channels: list[str]) -> None:
        """Adds a notice for the channels that are configured now, unless one with its key is there."""
        if not self.has(notice.key):
            waiting = {
                channel: Waiting(next_try=notice.at) for channel in channels if not notice.person or channel == "mail"
            }
            is_open = notice.day is not None and notice.event in ("run_failed", "day_late")
            self.entries.append(Entry(notice=notice, is_open=is_open, waiting=waiting))

    def has(self, key: str) -> bool:
        """Whether there is a notice with this key, sent or not."""
        return any(entry.notice.key == key for entry in self.entries)

    def close(self, day: date, at: datetime) -> bool:
        """Closes the problems that a day had before it was published, and returns whether it had any."""
        solved = [e for e in self.entries if e.is_open and e.notice.day == day and e.notice.at <= at]
        for entry in solved:
            entry.is_open = False
        return bool(solved)

    def sent(self, entry: Entry, channel: str, now: datetime) -> None:
        """Records that a notice was sent. Of a digest only its day is kept: there are as many as people, every day."""
        del entry.waiting[channel]
        entry.told[channel] = now
        if entry.letter and entry.letter.person and entry.letter.day:
            self.digested[entry.letter.person] = entry.letter.day
            self.entries = [other for other in self.entries if other is not entry]

    def waiting(self, channel: str, now: datetime) -> list[Entry]:
        """What is still to be sent on a channel, oldest first. After a week a notice is not sent any more."""
        return [entry for entry in self.entries if channel in entry.waiting and entry.notice.at > now - GIVEN_UP_AFTER]

    def due(self, channel: str, now: datetime) -> list[Entry]:
        """What is to be sent now, digests last: a failed run doesn't wait for thousands of them.

        An attempt planned beyond the longest pause comes from a clock that was wrong.
        """
        found = [
            entry
            for entry in self.waiting(channel, now)
            if not now < entry.waiting[channel].next_try <= now + _LONGEST_PAUSE
        ]
        return sorted(found, key=lambda entry: entry.notice.event == "digest")

    def save(self, config: Settings, now: datetime) -> None:
        """Writes the file if something in it has changed, and otherwise only updates its modification time."""
        self.entries = [entry for entry in self.entries if entry.notice.at > now - _KEPT_FOR]
        content = self.model_dump_json(indent=1, exclude_defaults=True)
        path = config.dagster_home / OUTBOX
        if content == self._written:
            path.touch()
            return
        write_whole(path, content)
        self._written = content


def last_look(config: Settings) -> datetime | None:
    """When the sensor or ``yacp notify`` last looked for something to send."""
    path = config.dagster_home / OUTBOX
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


@contextmanager
def exclusive_sender(config: Settings) -> Iterator[bool]:
    """Yields whether this process may send. If another one is sending right now, it sends everything."""
    lock = FileLock(config.dagster_home / f".{OUTBOX}.lock", fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
