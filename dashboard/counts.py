"""The counts of a scope on a day: the seven sections, how each line moved, and what turns red next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from dashboard.entitlements import STATEWIDE, Scope
from dashboard.refusals import Missing
from dashboard.store import Release, Row, day_literal

TREND_DAYS = 30
TOTAL = "total"
_WIDTH, _HEIGHT, _MARGIN = 840, 200, 30  # tenths of a pixel, so that whole numbers do


@dataclass(frozen=True)
class Label:
    """What a line is, the same for every scope."""

    section_number: int
    section_name: str
    key: str
    name: str
    colour: str
    parent: str | None
    definition: str | None
    next_steps: str | None


@dataclass(frozen=True)
class Trend:
    """A line's counts over the last days, and where a small drawing of them has its points."""

    first: int
    last: int
    lowest: int
    highest: int
    points: str
    end: tuple[int, int]


@dataclass(frozen=True)
class Line:
    """A row of the dashboard. ``turning_red`` has pairs of days and of how many turn red by then."""

    label: Label
    count: int
    percent: float | None
    loss_rate: float | None
    pass_rate: float | None
    previous: int
    entered: int
    left: int
    turning_red: tuple[tuple[int, int], ...]
    trend: Trend | None

    @property
    def is_moved(self) -> bool:
        """Whether anybody came or went since the day published before."""
        return bool(self.entered or self.left)

    @property
    def soon(self) -> tuple[int, int] | None:
        """How many turn red within the most days looked at; ``None`` when nobody does."""
        return self.turning_red[-1] if self.turning_red and self.turning_red[-1][1] else None


@dataclass(frozen=True)
class Section:
    """A section with its lines; the total is the line apart."""

    number: int
    key: str
    name: str
    note: str | None
    lines: tuple[Line, ...]
    total: Line
    unclassified: int


@dataclass(frozen=True)
class Dashboard:
    """All that the page of a scope and day shows."""

    scope_name: str
    previous_day: date | None
    sections: tuple[Section, ...]

    @property
    def lines(self) -> list[Line]:
        """The lines of all sections."""
        return [line for section in self.sections for line in section.lines]


def label(release: Release, day: date, line_key: str) -> Label:
    """A line of the dashboard as it was on a day; ``Missing`` when there was none of that key."""
    found = [label for label in _labels(release, day).values() if label.key == line_key != TOTAL]
    if not found:
        raise Missing("no_such_line")
    return found[0]


def require_scope(release: Release, scope: Scope, day: date) -> None:
    """``Missing`` when the scope was not on the dashboard that day."""
    if day == release.as_of_date:
        is_there = scope in release.scopes
    else:
        is_there = release.counts.get(
            ("scope", scope, day),
            lambda: bool(
                release.query(
                    f"select 1 from counts.sections.history where as_of_date = ? and {_OF_SCOPE} limit 1",
                    [day, *_of(scope)],
                )
            ),
        )
    if not is_there:
        raise Missing("no_such_scope")


def dashboard(release: Release, scope: Scope, day: date) -> Dashboard:
    """Reads it; ``Missing`` when the scope was not on the dashboard that day."""
    if day == release.as_of_date:
        rows = release.query(f"from {_NEWEST_DAY} where {_OF_SCOPE} order by section_number, line_number", _of(scope))
    else:
        rows = release.query(f"{_rows(release, day, _OF_SCOPE)} order by section_number, line_number", _of(scope) * 4)
    if not rows:
        raise Missing("no_such_scope")
    labels = _labels(release, day)
    first = next(published for published in release.days if published >= _first_day(day))
    sections = []
    for number, group in groupby(rows, key=lambda row: row["section_number"]):
        of_section = list(group)
        lines = [_line(row, labels[row["section_key"], row["line_key"]], first, day) for row in of_section]
        key = of_section[0]["section_key"]
        sections.append(
            Section(
                number=number,
                key=key,
                name=lines[-1].label.section_name,
                note=release.notes.get(key),
                lines=tuple(lines[:-1]),
                total=lines[-1],
                unclassified=of_section[0]["unclassified_count"],
            )
        )
    return Dashboard(
        scope_name=rows[0]["scope_name"],
        previous_day=next((row["previous_as_of_date"] for row in rows if row["previous_as_of_date"]), None),
        sections=tuple(sections),
    )


