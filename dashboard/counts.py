"""The counts of a scope on a day: the seven sections, how each line moved, and what turns red next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from dashboard.entitlements import Scope
from dashboard.refusals import Missing
from dashboard.store import Release

TREND_DAYS = 30
_WIDTH, _HEIGHT, _MARGIN = 84, 20, 3


@dataclass(frozen=True)
class Trend:
    """A line's counts over the last days, and where a small drawing of them has its points."""

    first: int
    last: int
    lowest: int
    highest: int
    points: str
    end: tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A row of the dashboard."""

    key: str
    name: str
    colour: str
    parent: str | None
    definition: str | None
    next_steps: str | None
    count: int
    percent: float | None
    loss_rate: float | None
    pass_rate: float | None
    previous: int | None
    entered: int
    left: int
    turning_red: int
    trend: Trend | None

    @property
    def is_moved(self) -> bool:
        """Whether anybody came or went since the day published before."""
        return bool(self.entered or self.left)


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
class Turning:
    """A yellow line with a limit: how many turn red within so many days."""

    section_key: str
    line_key: str
    by_days: tuple[tuple[int, int], ...]

    @property
    def is_due(self) -> bool:
        """Whether anybody does within the days looked at."""
        return self.by_days[-1][1] > 0


@dataclass(frozen=True)
class Dashboard:
    """All that the page of a scope and day shows."""

    scope_name: str
    previous_day: date | None
    first_trend_day: date
    sections: tuple[Section, ...]
    turning: tuple[Turning, ...]

    def line(self, key: str) -> tuple[Section, Line] | None:
        """A line by its key, with its section."""
        return next(((s, line) for s in self.sections for line in s.lines if line.key == key), None)


def dashboard(release: Release, scope: Scope, day: date) -> Dashboard:
    """Reads it; ``Missing`` when the scope was not on the dashboard that day."""
    rows = release.query(
        "from counts.sections.history where as_of_date = ? and scope_type = ? and scope_id = ?"
        " order by section_number, line_number",
        [day, scope.type, scope.id],
    )
    if not rows:
        raise Missing("no_such_scope")
    first = max(day - timedelta(days=TREND_DAYS - 1), release.days[0])
    trends = _trends(release, scope, first, day)
    moves = _moves(release, scope, day)
    turning = _turning(release, scope, day)
    soon = {entry.line_key: entry.by_days[-1][1] for entry in turning}
    sections = []
    for number, group in groupby(rows, key=lambda row: row["section_number"]):
        of_section = list(group)
        lines, head = [_line(row, moves, trends, soon) for row in of_section], of_section[0]
        sections.append(
            Section(
                number=number,
                key=head["section_key"],
                name=head["section_name"],
                note=release.notes.get(head["section_key"]),
                lines=tuple(lines[:-1]),
                total=lines[-1],
                unclassified=head["unclassified_count"],
            )
        )
    return Dashboard(
        scope_name=rows[0]["scope_name"],
        previous_day=next((move["previous_as_of_date"] for move in moves.values()), None),
        first_trend_day=first,
        sections=tuple(sections),
        turning=tuple(turning),
    )


def _line(
    row: dict[str, Any],
    moves: dict[tuple[str, str], dict[str, Any]],
    trends: dict[tuple[str, str], Trend],
    soon: dict[str, int],
) -> Line:
    key = row["section_key"], row["line_key"]
    move = moves.get(key)
    return Line(
        key=row["line_key"],
        name=row["line_name"],
        colour=row["colour"] or "",
        parent=row["parent_line_key"],
        definition=row["definition"],
        next_steps=row["next_steps"],
        count=row["customer_count"],
        percent=row["percent"],
        loss_rate=row["loss_rate"],
        pass_rate=row["pass_rate"],
        previous=move["previous_count"] if move else None,
        entered=move["entered"] if move else 0,
        left=move["left"] if move else 0,
        turning_red=soon.get(row["line_key"], 0),
        trend=trends.get(key),
    )


def _moves(release: Release, scope: Scope, day: date) -> dict[tuple[str, str], dict[str, Any]]:
    rows = release.query(
        'select section_key, line_key, previous_as_of_date, previous_count, entered, "left"'
        " from counts.sections.movement where as_of_date = ? and scope_type = ? and scope_id = ?",
        [day, scope.type, scope.id],
    )
    return {(row["section_key"], row["line_key"]): row for row in rows}


def _turning(release: Release, scope: Scope, day: date) -> list[Turning]:
    if not release.has("dashboard", "sections", "coming_due", day):
        return []
    rows = release.query(
        "select section_key, line_key, days_until_red, customer_count_by_then"
        f" from {release.table('dashboard', 'sections', 'coming_due', day)}"
        " where scope_type = ? and scope_id = ? order by days_until_red",
        [scope.type, scope.id],
    )
    found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        found[row["section_key"], row["line_key"]].append((row["days_until_red"], row["customer_count_by_then"]))
    return [Turning(section, line, tuple(by_days)) for (section, line), by_days in found.items()]


def _trends(release: Release, scope: Scope, first: date, day: date) -> dict[tuple[str, str], Trend]:
    rows = release.query(
        "select section_key, line_key, list(as_of_date order by as_of_date) as days,"
        " list(customer_count order by as_of_date) as counts from counts.sections.history"
        " where as_of_date between ? and ? and scope_type = ? and scope_id = ? group by section_key, line_key",
        [first, day, scope.type, scope.id],
    )
    return {
        (row["section_key"], row["line_key"]): _trend(row["days"], row["counts"], first, day)
        for row in rows
        if len(row["counts"]) > 1
    }


def _trend(days: list[date], counts: list[int], first: date, last: date) -> Trend:
    """Days that were not published are left out, not invented; small changes stay small in the drawing."""
    lowest, highest = min(counts), max(counts)
    span = max(highest - lowest, highest / 10, 1)
    across = max((last - first).days, 1)
    middle = (lowest + highest) / 2

    def place(day: date, count: int) -> tuple[float, float]:
        x = _MARGIN + (day - first).days / across * (_WIDTH - 2 * _MARGIN)
        y = _HEIGHT / 2 - (count - middle) / span * (_HEIGHT - 2 * _MARGIN)
        return round(x, 1), round(y, 1)

    places = [place(on, count) for on, count in zip(days, counts, strict=True)]
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    return Trend(counts[0], counts[-1], lowest, highest, points, places[-1])
