"""A customer's way: the stays of one customer on lines over time, as a strip. Each view is logged."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from starlette.responses import Response
from starlette.routing import Route

from dashboard.access_log import log_access
from dashboard.charts import BAR_WIDTH
from dashboard.customer_record import readable_customer
from dashboard.database import Row
from dashboard.endpoints import Endpoints
from dashboard.page_templates import render_page
from dashboard.responses import NO_STORE, page_response
from dashboard.section_counts import LineLabel, labels
from dashboard.settings import Settings
from dashboard.visit import COMMON_PARAMETERS, Visit

_NARROWEST = 4


@dataclass(frozen=True)
class Stay:
    """An unbroken stay on a line: its first published day, and the first one after it; ``None`` while it lasts."""

    label: LineLabel
    first: date
    until: date | None
    days: int
    x: int
    width: int
    may_be_older: bool


@dataclass(frozen=True)
class Strip:
    """A line with the customer's stays on it, oldest first."""

    label: LineLabel
    stays: tuple[Stay, ...]


@dataclass(frozen=True)
class WayPage:
    """The page, for people who may see a list with the customer."""

    settings: Settings

    def routes(self, endpoints: Endpoints) -> list[Route]:
        """Its address. An id may have a slash in it."""
        return [Route("/ways/{customer_id:path}", endpoints.page(self._page, COMMON_PARAMETERS))]

    def _page(self, visit: Visit) -> Response:
        customer = readable_customer(visit, visit.request.path_params["customer_id"])
        strips = _strips(visit, customer["customer_id"])
        page = render_page(
            "way.html",
            visit,
            customer=customer,
            sections=[list(group) for _, group in groupby(strips, key=lambda strip: strip.label.section_number)],
            first_day=visit.release.days[0],
            bar_width=BAR_WIDTH,
        )
        log_access(
            self.settings.access_log,
            who=visit.viewer.email,
            view="way",
            customer=customer["customer_id"],
            scope=str(visit.scope),
            as_of=visit.day,
            release=visit.release.folder.name,
        )
        return page_response(visit.request, page, NO_STORE)


def _strips(visit: Visit, customer_id: str) -> list[Strip]:
    """In the order of the dashboard, as far as the day shown."""
    rows = visit.release.query(
        "select line_key, valid_from, case when valid_to <= ? then valid_to end as valid_to"
        " from customers.lists.line_history where customer_id = ? and valid_from <= ? order by valid_from",
        [visit.day, customer_id, visit.day],
    )
    by_line: dict[str, list[Row]] = {}
    for row in rows:
        by_line.setdefault(row["line_key"], []).append(row)
    every = [label for label in labels(visit.release, visit.day).values() if label.key in by_line]
    every.sort(key=lambda label: label.section_number)  # within a section they are in order
    return [Strip(label, tuple(_stay(visit, label, row) for row in by_line[label.key])) for label in every]


def _stay(visit: Visit, label: LineLabel, row: Row) -> Stay:
    """The first published day may be later than the stay's beginning, so what is seen then may be older."""
    first_day, last_day = visit.release.days[0], visit.day
    first, until = row["valid_from"], row["valid_to"]
    span = (last_day - first_day).days + 1
    start = round((first - first_day).days / span * BAR_WIDTH)
    end = BAR_WIDTH if until is None else round((until - first_day).days / span * BAR_WIDTH)
    days = ((until or last_day) - first).days
    return Stay(label, first, until, days, start, max(end - start, _NARROWEST), first == first_day)
