"""The pages without customers in them: the seven sections, what changed, and the checks."""

from starlette.routing import Route

from dashboard.database import Row
from dashboard.endpoints import Endpoint, Endpoints
from dashboard.page_templates import render_page
from dashboard.release import CHECKS, titled
from dashboard.responses import CompressedPage
from dashboard.section_counts import dashboard
from dashboard.visit import Visit


def dashboard_endpoint(endpoints: Endpoints) -> Endpoint:
    """The page of the seven sections."""
    return endpoints.count_page(_dashboard_page)


def routes(endpoints: Endpoints) -> list[Route]:
    """The addresses of the others. The pages are cached by person and address until another release is current."""
    return [
        Route("/changes", endpoints.count_page(_changes_page)),
        Route("/checks", endpoints.count_page(lambda visit: render_page("checks.html", visit, checks=_checks(visit)))),
    ]


def _dashboard_page(visit: Visit) -> CompressedPage:
    board = dashboard(visit.release, visit.scope, visit.day)
    return render_page("dashboard.html", visit, board=board, checks=_checks(visit))


def _changes_page(visit: Visit) -> CompressedPage:
    return render_page("changes.html", visit, board=dashboard(visit.release, visit.scope, visit.day))


def _checks(visit: Visit) -> list[Row]:
    """The checks of the day, failed ones first; none when this machine doesn't have them."""
    release = visit.release
    if not release.has(CHECKS, visit.day):
        return []
    sql = (
        "select title, name, asset, severity, passed, observed, expected"
        f" from {titled(release.table(CHECKS, visit.day))} order by passed, severity, title, asset"
    )
    return release.counts.get_or_make(("checks", visit.day), lambda: release.query(sql))
