"""The customers of the person who looks, over all sections: what is red, and what turns red next. Views are logged."""

import re
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.access_log import log_access
from dashboard.customer_lists import IN_SCOPE, PAGE_SIZE, page_count
from dashboard.database import Row
from dashboard.endpoints import Endpoint, Endpoints
from dashboard.errors import Forbidden, NotFound
from dashboard.page_templates import render_page
from dashboard.release import LINE_CUSTOMERS, with_younger_columns
from dashboard.responses import NO_STORE, CompressedPage, page_response
from dashboard.settings import Settings
from dashboard.visit import COMMON_PARAMETERS, Visit

PATH = "/my-customers"


@dataclass(frozen=True)
class PlannerPage:
    """A row per line and customer, the red ones first, each in the order of the due date."""

    settings: Settings

    def routes(self, endpoints: Endpoints) -> list[Route]:
        """Its address."""
        return [Route(PATH, endpoints.page(self._page, (*COMMON_PARAMETERS, "page")))]

    def _page(self, visit: Visit) -> Response:
        if not any(visit.viewer.grants.values()):
            raise Forbidden("counts_only")
        if not visit.release.has(LINE_CUSTOMERS, visit.day):
            raise NotFound("no_lists_of_day")
        number = visit.parameters.get("page", "1")
        if not re.fullmatch("[1-9][0-9]{0,5}", number):
            raise NotFound("no_such_page")
        page = visit.release.pages.get_or_make(visit.cache_key, lambda: _make(visit, int(number)))
        log_access(
            self.settings.access_log,
            who=visit.viewer.email,
            view="my_customers",
            as_of=visit.day,
            release=visit.release.folder.name,
            rows=page.rows,
            matching=page.matching,
            page=number,
        )
        return page_response(visit.request, page, NO_STORE)


def first_page(dashboard: Endpoint, endpoints: Endpoints) -> Endpoint:
    """The first page at the bare address: a planner's own customers, and the dashboard for everybody else."""

    def own_customers(visit: Visit) -> Response | None:
        if not visit.viewer.has_customers:
            return None
        return RedirectResponse(visit.url(PATH), status_code=303, headers=NO_STORE)

    return endpoints.unless(own_customers, dashboard)


def _make(visit: Visit, number: int) -> CompressedPage:
    horizon = max(visit.release.horizons, default=0)
    source, values = _source(visit, horizon)
    (counted,) = visit.release.query(
        f"select count(*) as matching, count(*) filter (where is_red) as red from ({source})", values
    )
    if number > page_count(counted["matching"]):
        raise NotFound("no_such_page")
    rows: list[Row] = visit.release.query(
        f"from ({source}) order by is_red desc, due_date nulls last, lower(last_name), lower(first_name), customer_id,"
        f" section_number, line_number limit {PAGE_SIZE} offset {(number - 1) * PAGE_SIZE}",
        values,
    )
    return render_page(
        "my_customers.html",
        visit,
        rows=rows,
        matching=counted["matching"],
        red=counted["red"],
        horizon=horizon,
        page=number,
        pages=page_count(counted["matching"]),
    )


def _source(visit: Visit, horizon: int) -> tuple[str, list[object]]:
    """The person's rows, by the staff ids that their address has on the newest day, and within what they may list."""
    listed = [scope for scope, may_list in visit.viewer.grants.items() if may_list]
    in_scope = " or ".join(f"({IN_SCOPE[scope.type]})" for scope in listed)
    table = with_younger_columns(visit.release.table(LINE_CUSTOMERS, visit.day))
    source = f"""
        select *, colour = 'red' as is_red from {table}
        where career_planner_staff_id in (select staff_id from customers.lists.entitlements where email = ?)
            and ({in_scope}) and (colour = 'red' or days_until_red between 1 and ?)
    """
    return source, [visit.viewer.email, *(scope.id for scope in listed), horizon]
