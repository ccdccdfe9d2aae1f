"""What changed for each person since the last digest, counted for all of them by one query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from orchestration.publishing.queries import both_files
from orchestration.state.releases import Release

_COUNT = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
DAYS_AHEAD = 2
"""How far "turns red" looks from the as-of date: to the day the digest is sent, and the one after it."""


class LineChange(NamedTuple):
    """A red line: how many customers turned red, will in the days ahead, and are not red on it any more."""

    key: str
    name: str
    turned_red: int
    turns_red: int
    resolved: int


@dataclass(frozen=True)
class PlaceChange:
    """What changed in a scope, or with type ``own`` among the customers of a career planner."""

    type: str
    id: str
    name: str
    may_list: bool
    lines: tuple[LineChange, ...]


class _Row(NamedTuple):
    email: str
    since_on: date
    type: str
    id: str
    name: str | None
    may_list: bool
    line_key: str | None
    line_name: str
    turned_red: int
    turns_red: int
    resolved: int


def changes_for(release: Release, since: Mapping[str, date]) -> dict[str, list[PlaceChange]]:
    """By address, the places that the person is entitled to on the release's day, each with what changed since a day.

    A person who is entitled to nothing is not in it.
    """
    values = {"emails": list(since), "since": list(since.values()), "days_ahead": DAYS_AHEAD}
    with both_files(release) as connection:
        rows = connection.execute(_COUNT, values).fetchall()
    found: dict[str, list[PlaceChange]] = {}
    for row, of_place in groupby((_Row(*row) for row in rows), lambda row: row[:6]):
        email, _, place_type, place_id, name, may_list = row
        lines = (LineChange(each.line_key, *each[7:]) for each in of_place if each.line_key is not None)
        found.setdefault(email, []).append(PlaceChange(place_type, place_id, name or "", may_list, tuple(lines)))
    return found


def entitled_addresses(release: Release) -> frozenset[str]:
    """The addresses that the release's day entitles to something, in lower case."""
    with both_files(release) as connection:
        rows = connection.execute("select distinct email from it.lists.entitlements").fetchall()
    return frozenset(email for (email,) in rows)
