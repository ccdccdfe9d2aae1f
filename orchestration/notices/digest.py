"""The morning digest: to each person on the agency's list, what turned red, what will, and what was resolved.

Digests are added to the outbox for everybody at once. Each is written when it is sent, from the release of that moment:
who is entitled to less by then gets less, and who is entitled to nothing gets nothing.
"""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import dagster as dg

from dashboard.identity import plain_address
from dashboard.scopes import Scope
from orchestration.contract.dates import CHICAGO
from orchestration.failures import UsageError
from orchestration.notices.outbox import Notice, Outbox
from orchestration.publishing.digest_counts import DAYS_AHEAD, LineChange, PlaceChange, changes_for, entitled_addresses
from orchestration.settings import Settings
from orchestration.state.plain_text import escaped
from orchestration.state.releases import Release, current

_SATURDAY = 5


def recipients(config: Settings) -> dict[int, str | None]:
    """The lines of ``YACP_DIGEST_TO`` by number: an address in lower case, ``None`` for anything else.

    Empty lines and those with ``#`` in front are left out. ``UsageError`` when the file can't be read.
    """
    if config.digest_to is None:
        return {}
    try:
        lines = config.digest_to.expanduser().read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            f"YACP_DIGEST_TO: {config.digest_to} can't be read as text. No digest is lost: the next one covers the "
            "time until then."
        ) from None
    stripped = {number: line.strip(" \t\r") for number, line in enumerate(lines, start=1)}
    return {number: plain_address(line) for number, line in stripped.items() if line and not line.startswith("#")}


def strangers(config: Settings) -> tuple[int, list[int]]:
    """How many lines the list has, and the numbers of those that are nobody with an entitlement on the newest day."""
    lines, release = recipients(config), current(config)
    known = entitled_addresses(release) if release else frozenset()
    return len(lines), [number for number, address in lines.items() if address not in known]


