"""The pages. Each is answered from one release, for one person, and checks on every request what they may see."""

from __future__ import annotations

import gzip
import re
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

import duckdb
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboard import counts, lists
from dashboard.access_log import AccessLog
from dashboard.counts import Dashboard, Label
from dashboard.entitlements import STATEWIDE, Scope, Viewer
from dashboard.exports import Column, chunks
from dashboard.identity import Identity
from dashboard.languages import DEFAULT, Language, languages, preferred
from dashboard.refusals import Missing
from dashboard.rendering import Rendering
from dashboard.settings import Settings
from dashboard.store import Pruned, Release, Row, Store
from dashboard.workers import Workers
from dashboard.writer import Job, NotWritten, Writer

_LONGEST_VALUE = 120
_MOST_FOUND = 50
_MOST_SUGGESTED = 12
_TRIES = 3
_COMMON = ("scope", "as_of", "lang")
_LISTED = (*_COMMON, *lists.FILTERS, "sort")
_VARY = "Accept-Language, Accept-Encoding"
_MAY_BE_KEPT = {"Cache-Control": "private, no-cache", "Vary": _VARY}
_NOT_TO_BE_KEPT = {"Cache-Control": "no-store", "Vary": _VARY}
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
_GZIP_LEVEL = 4
_HTML = "text/html; charset=utf-8"
_CSV = "text/csv; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Visit:
    """A request that has been let in: who asks for which scope and day, and the release that answers."""

    request: Request
    release: Release
    viewer: Viewer
    language: Language
    values: Mapping[str, str]
    scope: Scope
    day: date

    @property
    def may_list(self) -> bool:
        """Whether the customers behind the counts are theirs to see."""
        return self.viewer.may_list(self.scope)

    @property
    def has_lists(self) -> bool:
        """Whether they are on this machine for the day, too."""
        return self.may_list and self.release.has("customers", "customers", "line_customers", self.day)

    @property
    def previous_day(self) -> date | None:
        """The day published before."""
        return max((day for day in self.release.days if day < self.day), default=None)

    @property
    def next_day(self) -> date | None:
        """The day published after."""
        return min((day for day in self.release.days if day > self.day), default=None)

    def url(self, path: str, **changes: object) -> str:
        """An address that shows the same to anybody who may see it; the newest day is the newest day tomorrow too."""
        query: dict[str, object] = {"scope": self.scope, "as_of": self.day, "lang": self.values.get("lang")}
        query |= changes
        if query["as_of"] == self.release.as_of_date:
            del query["as_of"]
        given = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return f"{quote(path)}?{urlencode(given, safe=':')}"

    def here(self, **changes: object) -> str:
        """This very address with something changed; what narrows a list stays, the page of it doesn't."""
        kept = {name: value for name, value in self.values.items() if name not in (*_COMMON, "page")}
        return self.url(self.request.url.path, **{**kept, **changes})


@dataclass(frozen=True)
class Packed:
    """A page, compressed; of a list also how many rows it shows, and of how many."""

    content: bytes
    rows: int
    matching: int


Columns = Sequence[Column]
Answer = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


