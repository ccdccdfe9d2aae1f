"""The application: wiring, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from dashboard.counts import prepare
from dashboard.identity import Identity
from dashboard.languages import DEFAULT, languages
from dashboard.pages import Pages, language_of
from dashboard.refusals import Missing, Refused
from dashboard.rendering import Rendering
from dashboard.security import SecurityHeaders
from dashboard.settings import Settings
from dashboard.store import Store


def create_app(settings: Settings, as_email: str = "") -> ASGIApp:
    """The dashboard over a folder of releases; ``as_email`` is who everybody on this machine is taken for."""
    store, rendering = Store(settings, prepare), Rendering()
    pages = Pages(settings, Identity(settings, as_email), store, rendering)

    def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, Refused):
            status, reason, values = error.status, error.reason, error.values
        else:
            status = error.status_code if isinstance(error, HTTPException) else 500
            reason, values = {404: "no_such_page", 405: "only_reading"}.get(status, "broken"), {}
        try:
            language = language_of(request)
        except Missing:
            language = languages()[DEFAULT]
        content = rendering.refusal(language, status, reason, **values)
        return Response(content, status_code=status, media_type="text/html; charset=utf-8")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        pages.close()
        store.close()

    app = Starlette(
        routes=[*pages.routes(), *rendering.routes()],
        exception_handlers={Refused: refused, HTTPException: refused, Exception: refused},
        lifespan=lifespan,
    )
    return SecurityHeaders(app)  # outermost, so that the answer to what went wrong has them too
