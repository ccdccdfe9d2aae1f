"""The counts of a scope on a day: the seven sections, what changed on each line, and what turns red next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from dashboard.database import Row
from dashboard.errors import NotFound
from dashboard.release import COMING_DUE, OpenRelease
from dashboard.scopes import STATEWIDE, Scope

TREND_DAYS = 30
_WIDTH, _HEIGHT, _MARGIN = 840, 200, 30  # in tenths of a pixel, so that coordinates can be whole numbers


@dataclass(frozen=True)
class LineLabel:
    """What a line is called and means, the same for every scope."""

    section_key: str
    section_number: int
    section_name: str
    key: str
    name: str
    colour: str
    parent: str | None
    definition: str | None
    next_steps: str | None
    rule: str | None


@dataclass(frozen=True)
class Trend:
    """A line's counts over the last days, and the points of a small chart of them."""

    first: int
    last: int
    lowest: int
    highest: int
    points: str
    end: tuple[int, int]


@dataclass(frozen=True)
class Line:
    """A row of the dashboard. ``turning_red`` has pairs: within how many days, how many customers turn red."""

    label: LineLabel
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
    def has_changed(self) -> bool:
        """Whether anyone entered or left since the previously published day."""
        return bool(self.entered or self.left)

    @property
    def turning_red_last(self) -> tuple[int, int] | None:
        """The pair with the most days; ``None`` when no one turns red within them."""
        return self.turning_red[-1] if self.turning_red and self.turning_red[-1][1] else None


@dataclass(frozen=True)
class Section:
    """A section with its lines and, apart from them, its total."""

    number: int
    key: str
    name: str
    note: str | None
    lines: tuple[Line, ...]
    total: Line
    unclassified: int


@dataclass(frozen=True)
class Dashboard:
    """Everything the page of a scope and day shows."""

    scope_name: str
    previous_day: date | None
    sections: tuple[Section, ...]

    @property
    def lines(self) -> list[Line]:
        """The lines of all sections."""
        return [line for section in self.sections for line in section.lines]


_NEWEST_DAY = "memory.main.newest_day"
_OF_SCOPE = "scope_type = ? and scope_id = ?"
_KEYS = "scope_type, scope_id, section_key, line_key"


def line_label(release: OpenRelease, day: date, line_key: str) -> LineLabel:
    """A line of the dashboard as it was on a day; ``NotFound`` when no line had that key."""
    for label in line_labels(release, day):
        if label.key == line_key:
            return label
    raise NotFound("no_such_line")


def line_labels(release: OpenRelease, day: date) -> list[LineLabel]:
    """The lines of the dashboard as they were on a day, without the totals of the sections."""
    return [label for label in labels(release, day).values() if label.key != "total"]


def require_scope(release: OpenRelease, scope: Scope, day: date) -> None:
    """``NotFound`` when the scope was not on the dashboard that day."""

    def is_in_history() -> bool:
        sql = f"select 1 from counts.sections.history where as_of_date = ? and {_OF_SCOPE} limit 1"
        return bool(release.query(sql, [day, scope.type, scope.id]))

    if day == release.as_of_date:
        exists = scope in release.scopes
    else:
        exists = release.counts.get_or_make(("scope", scope, day), is_in_history)
    if not exists:
        raise NotFound("no_such_scope")


def dashboard(release: OpenRelease, scope: Scope, day: date) -> Dashboard:
    """The dashboard of a scope and day; ``NotFound`` when the scope was not on it that day."""
    return release.counts.get_or_make(("dashboard", scope, day), lambda: _read_dashboard(release, scope, day))


def prepare(release: OpenRelease) -> None:
    """Joins the newest day's rows of all scopes once for each release: nearly every visitor asks for that day.

    It also spares the first visitor the third of a second that DuckDB's first query with a parameter takes.
    """
    release.query(f"create table {_NEWEST_DAY} as {_rows_sql(release, release.as_of_date, 'true')}")
    dashboard(release, STATEWIDE, release.as_of_date)