class Pages:
    """Everything that can be asked for."""

    def __init__(self, settings: Settings, identity: Identity, store: Store, rendering: Rendering) -> None:
        self._settings = settings
        self._identity = identity
        self._store = store
        self._rendering = rendering
        self._access_log = AccessLog(settings)
        self._workers = Workers()
        self._writer = Writer()

    def routes(self) -> list[Route]:
        """The addresses, and what each takes."""
        return [
            Route("/", self._counts(self.dashboard)),
            Route("/changes", self._counts(self.changes)),
            Route("/lines/{line_key}.csv", self._file(self.line_csv, _LISTED)),
            Route("/lines/{line_key}.xlsx", self._file(self.line_xlsx, _LISTED)),
            Route("/lines/{line_key}", self._page(self.line, (*_LISTED, "page"))),
            Route("/sync-problems.csv", self._file(self.sync_csv, (*_COMMON, "sync"))),
            Route("/sync-problems.xlsx", self._file(self.sync_xlsx, (*_COMMON, "sync"))),
            Route("/sync-problems", self._page(self.sync_problems, (*_COMMON, "sync", "page"))),
            Route("/scopes.json", self._page(self.scope_suggestions, (*_COMMON, "q"))),
            Route("/scopes", self._page(self.scopes, (*_COMMON, "q"))),
            Route("/checks", self._counts(self.checks)),
            Route("/healthz", self.health),
        ]

    async def health(self, _: Request) -> Response:
        """The newest day, for whoever asks whether the dashboard is well."""
        with self._store.lease_at_once() as release:
            if release is not None:
                return _healthy(release)
        return await self._workers.page(self._opened)

    def _opened(self) -> Response:
        with self._store.lease() as release:
            return _healthy(release)

    def close(self) -> None:
        """Ends what makes pages and files."""
        self._workers.close()
        self._writer.close()

    def _counts(self, answer: Answer) -> Endpoint:
        """A page that is nobody's list: once it has been made, nobody waits for it behind those that are made."""

        async def endpoint(request: Request) -> Response:
            email = self._identity.of(request)
            with self._store.lease_at_once() as release:
                if release is not None:
                    visit = _visit(request, release, email, _COMMON)
                    page = release.pages.find(_name(visit))
                    if page is not None:
                        return _unpacked(visit, page, _MAY_BE_KEPT)
            return await self._workers.page(lambda: self._answered(answer, request, email, _COMMON))

        return endpoint

    def _page(self, answer: Answer, allowed: Sequence[str]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            email = self._identity.of(request)
            return await self._workers.page(lambda: self._answered(answer, request, email, allowed))

        return endpoint

    def _file(self, answer: Answer, allowed: Sequence[str]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            email = self._identity.of(request)
            return await self._workers.file(lambda: self._answered(answer, request, email, allowed))

        return endpoint

    def _answered(self, answer: Answer, request: Request, email: str, allowed: Sequence[str]) -> Response:
        tries = 0
        while True:
            with self._store.lease(newest=tries > 0) as release:
                try:
                    return answer(_visit(request, release, email, allowed))
                except (duckdb.Error, Pruned, NotWritten):
                    tries += 1
                    if tries == _TRIES or self._store.is_current(release):
                        raise

    def dashboard(self, visit: Visit) -> Response:
        """The seven sections."""
        return self._kept(
            visit, lambda: self._packed("dashboard.html", visit, board=_board(visit), checks=_checks(visit))
        )

    def changes(self, visit: Visit) -> Response:
        """What moved on each line since the day published before."""
        return self._kept(visit, lambda: self._packed("changes.html", visit, board=_board(visit)))

    def checks(self, visit: Visit) -> Response:
        """What was checked on the day, and what was found."""
        return self._kept(visit, lambda: self._packed("checks.html", visit, checks=_checks(visit)))

    def line(self, visit: Visit) -> Response:
        """A page of the customers on a line."""
        line, filters, listing = _line(visit)
        number = lists.page_number(visit.values.get("page", "1"))

        def page() -> Packed:
            rows, matching = listing.page(visit.release, number)
            return self._packed(
                "line.html",
                visit,
                line=line,
                filters=filters,
                sort=visit.values.get("sort", lists.DEFAULT_SORT),
                rows=rows,
                matching=matching,
                page=number,
                pages=lists.pages(matching),
                providers=() if visit.scope.type == "provider" else _providers(visit, line.key, filters),
            )

        return self._kept(visit, page, listed=(line.key, filters.names))

    def line_csv(self, visit: Visit) -> Response:
        """The whole list as CSV."""
        return self._line_file(visit, "csv")

    def line_xlsx(self, visit: Visit) -> Response:
        """The whole list as a workbook."""
        return self._line_file(visit, "xlsx")

    def _line_file(self, visit: Visit, kind: str) -> Response:
        line, filters, listing = _line(visit)
        return self._written(visit, kind, line.key, _line_columns(visit, line.name), listing, filters.names)

    def sync_problems(self, visit: Visit) -> Response:
        """A page of the customers who aren't synced."""
        listing = _sync_listing(visit)
        number = lists.page_number(visit.values.get("page", "1"))

        def page() -> Packed:
            rows, matching = listing.page(visit.release, number)
            return self._packed(
                "sync_problems.html",
                visit,
                rows=rows,
                matching=matching,
                page=number,
                pages=lists.pages(matching),
                sync=visit.values.get("sync", ""),
            )

        return self._kept(visit, page, listed=("sync_problems", _sync_filters(visit)))

    def sync_csv(self, visit: Visit) -> Response:
        """All of them as CSV."""
        return self._sync_file(visit, "csv")

    def sync_xlsx(self, visit: Visit) -> Response:
        """All of them as a workbook."""
        return self._sync_file(visit, "xlsx")

    def _sync_file(self, visit: Visit, kind: str) -> Response:
        return self._written(
            visit, kind, "sync_problems", _sync_columns(visit), _sync_listing(visit), _sync_filters(visit)
        )

    def scopes(self, visit: Visit) -> Response:
        """The scopes whose name or id has what was searched for; a single one is shown at once."""
        wanted = visit.values.get("q", "")
        found = _search(visit, wanted)
        if wanted and len(found) == 1:
            return RedirectResponse(visit.url("/", scope=found[0][0]), status_code=303, headers=_NOT_TO_BE_KEPT)
        return self._html("scopes.html", visit, q=wanted, found=found[:_MOST_FOUND], matching=len(found))

    def scope_suggestions(self, visit: Visit) -> Response:
        """The first few of them, for the search field."""
        found = _search(visit, visit.values.get("q", ""))[:_MOST_SUGGESTED]
        return JSONResponse([{"scope": str(scope), "name": name} for scope, name in found], headers=_MAY_BE_KEPT)

    def _html(self, template: str, visit: Visit, **values: Any) -> Response:
        content = self._rendering.render(template, visit, **values)
        return Response(content, media_type=_HTML, headers=_MAY_BE_KEPT)

    def _packed(self, template: str, visit: Visit, **values: Any) -> Packed:
        content = self._rendering.render(template, visit, **values)
        rows, matching = len(values.get("rows", ())), values.get("matching", 0)
        return Packed(gzip.compress(content.encode(), _GZIP_LEVEL), rows, matching)

    def _kept(
        self, visit: Visit, make: Callable[[], Packed], listed: tuple[str, Sequence[str]] | None = None
    ) -> Response:
        """A page that is the same for a person and an address as long as the release is; noted if it is a list."""
        page = visit.release.pages.get(_name(visit), make)
        if listed:
            self._note(
                visit, "list", listed[0], page.rows, page.matching, listed[1], page=visit.values.get("page", "1")
            )
        return _unpacked(visit, page, _NOT_TO_BE_KEPT if listed else _MAY_BE_KEPT)

    def _written(
        self,
        visit: Visit,
        kind: str,
        name: str,
        columns: Columns,
        listing: lists.Listing,
        filters: Sequence[str],
    ) -> Response:
        job = Job(
            kind=kind,
            name=name,
            columns=columns,
            release=str(visit.release.folder),
            sql=listing.ordered,
            values=listing.values,
            memory_limit=self._settings.memory_limit,
            threads=self._settings.threads,
        )
        file, written = self._writer.write(job)
        media_type = _CSV if kind == "csv" else _XLSX
        size = file.seek(0, 2)
        self._note(visit, kind, name, written, written, filters)
        place = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(visit.scope))
        headers = {
            **_NOT_TO_BE_KEPT,
            "Content-Disposition": f'attachment; filename="{name}_{place}_{visit.day}.{kind}"',
            "Content-Length": str(size),
        }
        return StreamingResponse(chunks(file), media_type=media_type, headers=headers)

    def _note(
        self,
        visit: Visit,
        view: str,
        line_key: str,
        rows: int,
        matching: int,
        filters: Sequence[str],
        **more: object,
    ) -> None:
        """Before anything is sent: what can't be logged isn't shown. Filters by name, as a value may be a person's."""
        self._access_log.write(
            who=visit.viewer.email,
            view=view,
            line=line_key,
            scope=str(visit.scope),
            as_of=visit.day,
            release=visit.release.folder.name,
            rows=rows,
            matching=matching,
            filters=filters,
            **more,
        )


def _healthy(release: Release) -> Response:
    return PlainTextResponse(f"{release.as_of_date}\n")


def _name(visit: Visit) -> Hashable:
    """What a page is kept under: nobody is shown what was made for somebody else."""
    return visit.viewer.email, visit.language.code, visit.request.scope["path"], tuple(sorted(visit.values.items()))


def _unpacked(visit: Visit, page: Packed, caching: Mapping[str, str]) -> Response:
    headers, content = dict(caching), page.content
    if _GZIP.search(visit.request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
    else:
        content = gzip.decompress(content)
    return Response(content, media_type=_HTML, headers=headers)


def _visit(request: Request, release: Release, email: str, allowed: Sequence[str]) -> Visit:
    viewer = release.viewer(email)
    values: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in allowed or name in values or len(value) > _LONGEST_VALUE or not value.isprintable():
            raise Missing("no_such_parameter")
        values[name] = value
    values = {name: value for name, value in values.items() if value}  # fields of a form that were left empty
    scope = Scope.parse(values["scope"]) if "scope" in values else viewer.home
    viewer.require(scope)
    return Visit(request, release, viewer, language_of(request), values, scope, _day(release, values))


def _day(release: Release, values: Mapping[str, str]) -> date:
    if "as_of" not in values:
        return release.as_of_date
    days = {day.isoformat(): day for day in release.days}
    if values["as_of"] not in days:
        raise Missing("no_such_day")
    return days[values["as_of"]]


def language_of(request: Request) -> Language:
    """The one in the address, else the best of what the browser asks for."""
    wanted = request.query_params.get("lang")
    if not wanted:
        return preferred(request.headers.get("accept-language", DEFAULT))
    if wanted not in languages():
        raise Missing("no_such_parameter")
    return languages()[wanted]


def _board(visit: Visit) -> Dashboard:
    return visit.release.counts.get(
        (visit.scope, visit.day), lambda: counts.dashboard(visit.release, visit.scope, visit.day)
    )


def _checks(visit: Visit) -> list[Row]:
    if not visit.release.has("dashboard", "quality", "checks", visit.day):
        return []
    table = visit.release.table("dashboard", "quality", "checks", visit.day)
    return visit.release.counts.get(
        ("checks", visit.day),
        lambda: visit.release.query(
            f"select name, asset, severity, passed, observed, expected from {table}"
            " order by passed, severity, name, asset"
        ),
    )


def _line(visit: Visit) -> tuple[Label, lists.Filters, lists.Listing]:
    visit.viewer.require(visit.scope, lists=True)
    counts.require_scope(visit.release, visit.scope, visit.day)
    line = counts.label(visit.release, visit.day, visit.request.path_params["line_key"])
    filters = lists.Filters.parse(visit.release, visit.values)
    sort = visit.values.get("sort", lists.DEFAULT_SORT)
    listing = lists.line_list(visit.release, line.key, visit.scope, visit.day, visit.previous_day, filters, sort)
    return line, filters, listing


def _providers(visit: Visit, line_key: str, filters: lists.Filters) -> tuple[tuple[str, str], ...]:
    """Whose customers the list has, whatever else it is narrowed to."""
    everybody = lists.Filters(moved=filters.moved)
    listing = lists.line_list(visit.release, line_key, visit.scope, visit.day, visit.previous_day, everybody)
    return listing.extent(visit.release).providers


def _sync_listing(visit: Visit) -> lists.Listing:
    visit.viewer.require(visit.scope, lists=True)
    counts.require_scope(visit.release, visit.scope, visit.day)
    return lists.sync_problems(visit.release, visit.scope, visit.day, visit.values.get("sync", ""))


def _sync_filters(visit: Visit) -> list[str]:
    return ["sync"] if "sync" in visit.values else []


def _search(visit: Visit, wanted: str) -> list[tuple[Scope, str]]:
    if visit.viewer.sees_all:
        mine = list(visit.release.scopes.items())
    else:
        mine = [(scope, visit.release.scopes.get(scope, scope.id)) for scope, _ in visit.viewer.grants]
    words = wanted.casefold().split()
    exact = [entry for entry in mine if wanted and wanted.casefold() in (entry[1].casefold(), str(entry[0]).casefold())]
    if len(exact) == 1:
        return exact
    return [(scope, name) for scope, name in mine if all(word in f"{name} {scope}".casefold() for word in words)]


def _line_columns(visit: Visit, line_name: str) -> Columns:
    text, language = visit.language.text, visit.language
    name, _ = language.of_guide(line_name)
    return [
        Column(text("column_as_of"), "as_of_date"),
        Column(text("column_line"), text=name),
        *_who(visit),
        Column(text("column_pathway"), "pathway"),
        Column(text("column_sync"), "sync_status", names=language.code_names("sync")),
        Column(text("column_iwds"), "iwds_status", names=language.code_names("iwds")),
        Column(text("column_since"), "since_date"),
        Column(text("column_days"), "days_on_line"),
        Column(text("column_due"), "due_date"),
        Column(text("column_overdue"), "days_overdue"),
        Column(text("next_steps"), "next_steps"),
    ]


def _sync_columns(visit: Visit) -> Columns:
    text, language = visit.language.text, visit.language
    return [
        Column(text("column_as_of"), "as_of_date"),
        *_who(visit),
        Column(text("column_sync"), "sync_status", names=language.code_names("sync")),
        Column(text("next_steps"), "next_step"),
        Column(text("column_candidates"), "iwds_candidate_ids"),
    ]


def _who(visit: Visit) -> Columns:
    text = visit.language.text
    return [
        Column(text("column_customer_id"), "customer_id"),
        Column(text("column_first_name"), "first_name"),
        Column(text("column_last_name"), "last_name"),
        Column(text("column_provider_id"), "provider_id"),
        Column(text("column_provider"), "provider_name"),
        Column(text("column_lwia"), "lwia_number"),
    ]


__all__ = ["STATEWIDE", "Pages", "Visit", "language_of"]
