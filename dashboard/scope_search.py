"""The search for a scope by name or id: a page, and suggestions while someone types."""

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.endpoints import Endpoints
from dashboard.page_templates import render
from dashboard.responses import HTML, NO_STORE, PRIVATE
from dashboard.scopes import Scope
from dashboard.visit import COMMON_PARAMETERS, Visit

_MAX_FOUND = 50
_MAX_SUGGESTIONS = 12


def routes(endpoints: Endpoints) -> list[Route]:
    """The addresses of the page and of the suggestions."""
    parameters = (*COMMON_PARAMETERS, "q")
    return [
        Route("/scopes.json", endpoints.page(_suggestions, parameters)),
        Route("/scopes", endpoints.page(_page, parameters)),
    ]


def _page(visit: Visit) -> Response:
    """What was found, or the dashboard of the scope when it is a single one."""
    text = visit.parameters.get("q", "")
    found = _search(visit, text)
    if text and len(found) == 1:
        return RedirectResponse(visit.url("/", scope=found[0][0]), status_code=303, headers=NO_STORE)
    html = render("scopes.html", visit, q=text, found=found[:_MAX_FOUND], matching=len(found))
    return Response(html, media_type=HTML, headers=PRIVATE)


def _suggestions(visit: Visit) -> Response:
    found = _search(visit, visit.parameters.get("q", ""))[:_MAX_SUGGESTIONS]
    return JSONResponse([{"scope": str(scope), "name": name} for scope, name in found], headers=PRIVATE)


def _search(visit: Visit, text: str) -> list[tuple[Scope, str]]:
    """The visible scopes with every word of the text in name or id; or the one whose name or id is the text."""
    names, viewer = visit.release.scopes, visit.viewer
    visible = [(scope, names.get(scope, scope.id)) for scope in (names if viewer.sees_all else viewer.grants)]
    text = text.casefold()
    exact = [(scope, name) for scope, name in visible if text and text in (name.casefold(), str(scope).casefold())]
    if len(exact) == 1:
        return exact
    words = text.split()
    return [(scope, name) for scope, name in visible if all(word in f"{name} {scope}".casefold() for word in words)]