def _read_dashboard(release: OpenRelease, scope: Scope, day: date) -> Dashboard:
    values = [scope.type, scope.id]
    if day == release.as_of_date:
        rows = release.query(f"from {_NEWEST_DAY} where {_OF_SCOPE} order by section_number, line_number", values)
    else:
        rows = release.query(f"{_rows_sql(release, day, _OF_SCOPE)} order by section_number, line_number", values * 4)
    if not rows:
        raise NotFound("no_such_scope")
    by_key = labels(release, day)
    first_day = next(published for published in release.days if published >= _trend_start(day))
    sections = []
    for _, group in groupby(rows, key=lambda row: row["section_number"]):
        section_rows = list(group)
        *lines, total = [
            _line(row, by_key[row["section_key"], row["line_key"]], first_day, day) for row in section_rows
        ]
        sections.append(
            Section(
                number=total.label.section_number,
                key=total.label.section_key,
                name=total.label.section_name,
                note=release.notes.get(total.label.section_key),
                lines=tuple(lines),
                total=total,
                unclassified=section_rows[0]["unclassified_count"],
            )
        )
    return Dashboard(
        scope_name=rows[0]["scope_name"],
        previous_day=next((row["previous_as_of_date"] for row in rows if row["previous_as_of_date"]), None),
        sections=tuple(sections),
    )


def _trend_start(day: date) -> date:
    """The first day on the chart of a day."""
    return day - timedelta(days=TREND_DAYS - 1)


def _rows_sql(release: OpenRelease, day: date, condition: str) -> str:
    """A query for the rows of a day, for the scopes that meet a condition. Labels are read apart, once for all."""
    today = f"date '{day}'"
    if release.has(COMING_DUE, day):
        coming_due = release.table(COMING_DUE, day)
    else:
        coming_due = "(from counts.sections.coming_due limit 0)"
    return f"""
        with lines as (
            select {_KEYS}, scope_name, section_number, line_number, customer_count, percent, loss_rate, pass_rate,
                unclassified_count
            from counts.sections.history where as_of_date = {today} and {condition}
        ),
        movement as (
            select {_KEYS}, previous_as_of_date, previous_count, entered, "left" as left_count
            from counts.sections.movement where as_of_date = {today} and {condition}
        ),
        coming_due as (
            select {_KEYS}, list([days_until_red, customer_count_by_then]) as turning_red
            from {coming_due} where {condition} group by all
        ),
        trends as (
            select {_KEYS}, list(as_of_date) as trend_days, list(customer_count) as trend_counts
            from counts.sections.history
            where as_of_date between date '{_trend_start(day)}' and {today} and {condition} group by {_KEYS}
        )
        select * from lines
        left join movement using ({_KEYS})
        left join coming_due using ({_KEYS})
        left join trends using ({_KEYS})
    """


def labels(release: OpenRelease, day: date) -> dict[tuple[str, str], LineLabel]:
    """The labels of a day, by section and line."""

    def read() -> dict[tuple[str, str], LineLabel]:
        rows = release.query(
            "select section_key, section_number, section_name, line_key as key, line_name as name,"
            " coalesce(colour, '') as colour, parent_line_key as parent, definition, next_steps"
            " from counts.sections.history where as_of_date = ? and scope_type = 'statewide'",
            [day],
        )
        return {(row["section_key"], row["key"]): LineLabel(**row, rule=release.rules.get(row["key"])) for row in rows}

    return release.counts.get_or_make(("labels", day), read)


def _line(row: Row, label: LineLabel, first_day: date, last_day: date) -> Line:
    return Line(
        label=label,
        count=row["customer_count"],
        percent=row["percent"],
        loss_rate=row["loss_rate"],
        pass_rate=row["pass_rate"],
        previous=row["previous_count"] or 0,
        entered=row["entered"] or 0,
        left=row["left_count"] or 0,
        turning_red=tuple(sorted((days, count) for days, count in row["turning_red"] or ())),
        trend=_trend(first_day, last_day, sorted(zip(row["trend_days"], row["trend_counts"], strict=True))),
    )


def _trend(first_day: date, last_day: date, counts: Sequence[tuple[date, int]]) -> Trend | None:
    """The chart leaves out days that were not published, and a change of a few percent looks small on it."""
    if len(counts) < 2:
        return None
    values = [count for _, count in counts]
    lowest, highest = min(values), max(values)
    x_scale = (_WIDTH - 2 * _MARGIN) / (last_day - first_day).days
    y_scale = (_HEIGHT - 2 * _MARGIN) / max(highest - lowest, highest / 10, 1)
    baseline = _HEIGHT / 2 + (lowest + highest) / 2 * y_scale
    points = [
        (_MARGIN + int((day - first_day).days * x_scale), int(baseline - count * y_scale)) for day, count in counts
    ]
    return Trend(values[0], values[-1], lowest, highest, " ".join(f"{x},{y}" for x, y in points), points[-1])
