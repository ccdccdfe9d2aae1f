"""The page of one customer: steps, services of both systems, lines, exceptions. Each view is logged."""

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response
from starlette.routing import Route

from dashboard.access_log import log_access
from dashboard.customer_record import customer_rows, readable_customer
from dashboard.database import Row
from dashboard.endpoints import Endpoints
from dashboard.page_templates import render_page
from dashboard.release import (
    CUSTOMER_SERVICES,
    EXCEPTIONS,
    LINE_CUSTOMERS,
    SYNC_PROBLEMS,
)
from dashboard.responses import NO_STORE, page_response
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
        customer = readable_customer(visit, visit.request.path_params["customer_id"])
        customer_id = customer["customer_id"]
        services = customer_rows(visit, CUSTOMER_SERVICES, customer_id, "start_date, service_name, service_id")
        page = render_page(
            "customer.html",
            visit,
            customer=customer,
            steps=_steps(customer),
            lines=customer_rows(visit, LINE_CUSTOMERS, customer_id, "section_number, line_number"),
            services={system: [row for row in services if row["system"] == system] for system in ("worknet", "iwds")},
            problems=customer_rows(visit, SYNC_PROBLEMS, customer_id, "customer_id"),
            exceptions=customer_rows(visit, EXCEPTIONS, customer_id, "reason"),
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


def _steps(customer: Row) -> list[tuple[str, date | None]]:
    """Each step with its day, and without one as far as the steps that everybody takes go."""
    return [(step, customer[step]) for step in STEPS if customer[step] or step in STEPS[:4]]
