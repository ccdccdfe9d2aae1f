"""Flow and funnel: how many customers go on from each stage, where they are lost, and what became of each month."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from starlette.routing import Route

from dashboard.charts import BAR_WIDTH
from dashboard.database import Row
from dashboard.endpoints import Endpoints
from dashboard.page_templates import render_page
from dashboard.release import FLOW, FUNNEL, OpenRelease, PublishedTable
from dashboard.responses import CompressedPage
from dashboard.section_counts import dashboard, labels, line_label, line_labels
from dashboard.visit import COMMON_PARAMETERS, Visit

OUTCOMES = ("went_on", "left_to_grey", "left", "still_there")
"""What may become of a customer on a line, in the order of the picture."""
_MONTHS = 24
_FIRST_LINE = "application_submitted"


@dataclass(frozen=True)
class Month:
    """Those who entered a line in a month: how many became what, and where the parts of the bar are."""

    first_day: date
    entered: int
    counts: dict[str, int]
    parts: tuple[tuple[str, int, int], ...]
    rows: tuple[Row, ...]


def routes(endpoints: Endpoints) -> list[Route]:
    """The address of the page."""
    return [Route("/flow", endpoints.count_page(_page, (*COMMON_PARAMETERS, "line")))]


def _page(visit: Visit) -> CompressedPage:
    board = dashboard(visit.release, visit.scope, visit.day)
    line = line_label(visit.release, visit.day, visit.parameters.get("line", _FIRST_LINE))
    is_here = visit.release.has(FUNNEL, visit.day) and visit.release.has(FLOW, visit.day)
    stages = _of_scope(visit, FUNNEL, "true", "stage_number") if is_here else []
    entries = "entered_month, outcome, customer_count desc, to_line_key"
    flow = _of_scope(visit, FLOW, "line_key = ?", entries, line.key) if is_here else []
    return render_page(
        "flow.html",
        visit,
        board=board,
        line=line,
        is_here=is_here,
        stages=stages,
        highest=stages[0]["customer_count"] if stages else 0,
        lost=[one for one in board.lines if one.loss_rate is not None or (one.count and one.label.colour == "grey")],
        choices=line_labels(visit.release, visit.day),
        line_keys={label.key for label in labels(visit.release, visit.day).values()},
        months=_months(flow),
        outcomes=OUTCOMES,
        bar_width=BAR_WIDTH,
    )


def _of_scope(visit: Visit, table: PublishedTable, condition: str, order: str, *values: object) -> list[Row]:
    release: OpenRelease = visit.release
    sql = (
        f"from {release.table(table, visit.day)} where scope_type = ? and scope_id = ? and {condition} order by {order}"
    )
    return release.query(sql, [visit.scope.type, visit.scope.id, *values])


def _months(flow: list[Row]) -> list[Month]:
    """The newest months, oldest first."""
    found = []
    for first_day, group in groupby(flow, key=lambda row: row["entered_month"]):
        rows = tuple(group)
        counts = {name: sum(row["customer_count"] for row in rows if row["outcome"] == name) for name in OUTCOMES}
        found.append(Month(first_day, rows[0]["entered_count"], counts, bar_parts(counts), rows))
    return found[-_MONTHS:]


def bar_parts(counts: dict[str, int]) -> tuple[tuple[str, int, int], ...]:
    """Of each outcome that occurs, where its part of the bar starts and how wide it is."""
    total, start, parts = sum(counts.values()), 0, []
    for name, count in counts.items():
        end = start + count
        if count:
            x = round(start / total * BAR_WIDTH)
            parts.append((name, x, round(end / total * BAR_WIDTH) - x))
        start = end
    return tuple(parts)
