"""Pages from the templates in ``templates/``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboard.customer_lists import INITIALS, IWDS_STATUSES
from dashboard.formatting import number, percent
from dashboard.guide_text import guide_html
from dashboard.languages import Language, languages
from dashboard.responses import CompressedPage
from dashboard.section_counts import LineLabel
from dashboard.static_files import static_files
from dashboard.visit import Visit

# A sign beside each color, for people who don't see the color.
_SIGNS = {"white": "○", "yellow": "◆", "red": "!", "green": "✓", "grey": "–"}


class PageTemplates:
    """The templates and what they all use."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals |= {
            "static": {file.name: file.url for file in static_files()},
            "languages": languages(),
            "signs": _SIGNS,
            "initials": INITIALS,
            "iwds_statuses": IWDS_STATUSES,
            "line_fragment": self._line_fragment,
        }
        self._environment.filters |= {"number": number, "percent": percent, "guide_html": guide_html}
        for name in self._environment.list_templates():  # compiled now, so that the first visitor needn't wait
            self._environment.get_template(name)

    def html(self, template: str, visit: Visit, **values: Any) -> str:
        """A page for a visit."""
        return self._environment.get_template(template).render(
            visit=visit, language=visit.language, t=visit.language.text, **values
        )

    def page(self, template: str, visit: Visit, *, rows: Any = (), matching: int = 0, **values: Any) -> CompressedPage:
        """The same, compressed, to be cached; with the rows of a list and how many it has in all."""
        html = self.html(template, visit, rows=rows, matching=matching, **values)
        return CompressedPage.of(html, len(rows), matching)

    def error(self, language: Language, status: int, reason: str) -> str:
        """A page that says why there is nothing to see."""
        return self._environment.get_template("error.html").render(
            visit=None, language=language, t=language.text, status=status, reason=reason
        )

    @lru_cache(maxsize=512)  # noqa: B019 - one instance lives as long as the application
    def _line_fragment(self, template: str, language: Language, line: LineLabel) -> Markup:
        """What is the same for a line in every scope."""
        html = self._environment.get_template(template).render(language=language, t=language.text, line=line)
        return Markup(html)  # noqa: S704 - our own template's output
