"""Responses with pages in them: compressed once and kept in memory, and how browsers may cache them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

HTML = "text/html; charset=utf-8"
_VARY = "Accept-Language, Accept-Encoding"
PRIVATE = {"Cache-Control": "private, no-cache", "Vary": _VARY}  # counts
NO_STORE = {"Cache-Control": "no-store", "Vary": _VARY}  # lists
_ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
_GZIP_LEVEL = 4


@dataclass(frozen=True)
class CompressedPage:
    """A page; of a list also how many rows it shows, and how many the whole list has."""

    content: bytes
    rows: int = 0
    matching: int = 0

    @classmethod
    def of(cls, html: str, rows: int = 0, matching: int = 0) -> CompressedPage:
        """Compresses a page."""
        return cls(gzip.compress(html.encode(), _GZIP_LEVEL), rows, matching)


def page_response(request: Request, page: CompressedPage, headers: Mapping[str, str]) -> Response:
    """The page as it is, or decompressed for a client that doesn't accept gzip."""
    if _ACCEPTS_GZIP.search(request.headers.get("accept-encoding", "")):
        return Response(page.content, media_type=HTML, headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(page.content), media_type=HTML, headers=headers)
