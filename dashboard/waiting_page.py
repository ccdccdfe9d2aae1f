"""Waiting: how long customers wait on each line with a clock, now and in stays that ended, against the limit."""

from dataclasses import dataclass
from itertools import groupby

from starlette.routing import Route

from dashboard.charts import BAR_WIDTH, scale_end
from dashboard.database import Row
from dashboard.endpoints import Endpoints
from dashboard.page_templates import render_page
from dashboard.release import WAITING
from dashboard.responses import CompressedPage
from dashboard.section_counts import LineLabel, labels, require_scope
from dashboard.visit import Visit


@dataclass(frozen=True)
class Stays:
    """How many stays on a line, and their days; ``bars`` are the widths of median, p75 and p90 in the picture."""

    kind: str
    count: int
    median: float | None
    p75: float | None
    p90: float | None
    longest: int | None
    bars: tuple[int, int, int]
    is_cut: bool


@dataclass(frozen=True)
class WaitingLine:
    """A line with a clock: its limit, and where that is in the picture."""

    label: LineLabel
    limit: int | None
    limit_x: int | None
    stays: tuple[Stays, Stays]


@dataclass(frozen=True)
class WaitingSection:
    """The lines of a section, drawn to one scale of days."""

    label: LineLabel
    scale: float
    lines: tuple[WaitingLine, ...]


def routes(endpoints: Endpoints) -> list[Route]:
    """The address of the page."""
    return [Route("/waiting", endpoints.count_page(_page))]


def _page(visit: Visit) -> CompressedPage:
    require_scope(visit.release, visit.scope, visit.day)
    is_here = visit.release.has(WAITING, visit.day)
    sections = _sections(visit) if is_here else []
    return render_page("waiting.html", visit, sections=sections, is_here=is_here, bar_width=BAR_WIDTH)


def _sections(visit: Visit) -> list[WaitingSection]:
    by_key = {label.key: label for label in labels(visit.release, visit.day).values()}
    sql = f"""
        select waiting.*, lines.limit_days from {visit.release.table(WAITING, visit.day)} as waiting
        left join counts.reference.lines as lines on waiting.line_key = lines.line_key
        where waiting.scope_type = ? and waiting.scope_id = ?
            and coalesce(waiting.median_days, waiting.completed_median_days, lines.limit_days) is not null
    """
    rows = visit.release.query(sql, [visit.scope.type, visit.scope.id])
    order = {key: number for number, key in enumerate(by_key)}
    rows = sorted((row for row in rows if row["line_key"] in by_key), key=lambda row: order[row["line_key"]])
    found = []
    for _, group in groupby(rows, key=lambda row: by_key[row["line_key"]].section_number):
        section = list(group)
        numbers = [row[name] or 0 for row in section for name in ("p90_days", "completed_p90_days", "limit_days")]
        scale = scale_end(max(numbers) * 1.1)
        lines = tuple(_line(row, by_key[row["line_key"]], scale) for row in section)
        found.append(WaitingSection(lines[0].label, scale, lines))
    return found


def _line(row: Row, label: LineLabel, scale: float) -> WaitingLine:
    limit = row["limit_days"]
    return WaitingLine(
        label=label,
        limit=limit,
        limit_x=None if limit is None else _x(limit, scale),
        stays=(
            _stays(row, "now", "customer_count", "", scale),
            _stays(row, "completed", "completed_stay_count", "completed_", scale),
        ),
    )


def _stays(row: Row, kind: str, count: str, prefix: str, scale: float) -> Stays:
    median, p75, p90 = (row[f"{prefix}{name}_days"] for name in ("median", "p75", "p90"))
    longest = row[f"{prefix}most_days"]
    bars = (_x(median or 0, scale), _x(p75 or 0, scale), _x(p90 or 0, scale))
    return Stays(kind, row[count], median, p75, p90, longest, bars, longest is not None and longest > scale)


def _x(days: float, scale: float) -> int:
    return round(days / scale * BAR_WIDTH)
