"""What the morning digest counts: on both sides of the day that is compared with, and in whose places."""

from datetime import date

import pytest
from digest_setup import ADA, BEN, CAM, FRIDAY, SATURDAY, SUNDAY, publish_lists

from orchestration.publishing.digest_counts import PlaceChange, changes_for
from orchestration.settings import Settings
from orchestration.state.releases import current

FIRST = date(2026, 11, 1)


def told(config: Settings, since: dict[str, date]) -> dict[str, dict[str, dict[str, tuple[int, int, int]]]]:
    """By person, place, and line: turned red, turns red, resolved."""
    release = current(config)
    assert release is not None
    return {
        email: {_name(place): _lines(place) for place in places}
        for email, places in changes_for(release, since).items()
    }


def _name(place: PlaceChange) -> str:
    return place.type if place.type == "own" else f"{place.type}:{place.id}"


def _lines(place: PlaceChange) -> dict[str, tuple[int, int, int]]:
    return {line.key: line[2:] for line in place.lines}


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        ([(SATURDAY, None)], {"late": (1, 0, 0)}),
        ([(FRIDAY, None)], {}),  # red on the day compared with
        ([(SATURDAY, SUNDAY)], {}),  # red only in between
        ([(FIRST, SUNDAY)], {"late": (0, 0, 1)}),
        ([(FIRST, SATURDAY)], {"late": (0, 0, 1)}),
        ([(FIRST, FRIDAY)], {}),  # resolved by the day compared with
        ([(FIRST, SATURDAY), (SUNDAY, None)], {}),  # red on both days
        ([(FIRST, None)], {}),
    ],
)
def test_both_days_are_compared_and_nothing_in_between(
    config: Settings, stays: list[tuple[date, date | None]], expected: dict[str, tuple[int, int, int]]
) -> None:
    publish_lists(
        config,
        FRIDAY,
        SATURDAY,
        SUNDAY,
        line_history=[("c", "s", "late", *stay) for stay in stays],
        scope_history=[("c", "P1", 7, FIRST, None)],
    )
    assert told(config, {ADA: FRIDAY}) == {ADA: {"statewide:IL": expected}}


@pytest.mark.parametrize(("days", "count"), [(0, 0), (1, 1), (2, 1), (3, 0), (None, 0)])
def test_two_days_ahead_are_counted_on_the_line_that_will_be_red(
    config: Settings, days: int | None, count: int
) -> None:
    publish_lists(
        config,
        SUNDAY,
        line_customers=[("c", "s", "waiting", days)],
        line_history=[("c", "s", "waiting", SUNDAY, None)],  # yellow: it is not counted itself
        scope_history=[("c", "P1", 7, FIRST, None)],
    )
    assert told(config, {ADA: SUNDAY}) == {ADA: {"statewide:IL": {"late": (0, 1, 0)} if count else {}}}


def test_who_moved_turned_red_nowhere_and_who_left_is_resolved_where_they_were(config: Settings) -> None:
    publish_lists(
        config,
        FRIDAY,
        SUNDAY,
        staff=[
            ("1", ADA, "statewide", "IL", True),
            ("2", BEN, "provider", "P1", True),
            ("3", CAM, "provider", "P2", True),
        ],
        line_history=[
            ("moved", "s", "late", FIRST, None),
            ("moved_and_mended", "t", "missing", FIRST, SUNDAY),
            ("left", "s", "late", FIRST, SUNDAY),
        ],
        scope_history=[
            ("moved", "P1", 7, FIRST, SUNDAY),
            ("moved", "P2", 7, SUNDAY, None),
            ("moved_and_mended", "P1", 7, FIRST, SUNDAY),
            ("moved_and_mended", "P2", 7, SUNDAY, None),
            ("left", "P1", 7, FIRST, SUNDAY),
        ],
    )
    assert told(config, dict.fromkeys((ADA, BEN, CAM), FRIDAY)) == {
        ADA: {"statewide:IL": {"late": (0, 0, 1), "missing": (0, 0, 1)}},
        BEN: {"provider:P1": {"late": (0, 0, 1)}},
        CAM: {"provider:P2": {"missing": (0, 0, 1)}},
    }


def test_each_person_sees_their_places_since_their_own_day(config: Settings) -> None:
    """Two rows give the union; a planner's own customers come first, but never from a place that isn't theirs."""
    publish_lists(
        config,
        FRIDAY,
        SATURDAY,
        SUNDAY,
        staff=[
            ("A", ADA, "lwia", "7", True),
            ("B", BEN, "provider", "P1", True),
            ("B2", BEN, "provider", "P2", False),
            ("C", CAM, "provider", "P2", False),
            ("D", "not@example.org", "statewide", "IL", True),
        ],
        customers=[("a", "P1", 7, "B"), ("b", "P2", 7, "B2"), ("c", "P2", 8, "C")],
        line_history=[
            ("a", "s", "late", SATURDAY, None),
            ("b", "s", "late", SUNDAY, None),
            ("c", "t", "missing", SUNDAY, None),
        ],
        scope_history=[("a", "P1", 7, FIRST, None), ("b", "P2", 7, FIRST, None), ("c", "P2", 8, FIRST, None)],
    )
    assert told(config, {ADA: FRIDAY, BEN: SATURDAY, CAM: SUNDAY, "nobody@example.org": FRIDAY}) == {
        ADA: {"lwia:7": {"late": (2, 0, 0)}},
        BEN: {"own": {}, "provider:P1": {}, "provider:P2": {"late": (1, 0, 0), "missing": (1, 0, 0)}},
        CAM: {"provider:P2": {}},
    }
