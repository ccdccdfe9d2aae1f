"""Templates, and how the guide's texts become HTML."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.counts import Label
from dashboard.languages import Language, languages, number, share
from dashboard.lists import DUE, INITIALS, IWDS_STATUSES

if TYPE_CHECKING:
    from dashboard.pages import Visit

_HERE = Path(__file__).parent
_A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_BULLET, _INNER_BULLET = "• ", "○ "
# A sign beside the colour, for whoever doesn't see it.
_SIGNS = {"white": "○", "yellow": "◆", "red": "!", "green": "✓", "grey": "–"}


@dataclass(frozen=True)
class Asset:
    """A file that pages refer to; its address changes with its content."""

    name: str
    content: bytes
    media_type: str

    @property
    def url(self) -> str:
        """Its address, which may be kept for ever."""
        return f"/static/{self.name}?v={hashlib.sha256(self.content).hexdigest()[:12]}"


class Rendering:
    """The templates with what they all need."""

    def __init__(self) -> None:
        self._assets = {
            path.name: Asset(path.name, path.read_bytes(), _TYPES[path.suffix])
            for path in sorted((_HERE / "static").iterdir())
        }
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals |= {
            "assets": {name: asset.url for name, asset in self._assets.items()},
            "languages": languages(),
            "signs": _SIGNS,
            "initials": INITIALS,
            "iwds_statuses": IWDS_STATUSES,
            "due_choices": DUE,
            "fixed": self._fixed,
        }
        self._templates.filters |= {"number": number, "share": share, "prose": prose}
        for name in self._templates.list_templates():  # compiled now, not while the first visitor waits
            self._templates.get_template(name)

    def routes(self) -> list[Route]:
        """The assets; they hold no data and are for anybody."""
        return [Route(f"/static/{name}", self._serve(asset)) for name, asset in self._assets.items()]

    def render(self, template: str, visit: Visit, **values: Any) -> str:
        """A page for somebody who was let in."""
        return self._templates.get_template(template).render(
            visit=visit, language=visit.language, t=visit.language.text, **values
        )

    @lru_cache(maxsize=512)  # noqa: B019 - there is one, for as long as the application
    def _fixed(self, template: str, language: Language, line: Label) -> Markup:
        """What is the same for a line in every scope."""
        content = self._templates.get_template(template).render(language=language, t=language.text, line=line)
        return Markup(content)  # noqa: S704 - our own template's output

    def refusal(self, language: Language, status: int, reason: str, **values: object) -> str:
        """A page that says why there is nothing to see."""
        return self._templates.get_template("refused.html").render(
            visit=None, language=language, t=language.text, status=status, reason=reason, values=values
        )

    @staticmethod
    def _serve(asset: Asset) -> Any:
        async def endpoint(_: Request) -> Response:
            return Response(asset.content, media_type=asset.media_type, headers=_A_YEAR)

        return endpoint


@cache
def prose(text: str) -> Markup:
    """A text of the guide: its lines as paragraphs, its bullets as lists, its addresses as links."""
    html: list[str] = []
    depth = 0
    for line in text.splitlines():
        bare = line.strip()
        wanted = 1 if bare.startswith(_BULLET) else 2 if bare.startswith(_INNER_BULLET) else 0
        while depth > wanted:
            html.append("</li></ul>")
            depth -= 1
        if wanted and depth == wanted:
            html.append("</li>")
        while depth < wanted:
            html.append("<ul>")
            depth += 1
        content = _linked(bare[len(_BULLET) :] if wanted else bare)
        html.append(f"<li>{content}" if wanted else f"<p>{content}</p>")
    html.append("</li></ul>" * depth)
    return Markup("".join(html))  # noqa: S704 - every text in it was escaped


def _linked(text: str) -> str:
    return _ADDRESS.sub(lambda found: f'<a href="mailto:{found[0]}">{found[0]}</a>', str(escape(text)))