def prepare(release: Release) -> None:
    """Brings the newest day's rows of all scopes together, once for a release: it is what nearly everybody asks for.

    The first query with a value costs DuckDB a third of a second, which shouldn't be a visitor's.
    """
    release.query(f"create table {_NEWEST_DAY} as {_rows(release, release.as_of_date, 'true')}")
    dashboard(release, STATEWIDE, release.as_of_date)


_NEWEST_DAY = "memory.main.newest_day"
_OF_SCOPE = "scope_type = ? and scope_id = ?"
_KEYS = "scope_type, scope_id, section_key, line_key"


def _of(scope: Scope) -> list[object]:
    return [scope.type, scope.id]


def _first_day(day: date) -> date:
    """The first of the days that a line's drawing of a day shows."""
    return day - timedelta(days=TREND_DAYS - 1)


def _rows(release: Release, day: date, condition: str) -> str:
    """The rows of a day for the scopes of a condition, as a query. Words are left out: they are the same for all."""
    today = day_literal(day)
    if release.has("dashboard", "sections", "coming_due", day):
        coming_due = release.table("dashboard", "sections", "coming_due", day)
    else:
        coming_due = "(from counts.sections.coming_due limit 0)"
    return f"""
        with lines as (
            select {_KEYS}, scope_name, section_number, line_number, customer_count, percent, loss_rate, pass_rate,
                unclassified_count
            from counts.sections.history where as_of_date = {today} and {condition}
        ),
        moves as (
            select {_KEYS}, previous_as_of_date, previous_count, entered, "left" as gone from counts.sections.movement
            where as_of_date = {today} and {condition}
        ),
        turning as (
            select {_KEYS}, list([days_until_red, customer_count_by_then]) as turning_red
            from {coming_due} where {condition} group by all
        ),
        trends as (
            select {_KEYS}, list(as_of_date) as trend_days, list(customer_count) as trend_counts
            from counts.sections.history
            where as_of_date between {day_literal(_first_day(day))} and {today} and {condition} group by {_KEYS}
        )
        select * from lines
        left join moves using ({_KEYS})
        left join turning using ({_KEYS})
        left join trends using ({_KEYS})
    """


def _labels(release: Release, day: date) -> dict[tuple[str, str], Label]:
    """The words of a day, by section and line."""

    def read() -> dict[tuple[str, str], Label]:
        rows = release.query(
            "select section_number, section_key, section_name, line_key, line_name, colour, parent_line_key,"
            " definition, next_steps from counts.sections.history where as_of_date = ? and scope_type = 'statewide'",
            [day],
        )
        return {
            (row["section_key"], row["line_key"]): Label(
                section_number=row["section_number"],
                section_name=row["section_name"],
                key=row["line_key"],
                name=row["line_name"],
                colour=row["colour"] or "",
                parent=row["parent_line_key"],
                definition=row["definition"],
                next_steps=row["next_steps"],
            )
            for row in rows
        }

    return release.counts.get(("labels", day), read)


def _line(row: Row, label: Label, first: date, last: date) -> Line:
    return Line(
        label=label,
        count=row["customer_count"],
        percent=row["percent"],
        loss_rate=row["loss_rate"],
        pass_rate=row["pass_rate"],
        previous=row["previous_count"] or 0,
        entered=row["entered"] or 0,
        left=row["gone"] or 0,
        turning_red=tuple(sorted((days, count) for days, count in row["turning_red"] or ())),
        trend=_trend(first, last, sorted(zip(row["trend_days"], row["trend_counts"], strict=True))),
    )


def _trend(first: date, last: date, seen: Sequence[tuple[date, int]]) -> Trend | None:
    """Days that were not published are left out, not invented; small changes stay small in the drawing."""
    if len(seen) < 2:
        return None
    values = [count for _, count in seen]
    lowest, highest = min(values), max(values)
    across = (_WIDTH - 2 * _MARGIN) / (last - first).days
    up = (_HEIGHT - 2 * _MARGIN) / max(highest - lowest, highest / 10, 1)
    base = _HEIGHT / 2 + (lowest + highest) / 2 * up
    places = [(_MARGIN + int((day - first).days * across), int(base - count * up)) for day, count in seen]
    return Trend(values[0], values[-1], lowest, highest, " ".join(f"{x},{y}" for x, y in places), places[-1])
