"""A request from a person who may see what it asks for."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlencode

from starlette.requests import Request

from dashboard.errors import NotFound
from dashboard.identity import Viewer
from dashboard.languages import DEFAULT, Language, languages, preferred
from dashboard.release import CUSTOMERS, LINE_CUSTOMERS, OpenRelease
from dashboard.scopes import InvalidScope, Scope

COMMON_PARAMETERS = ("scope", "as_of", "lang")
_MAX_VALUE_LENGTH = 120


@dataclass(frozen=True)
class Visit:
    """Who asks, for which scope and day, and the release that answers."""

    request: Request
    release: OpenRelease
    viewer: Viewer
    language: Language
    parameters: Mapping[str, str]
    scope: Scope
    day: date

    @classmethod
    def from_request(cls, request: Request, release: OpenRelease, email: str, allowed: Sequence[str]) -> Visit:
        """Reads the address; a ``RequestError`` when it isn't understood or isn't for this person to see."""
        viewer = release.viewer(email)
        parameters = _parse_parameters(request, allowed)
        scope = _parse_scope(parameters["scope"]) if "scope" in parameters else viewer.default_scope
        viewer.require(scope)
        language = language_of(request)
        days = {day.isoformat(): day for day in release.days}
        day = days.get(parameters["as_of"]) if "as_of" in parameters else release.as_of_date
        if day is None:
            raise NotFound("no_such_day")
        return cls(request, release, viewer, language, parameters, scope, day)

    @property
    def cache_key(self) -> Hashable:
        """Under what a page is cached: never shown to another person, or at another address."""
        path = self.request.scope["path"]
        return self.viewer.email, self.language.code, path, tuple(sorted(self.parameters.items()))

    @property
    def may_list(self) -> bool:
        """Whether this person may see the customers behind the counts."""
        return self.viewer.may_list(self.scope)

    @property
    def has_lists(self) -> bool:
        """The same, and this machine has the lists of the day."""
        return self.may_list and self.release.has(LINE_CUSTOMERS, self.day)

    @property
    def has_customers(self) -> bool:
        """Whether this machine has the program information of each customer, for the day."""
        return self.release.has(CUSTOMERS, self.day)

    @property
    def older_iwds_day(self) -> date | None:
        """The day that IWDS's rows are of, where it is an earlier one than the page's."""
        found = self.release.iwds_day(self.day)
        return found if found != self.day else None

    @property
    def previous_day(self) -> date | None:
        """The day published before."""
        return max((day for day in self.release.days if day < self.day), default=None)

    @property
    def next_day(self) -> date | None:
        """The day published after."""
        return min((day for day in self.release.days if day > self.day), default=None)

    def url(self, path: str, **changes: object) -> str:
        """An address for this scope, day and language, the same for everyone. The newest day isn't named in it."""
        query: dict[str, object] = {"scope": self.scope, "as_of": self.day, "lang": self.parameters.get("lang")}
        query |= changes
        if query["as_of"] == self.release.as_of_date:
            del query["as_of"]
        filled = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return f"{quote(path)}?{urlencode(filled, safe=':')}"

    def this_url(self, **changes: object) -> str:
        """This address with something changed. Filters and sort order stay; the page number goes."""
        kept = {name: value for name, value in self.parameters.items() if name not in (*COMMON_PARAMETERS, "page")}
        return self.url(self.request.url.path, **{**kept, **changes})


def language_of(request: Request) -> Language:
    """The language that the address names, else the best of those that the browser accepts."""
    code = request.query_params.get("lang")
    if not code:
        return preferred(request.headers.get("accept-language", DEFAULT))
    if code not in languages():
        raise NotFound("no_such_parameter")
    return languages()[code]


def _parse_parameters(request: Request, allowed: Sequence[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in allowed or name in parameters or len(value) > _MAX_VALUE_LENGTH or not value.isprintable():
            raise NotFound("no_such_parameter")
        parameters[name] = value
    return {name: value for name, value in parameters.items() if value}  # a form sends its empty fields too


def _parse_scope(text: str) -> Scope:
    """Only the short form, so that one page has one address."""
    with suppress(InvalidScope):
        scope = Scope.parse(text)
        if str(scope) == text:
            return scope
    raise NotFound("no_such_scope")
