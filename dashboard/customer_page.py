"""The page of one customer: steps, services of both systems, lines, exceptions. Each view is logged."""

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response
from starlette.routing import Route

from dashboard.access_log import log_access
from dashboard.database import Row
from dashboard.endpoints import Endpoints
from dashboard.errors import Forbidden, NotFound
from dashboard.page_templates import render_page
from dashboard.release import (
    CUSTOMER_SERVICES,
    CUSTOMERS,
    EXCEPTIONS,
    LINE_CUSTOMERS,
    SYNC_PROBLEMS,
    PublishedTable,
)
from dashboard.responses import NO_STORE, page_response
from dashboard.scopes import STATEWIDE, Scope
from dashboard.settings import Settings
from dashboard.visit import COMMON_PARAMETERS, Visit

PATH = "/customers/{customer_id:path}"
STEPS = (
    "prescreening_started_at",
    "prescreening_completed_at",
    "application_started_at",
    "application_submitted_at",
    "outcome_at",
    "recommended_at",
    "application_date",
    "certified_on",
    "status_date",
    "last_progress_update",
    "last_case_note",
    "recorded_at",
    "exited_on",
)
"""The dates of a customer in the order in which a customer without detours comes to them."""


@dataclass(frozen=True)
class CustomerPage:
    """The page, for people who may see a list with the customer."""

    settings: Settings

    def routes(self, endpoints: Endpoints) -> list[Route]:
        """Its address. An id may have a slash in it."""
        return [Route(PATH, endpoints.page(self._page, COMMON_PARAMETERS))]

    def _page(self, visit: Visit) -> Response:
        customer = _customer(visit, visit.request.path_params["customer_id"])
        customer_id = customer["customer_id"]
        services = _rows(visit, CUSTOMER_SERVICES, customer_id, "start_date, service_name, service_id")
        page = render_page(
            "customer.html",
            visit,
            customer=customer,
            steps=_steps(customer),
            lines=_rows(visit, LINE_CUSTOMERS, customer_id, "section_number, line_number"),
            services={system: [row for row in services if row["system"] == system] for system in ("worknet", "iwds")},
            problems=_rows(visit, SYNC_PROBLEMS, customer_id, "customer_id"),
            exceptions=_rows(visit, EXCEPTIONS, customer_id, "reason"),
        )
        log_access(
            self.settings.access_log,
            who=visit.viewer.email,
            view="customer",
            customer=customer_id,
            scope=str(visit.scope),
            as_of=visit.day,
            release=visit.release.folder.name,
        )
        return page_response(visit.request, page, NO_STORE)


def _customer(visit: Visit, customer_id: str) -> Row:
    """The customer; the same answer for one that isn't there and for one that this person may not see."""
    if not any(visit.viewer.grants.values()):
        raise Forbidden("counts_only")
    if not visit.release.has(CUSTOMERS, visit.day):
        raise NotFound("no_lists_of_day")
    for row in _rows(visit, CUSTOMERS, customer_id, "customer_id"):
        scopes = (STATEWIDE, Scope("lwia", str(row["lwia_number"])), Scope("provider", row["provider_id"]))
        if any(visit.viewer.may_list(scope) for scope in scopes):
            return row
    raise NotFound("no_such_customer")


def _rows(visit: Visit, table: PublishedTable, customer_id: str, order: str) -> list[Row]:
    if not visit.release.has(table, visit.day):
        return []
    sql = f"from {visit.release.table(table, visit.day)} where customer_id = ? order by {order}"
    return visit.release.query(sql, [customer_id])


def _steps(customer: Row) -> list[tuple[str, date | None]]:
    """Each step with its day, and without one as far as the steps that everybody takes go."""
    return [(step, customer[step]) for step in STEPS if customer[step] or step in STEPS[:4]]
