"""Decides which requests reach the Dagster UI, which itself asks nobody anything.

A browser sends requests for any page that it shows: to 127.0.0.1, or under a name of the page's own that points here.
So a request must come under a name that is ours, from a page that is ours, and from somebody who may.
"""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.errors import Forbidden
from dashboard.identity import LOCAL_NAMES, Identity, host_name

_GRAPHQL = "graphql"
_POLICY_VIOLATION = 1008


class Refused(Exception):
    """The request isn't passed on; the text says why and what to do."""


@dataclass(frozen=True)
class Guard:
    """An ASGI application that passes on what may reach ``app``, WebSockets included."""

    app: ASGIApp
    identity: Identity
    hosts: Collection[str] = ()
    """Names that it has besides this machine's own."""
    users: Collection[str] = ()
    """The addresses of those who may use it; empty: all whom the identity lets in."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it with the reason why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        try:
            self.check(HTTPConnection(scope))
        except Refused as refused:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            else:
                await PlainTextResponse(f"{refused}\n", status_code=403)(scope, receive, send)
            return
        await self.app(scope, receive, _unframed(send))

    def check(self, request: HTTPConnection) -> None:
        """``Refused`` unless the request may be passed on."""
        host = host_name(request)
        if host is None or host not in {*LOCAL_NAMES, *self.hosts}:
            raise Refused("The Dagster UI isn't known under this name. YACP_UI_HOSTS has the names that it answers to.")
        _check_origin(request)
        _check_graphql(request)
        try:
            email = self.identity.email_of(request)
        except Forbidden:
            raise Refused(
                "The Dagster UI is open to this machine only, without a proxy; or, if YACP_UI_USERS is set, to those"
                " whom a proxy in YACP_DASHBOARD_PROXIES has signed in."
            ) from None
        if self.users and email not in self.users:
            raise Refused("You are signed in, but aren't one of those who may use the Dagster UI (YACP_UI_USERS).")


def _check_origin(request: HTTPConnection) -> None:
    """A browser names the page that asks, and says whether it is ours; programs other than browsers send neither."""
    origins, sites = request.headers.getlist("origin"), request.headers.getlist("sec-fetch-site")
    is_ours = all(origin.partition("://")[2] == request.headers["host"] for origin in origins)
    is_ours &= all(site in ("same-origin", "none") for site in sites)
    if not is_ours and not _is_link(request):
        raise Refused("This request comes from another site's page. Open the Dagster UI itself.")


def _is_link(request: HTTPConnection) -> bool:
    """Somebody followed a link from elsewhere, say from a mail: the page opens and nothing else happens."""
    expected = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    is_navigation = all(request.headers.getlist(name) == [value] for name, value in expected.items())
    return is_navigation and request.scope.get("method") == "GET" and not _is_graphql(request)


def _check_graphql(request: HTTPConnection) -> None:
    """A query is a POST of JSON, which another site's page can't send unasked. A GET is for the page to type one in."""
    if request.scope["type"] != "http" or not _is_graphql(request):
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_query = request.scope["method"] == "POST" and kind == "application/json"
    is_page = request.scope["method"] == "GET" and "text/html" in request.headers.get("accept", "")
    if not (is_query or is_page):
        raise Refused("Send a GraphQL query as a POST of application/json.")


def _is_graphql(request: HTTPConnection) -> bool:
    return str(request.scope["path"]).strip("/").lower() == _GRAPHQL


def _unframed(send: Send) -> Send:
    """Keeps other sites from showing the UI inside a page of theirs, where a click would land in it."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-frame-options"] = "SAMEORIGIN"
            headers.append("content-security-policy", "frame-ancestors 'self'")
        await send(message)

    return with_headers
