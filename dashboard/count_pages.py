"""The pages without customers in them: the seven sections, what changed, and the checks."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.routing import Route

from dashboard.database import Row
from dashboard.endpoints import Endpoints
from dashboard.page_templates import PageTemplates
from dashboard.release import CHECKS
from dashboard.responses import CompressedPage
from dashboard.section_counts import dashboard
from dashboard.visit import Visit


@dataclass(frozen=True)
class CountPages:
    """Cached by person and address until another release is current."""

    templates: PageTemplates

    def routes(self, endpoints: Endpoints) -> list[Route]:
        """Their addresses."""
        return [
            Route("/", endpoints.count_page(self._dashboard)),
            Route("/changes", endpoints.count_page(self._changes)),
            Route("/checks", endpoints.count_page(self._checks)),
        ]

    def _dashboard(self, visit: Visit) -> CompressedPage:
        board = dashboard(visit.release, visit.scope, visit.day)
        return self.templates.page("dashboard.html", visit, board=board, checks=_checks(visit))

    def _changes(self, visit: Visit) -> CompressedPage:
        return self.templates.page("changes.html", visit, board=dashboard(visit.release, visit.scope, visit.day))

    def _checks(self, visit: Visit) -> CompressedPage:
        return self.templates.page("checks.html", visit, checks=_checks(visit))


def _checks(visit: Visit) -> list[Row]:
    """The checks of the day, failed ones first; none when this machine doesn't have them."""
    release = visit.release
    if not release.has(CHECKS, visit.day):
        return []
    sql = (
        f"select name, asset, severity, passed, observed, expected from {release.table(CHECKS, visit.day)}"
        " order by passed, severity, name, asset"
    )
    return release.counts.get_or_make(("checks", visit.day), lambda: release.query(sql))
