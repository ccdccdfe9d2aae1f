"""The application: how its parts are put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard import count_pages, flow_page, scope_search, trend_page, waiting_page
from dashboard.comparison_page import ComparisonPage
from dashboard.customer_page import CustomerPage
from dashboard.download_writer import DownloadWriter
from dashboard.endpoints import Endpoints
from dashboard.errors import NotFound, RequestError
from dashboard.identity import Identity, host_name
from dashboard.languages import DEFAULT, languages
from dashboard.list_descriptions import LINE_CUSTOMERS, SYNC_PROBLEMS
from dashboard.list_pages import ListPages
from dashboard.page_templates import compile_templates, render_error
from dashboard.planner_page import PlannerPage, first_page
from dashboard.releases import Releases
from dashboard.responses import HTML, static_routes, with_security_headers
from dashboard.section_counts import prepare
from dashboard.settings import Settings
from dashboard.visit import language_of
from dashboard.way_page import WayPage


def create_app(settings: Settings, as_email: str = "") -> ASGIApp:
    """The dashboard over a folder of releases; ``as_email`` is who every visitor on this machine is taken for."""
    compile_templates()
    releases, writer = Releases(settings, prepare), DownloadWriter()
    endpoints = Endpoints(Identity(settings, as_email), releases)
    pages = (count_pages, trend_page, waiting_page, flow_page)
    routes = [route for page in pages for route in page.routes(endpoints)]
    for description in (LINE_CUSTOMERS, SYNC_PROBLEMS):
        routes += ListPages(description, settings, writer).routes(endpoints)
    routes += [*CustomerPage(settings).routes(endpoints), *PlannerPage(settings).routes(endpoints)]
    routes += [*ComparisonPage(settings).routes(endpoints), *WayPage(settings).routes(endpoints)]
    routes.append(Route("/", first_page(count_pages.dashboard_endpoint(endpoints), endpoints)))
    routes += [*scope_search.routes(endpoints), Route("/healthz", endpoints.health), *static_routes()]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        endpoints.close()
        writer.close()
        releases.close()

    handlers = {HTTPException: _error_page, Exception: _error_page}
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    app.router.redirect_slashes = False  # the target of a redirect would come from the Host header
    return with_security_headers(_with_plain_host(app))  # outermost, so that error pages have the headers too


def _with_plain_host(app: ASGIApp) -> ASGIApp:
    """Refuses a request whose Host header isn't exactly one plain host, before anything reads an address out of it."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and host_name(HTTPConnection(scope)) is None:
            refused = PlainTextResponse("Bad Host header.\n", status_code=400)
            await refused(scope, receive, send)
        else:
            await app(scope, receive, send)

    return checked


def _error_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    reason = {404: "no_such_page", 405: "read_only"}.get(status, "internal")
    if isinstance(error, RequestError):
        reason = error.detail
    try:
        language = language_of(request)
    except NotFound:
        language = languages()[DEFAULT]
    return Response(render_error(language, status, reason), status_code=status, media_type=HTML)
