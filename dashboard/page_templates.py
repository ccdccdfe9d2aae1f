"""Pages from the templates in ``templates/``."""

import gzip
import re
from collections.abc import Sized
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from dashboard.customer_lists import INITIALS, IWDS_STATUSES
from dashboard.languages import Language, day_count, languages, percent, points
from dashboard.responses import CompressedPage, static_urls
from dashboard.section_counts import LineLabel
from dashboard.visit import Visit

# A sign beside each color, for people who don't see the color.
_SIGNS = {"white": "○", "yellow": "◆", "red": "!", "green": "✓", "grey": "–"}
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_BULLET, _INNER_BULLET = "• ", "○ "
_GZIP_LEVEL = 4
Documents = tuple[tuple[str, str], ...]
"""The names of documents in the guide's texts, each with its address."""

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def compile_templates() -> None:
    """Compiles all templates, so that the first visitor needn't wait."""
    for name in _environment.list_templates():
        _environment.get_template(name)


def render(template: str, visit: Visit, **values: Any) -> str:
    """A page for a visit."""
    return _environment.get_template(template).render(
        visit=visit, language=visit.language, t=visit.language.text, **values
    )


def render_page(template: str, visit: Visit, *, rows: Sized = (), matching: int = 0, **values: Any) -> CompressedPage:
    """The same, compressed, to be cached; with the rows of a list and how many it has in all."""
    html = render(template, visit, rows=rows, matching=matching, **values)
    return CompressedPage(gzip.compress(html.encode(), _GZIP_LEVEL), len(rows), matching)


def render_error(language: Language, status: int, reason: str) -> str:
    """A page that says why there is nothing to see."""
    return _environment.get_template("error.html").render(
        visit=None, language=language, t=language.text, status=status, reason=reason
    )


@cache
def guide_html(text: str, documents: Documents) -> Markup:
    """A text of the partner guide: lines as paragraphs, bullets as lists, e-mail addresses and documents as links."""
    html: list[str] = []
    depth = 0
    for line in text.splitlines():
        stripped = line.strip()
        line_depth = 1 if stripped.startswith(_BULLET) else 2 if stripped.startswith(_INNER_BULLET) else 0
        while depth > line_depth:
            html.append("</li></ul>")
            depth -= 1
        if line_depth and depth == line_depth:
            html.append("</li>")
        while depth < line_depth:
            html.append("<ul>")
            depth += 1
        content = _with_links(stripped[len(_BULLET) :] if line_depth else stripped, documents)
        html.append(f"<li>{content}" if line_depth else f"<p>{content}</p>")
    html.append("</li></ul>" * depth)
    return Markup("".join(html))  # noqa: S704 - every text in it was escaped


def _with_links(text: str, documents: Documents) -> str:
    html = _EMAIL.sub(lambda match: f'<a href="mailto:{match[0]}">{match[0]}</a>', str(escape(text)))
    links = {
        str(escape(name)): f'<a href="{escape(address)}" rel="noopener noreferrer">{escape(name)}</a>'
        for name, address in documents
    }
    return re.sub("|".join(map(re.escape, links)), lambda match: links[match[0]], html) if links else html


@lru_cache(maxsize=512)
def _line_fragment(template: str, language: Language, line: LineLabel, documents: Documents) -> Markup:
    """What is the same for a line in every scope."""
    text = _environment.get_template(template).render(
        language=language, t=language.text, line=line, documents=documents
    )
    return Markup(text)  # noqa: S704 - our own template's output


_environment.globals |= {
    "static": static_urls(),
    "languages": languages(),
    "signs": _SIGNS,
    "initials": INITIALS,
    "iwds_statuses": IWDS_STATUSES,
    "line_fragment": _line_fragment,
}
_environment.filters |= {
    "number": "{:,}".format,
    "percent": percent,
    "days": day_count,
    "points": points,
    "guide_html": guide_html,
}
