"""The style sheet, the script and the icon. They hold no data and are for everyone."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDER = Path(__file__).parent / "static"
_CACHE_FOR_A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class StaticFile:
    """A file that pages refer to."""

    name: str
    content: bytes
    media_type: str

    @property
    def url(self) -> str:
        """Its address, which changes with its content and may be cached forever."""
        return f"/static/{self.name}?v={hashlib.sha256(self.content).hexdigest()[:12]}"


def static_files() -> list[StaticFile]:
    """All of them, read into memory."""
    return [StaticFile(path.name, path.read_bytes(), _MEDIA_TYPES[path.suffix]) for path in sorted(_FOLDER.iterdir())]


def static_routes() -> list[Route]:
    """A route for each file: no path in a request ever becomes a path on disk."""
    return [Route(f"/static/{file.name}", _endpoint(file)) for file in static_files()]


def _endpoint(file: StaticFile) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_: Request) -> Response:
        return Response(file.content, media_type=file.media_type, headers=_CACHE_FOR_A_YEAR)

    return endpoint
