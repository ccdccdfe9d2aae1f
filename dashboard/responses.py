"""What is sent: pages, compressed once and kept in memory; static files; and the headers that every response has."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.file_formats import read_chunks

HTML = "text/html; charset=utf-8"
_VARY = "Accept-Language, Accept-Encoding"
PRIVATE = {"Cache-Control": "private, no-cache", "Vary": _VARY}  # counts
NO_STORE = {"Cache-Control": "no-store", "Vary": _VARY}  # lists
_ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
# They hold no data and are for everyone.
_STATIC_FILES = {path.name: path.read_bytes() for path in sorted((Path(__file__).parent / "static").iterdir())}
_CACHE_FOR_A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}
_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class CompressedPage:
    """A page as gzip; of a list also how many rows it shows, and how many the whole list has."""

    content: bytes
    rows: int
    matching: int


def page_response(request: Request, page: CompressedPage, headers: Mapping[str, str]) -> Response:
    """The page as it is, or decompressed for a client that doesn't accept gzip."""
    if _ACCEPTS_GZIP.search(request.headers.get("accept-encoding", "")):
        return Response(page.content, media_type=HTML, headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(page.content), media_type=HTML, headers=headers)


class FileResponse(StreamingResponse):
    """An open file, sent from its start and closed at the end, also when the visitor hangs up on the way."""

    def __init__(self, file: IO[bytes], media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(read_chunks(file), media_type=media_type, headers=headers)
        self.file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.file.close()


def close_file(response: Response) -> None:
    """Closes the file of a response that is not sent."""
    if isinstance(response, FileResponse):
        response.file.close()


def static_urls() -> dict[str, str]:
    """The address of the style sheet, the script and the icon, which changes with the content."""
    return {
        name: f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}" for name, content in _STATIC_FILES.items()
    }


def static_routes() -> list[Route]:
    """A route for each file: no path in a request ever becomes a path on disk."""
    routes = []
    for name, content in _STATIC_FILES.items():
        response = Response(content, media_type=_MEDIA_TYPES[name.rpartition(".")[2]], headers=_CACHE_FOR_A_YEAR)
        routes.append(Route(f"/static/{name}", response, methods=["GET"]))
    return routes


def with_security_headers(app: ASGIApp) -> ASGIApp:
    """Nothing from other sites, nothing inline, no frames; and no caching unless a page says otherwise."""

    async def secured(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_SECURITY_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await app(scope, receive, send_with_headers)

    return secured