def digests(config: Settings, _: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[Notice]:
    """On weekdays from the hour in the settings, once the day before is published, one for each person on the list.

    A digest of an earlier day that still waits is dropped: the new one covers what it would have said.
    """
    release = current(config) if config.digest_to and config.smtp_host else None
    if release is None or not _is_due(config, outbox, release, now):
        return
    people = {_person(address) for address in _addresses(config)}
    entitled = {_person(address) for address in entitled_addresses(release)}
    new = sorted(person for person in people & entitled if outbox.digested.get(person, date.min) < release.as_of_date)
    if not new:
        return
    outbox.entries = [entry for entry in outbox.entries if not entry.notice.person]
    outbox.digested = {person: day for person, day in outbox.digested.items() if person in people}
    outbox.digests_on = now.astimezone(ZoneInfo(CHICAGO)).date()
    for person in new:
        yield Notice(
            key=f"digest {outbox.digests_on} {person}",
            event="digest",
            day=release.as_of_date,
            at=now,
            subject="",
            happened="",
            person=person,
        )


def write_digests(config: Settings, outbox: Outbox, now: datetime) -> None:
    """Gives every digest that is to be sent now its address and text, and drops those that nobody may get any more."""
    due = [entry for entry in outbox.due("mail", now) if entry.notice.person]
    release = current(config) if due else None
    if release is None:
        return
    waiting = {entry.notice.person for entry in due}
    addresses = [address for address in _addresses(config) if _person(address) in waiting]
    letters = {_person(letter.to): letter for letter in _letters(config, release, outbox, addresses)}
    for entry in due:
        if letter := letters.get(entry.notice.person):
            entry.write(letter.model_copy(update={"key": entry.notice.key, "at": entry.notice.at}))
    outbox.entries = [e for e in outbox.entries if e.notice.person not in waiting or e.letter]


def preview(config: Settings, address: str, now: datetime) -> Notice:
    """The digest that a person would get now; ``UsageError`` for somebody who would get none."""
    release, email = current(config), plain_address(address)
    if release is None:
        raise UsageError("Nothing is published yet, so there is nothing to send. yacp run publishes a day.")
    letters = _letters(config, release, Outbox.peek(config, now), [email] if email else [])
    if not letters:
        raise UsageError(
            f"The staff extract of {release.as_of_date} entitles nobody with this address to anything, so no digest is "
            "sent to it."
        )
    return letters[0]


def _is_due(config: Settings, outbox: Outbox, release: Release, now: datetime) -> bool:
    """Whether the first publication behind the hour is there: of yesterday, or of any day if published since."""
    here = now.astimezone(ZoneInfo(CHICAGO))
    if here.weekday() >= _SATURDAY or here.time() < config.digest_at or outbox.digests_on == here.date():
        return False
    is_yesterday = release.as_of_date >= here.date() - timedelta(days=1)
    opened = datetime.combine(here.date(), config.digest_at, ZoneInfo(CHICAGO))
    return is_yesterday or datetime.fromisoformat(release.published_at) >= opened


def _letters(config: Settings, release: Release, outbox: Outbox, addresses: list[str]) -> list[Notice]:
    """A digest for each address that is entitled to something."""
    previous = max((day for day in release.days if day < release.as_of_date), default=release.as_of_date)
    since = {email: min(outbox.digested.get(_person(email), previous), release.as_of_date) for email in addresses}
    changes = changes_for(release, since)
    until = release.as_of_date + timedelta(days=DAYS_AHEAD)
    return [
        Notice(
            key=f"digest {release.as_of_date}",
            event="digest",
            day=release.as_of_date,
            at=datetime.fromisoformat(release.published_at),
            subject=f"Digest of {_in_words(release.as_of_date)}"
            + ("" if any(place.lines for place in places) else ": nothing new"),
            happened=_text(config, release.as_of_date, since[email], until, places),
            person=_person(email),
            to=email,
        )
        for email, places in changes.items()
    ]


def _text(config: Settings, day: date, since: date, until: date, places: list[PlaceChange]) -> str:
    parts = [
        f"The dashboard of {_in_words(day)}, compared with {_in_words(since)}. Customers who turned red since then, "
        f"who turn red by {_in_words(until)} if nobody acts, and who are resolved. A customer on several lines is "
        "counted on each."
    ]
    for place in places:
        lines = [_line(config, day, until, place, line) for line in place.lines]
        heading = "Your own customers" if place.type == "own" else escaped(place.name)
        parts.append("\n".join([heading, _link(config, day, place), *(lines or ["- nothing new"])]))
    parts.append(
        "You get this on weekdays because your address is on your agency's list. To end it, ask the people who run the "
        "dashboard to take it off."
    )
    return "\n\n".join(parts)


def _line(config: Settings, day: date, until: date, place: PlaceChange, line: LineChange) -> str:
    """The counts that aren't zero; the list's address only for those who may open it."""
    counts = [
        (line.turned_red, "turned red"),
        (line.turns_red, f"{'turns' if line.turns_red == 1 else 'turn'} red by {until:%A}"),
        (line.resolved, "resolved"),
    ]
    said = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    link = f"\n  {_link(config, day, place, f'/lines/{line.key}')}" if place.may_list and place.type != "own" else ""
    return f"- {line.name}: {said}{link}"


def _link(config: Settings, day: date, place: PlaceChange, path: str = "/") -> str:
    """The page shows the same day, for as long as the person may see it."""
    if place.type == "own":
        return f"{config.digest_url}/my-customers?{urlencode({'as_of': day})}"
    query = urlencode({"scope": Scope(place.type, place.id), "as_of": day}, safe=":")
    return f"{config.digest_url}{quote(path)}?{query}"


def _addresses(config: Settings) -> list[str]:
    return list(dict.fromkeys(address for address in recipients(config).values() if address))


def _person(address: str) -> str:
    """What stands for an address in the outbox."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def _in_words(day: date) -> str:
    return f"{day:%A, %B} {day.day}"
