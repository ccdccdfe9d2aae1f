"""Texts of the partner guide as HTML."""

from __future__ import annotations

import re
from functools import cache

from markupsafe import Markup, escape

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_BULLET, _INNER_BULLET = "• ", "○ "


@cache
def guide_html(text: str) -> Markup:
    """Lines as paragraphs, bullets as lists, e-mail addresses as links."""
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
        content = _with_links(stripped[len(_BULLET) :] if line_depth else stripped)
        html.append(f"<li>{content}" if line_depth else f"<p>{content}</p>")
    html.append("</li></ul>" * depth)
    return Markup("".join(html))  # noqa: S704 - every text in it was escaped


def _with_links(text: str) -> str:
    return _EMAIL.sub(lambda match: f'<a href="mailto:{match[0]}">{match[0]}</a>', str(escape(text)))
