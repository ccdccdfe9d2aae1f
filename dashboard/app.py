"""The application: how its parts are put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from dashboard.access_log import AccessLog
from dashboard.count_pages import CountPages
from dashboard.download_writer import DownloadWriter
from dashboard.endpoints import Endpoints
from dashboard.errors import NotFound, RequestError
from dashboard.identity import Identity
from dashboard.languages import DEFAULT, languages
from dashboard.list_descriptions import LINE_CUSTOMERS, SYNC_PROBLEMS
from dashboard.list_pages import ListPages
from dashboard.page_templates import PageTemplates
from dashboard.releases import Releases
from dashboard.responses import HTML
from dashboard.scope_search import ScopeSearch
from dashboard.section_counts import prepare
from dashboard.security_headers import SecurityHeaders
from dashboard.settings import Settings
from dashboard.static_files import static_routes
from dashboard.visit import language_of


def create_app(settings: Settings, as_email: str = "") -> ASGIApp:
    """The dashboard over a folder of releases; ``as_email`` is who every visitor on this machine is taken for."""
    releases, templates, writer = Releases(settings, prepare), PageTemplates(), DownloadWriter()
    endpoints = Endpoints(Identity(settings, as_email), releases)
    access_log = AccessLog(settings)
    routes = CountPages(templates).routes(endpoints)
    for description in (LINE_CUSTOMERS, SYNC_PROBLEMS):
        routes += ListPages(description, settings, templates, access_log, writer).routes(endpoints)
    routes += ScopeSearch(templates).routes(endpoints)
    routes += [Route("/healthz", endpoints.health), *static_routes()]

    def error_page(request: Request, error: Exception) -> Response:
        return _error_page(templates, request, error)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        endpoints.close()
        writer.close()
        releases.close()

    app = Starlette(
        routes=routes,
        exception_handlers={RequestError: error_page, HTTPException: error_page, Exception: error_page},
        lifespan=lifespan,
    )
    return SecurityHeaders(app)  # outermost, so that error pages have the headers too


def _error_page(templates: PageTemplates, request: Request, error: Exception) -> Response:
    if isinstance(error, RequestError):
        status, reason = error.status, error.reason
    else:
        status = error.status_code if isinstance(error, HTTPException) else 500
        reason = {404: "no_such_page", 405: "read_only"}.get(status, "internal")
    try:
        language = language_of(request)
    except NotFound:
        language = languages()[DEFAULT]
    return Response(templates.error(language, status, reason), status_code=status, media_type=HTML)
