"""The customers behind a count, and those who aren't synced: what may be asked for, and the queries that answer it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date

from dashboard.entitlements import Scope
from dashboard.refusals import Missing
from dashboard.store import Release, Row, literal

PAGE_SIZE = 50
MOST_PROVIDERS = 60
INITIALS = tuple("abcdefghijklmnopqrstuvwxyz")
IWDS_STATUSES = ("inquirant", "applicant", "registrant", "exited")
DUE = ("overdue", "1", "2", "3", "5")
MOVED = ("entered", "left")
DEFAULT_SORT = "-overdue"
SORTS: Mapping[str, str] = {
    "name": "lower(last_name) {0}, lower(first_name) {0}",
    "customer": "customer_id {0}",
    "provider": "lower(provider_name) {0}",
    "lwia": "lwia_number {0}",
    "pathway": "lower(pathway) {0} nulls last",
    "sync": "sync_status {0}",
    "iwds": "iwds_status {0} nulls last",
    "since": "since_date {0} nulls last",
    "days": "days_on_line {0} nulls last",
    "due": "due_date {0} nulls last",
    "overdue": "days_overdue {0} nulls last, days_on_line {0} nulls last",
}
_LINE_COLUMNS = (
    "as_of_date, line_key, customer_id, first_name, last_name, provider_id, provider_name, lwia_number, pathway,"
    " sync_status, iwds_status, since_date, days_on_line, due_date, days_overdue, next_steps"
)
_SYNC_COLUMNS = (
    "as_of_date, customer_id, first_name, last_name, provider_id, provider_name, lwia_number, sync_status, next_step,"
    " iwds_candidate_ids"
)
_IN_SCOPE = {"statewide": "? = 'IL'", "lwia": "lwia_number = cast(? as integer)", "provider": "provider_id = ?"}


@dataclass(frozen=True)
class Filters:
    """What of a list is asked for; empty means all."""

    sync: str = ""
    iwds: str = ""
    provider: str = ""
    initial: str = ""
    due: str = ""
    moved: str = ""

    @classmethod
    def parse(cls, release: Release, values: Mapping[str, str]) -> Filters:
        """Their values, each one that there can be; ``Missing`` for any other."""
        filters = cls(**{name: values[name] for name in FILTERS if name in values})
        _require(filters.sync, release.sync_meanings)
        _require(filters.iwds, IWDS_STATUSES)
        _require(filters.initial, INITIALS)
        _require(filters.due, DUE)
        _require(filters.moved, MOVED)
        if filters.provider:
            _require(Scope("provider", filters.provider), release.scopes)
        return filters

    @property
    def names(self) -> list[str]:
        """Which are set."""
        return [name for name in FILTERS if getattr(self, name)]


FILTERS = tuple(field.name for field in fields(Filters))


@dataclass(frozen=True)
class Extent:
    """How many customers a list has, and of which providers; none when they are too many to choose from."""

    matching: int
    providers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Listing:
    """A list as a query: its rows, their columns and their order."""

    source: str
    values: tuple[object, ...]
    columns: str
    order: str

    def page(self, release: Release, number: int) -> tuple[list[Row], int]:
        """One page of it, and how many customers it has in all; ``Missing`` beyond the last page."""
        matching = self.extent(release).matching
        if number > pages(matching):
            raise Missing("no_such_page")
        sql = f"{self.ordered} limit {PAGE_SIZE} offset {(number - 1) * PAGE_SIZE}"
        return release.query(sql, self.values), matching

    def extent(self, release: Release) -> Extent:
        """How long it is and whose customers it has, which is the same for every page and order of it."""
        return release.lists.get((self.source, self.values), lambda: self._extent(release))

    def _extent(self, release: Release) -> Extent:
        rows = release.query(
            f"select provider_id, provider_name, count(*) as n from ({self.source})"
            " group by provider_id, provider_name order by lower(provider_name), provider_id",
            self.values,
        )
        providers = tuple((row["provider_id"], row["provider_name"]) for row in rows)
        return Extent(sum(row["n"] for row in rows), providers if len(providers) <= MOST_PROVIDERS else ())

    def narrowed(self, condition: str, *values: object) -> Listing:
        """Those of it for whom the condition holds."""
        return replace(self, source=f"from ({self.source}) where {condition}", values=(*self.values, *values))

    @property
    def ordered(self) -> str:
        """The query of all its rows."""
        return f"select {self.columns} from ({self.source}) order by {self.order}, customer_id"


def line_list(
    release: Release,
    line_key: str,
    scope: Scope,
    day: date,
    previous_day: date | None,
    filters: Filters | None = None,
    sort: str = DEFAULT_SORT,
) -> Listing:
    """The customers on a line; with ``moved`` those who entered it since the day before, or left it."""
    filters = filters or Filters()
    listing = Listing("", (), _LINE_COLUMNS, _order(sort))
    today = _on_line(release, line_key, scope, day)
    if not filters.moved:
        listing = replace(listing, source=today[0], values=today[1])
    elif previous_day is None:
        raise Missing("no_day_before")
    else:
        before = _on_line(release, line_key, scope, previous_day)
        here, gone = (today, before) if filters.moved == "entered" else (before, today)
        source = f"select * from ({here[0]}) anti join ({gone[0]}) using (customer_id)"
        listing = replace(listing, source=source, values=(*here[1], *gone[1]))
    if filters.sync:
        listing = listing.narrowed("sync_status = ?", filters.sync)
    if filters.iwds:
        listing = listing.narrowed("iwds_status = ?", filters.iwds)
    if filters.provider:
        listing = listing.narrowed("provider_id = ?", filters.provider)
    if filters.initial:
        listing = listing.narrowed("starts_with(lower(strip_accents(last_name)), ?)", filters.initial)
    if filters.due == "overdue":
        listing = listing.narrowed("days_overdue > 0")
    elif filters.due:
        # The day after the last day in time is the first red one.
        within = "due_date >= as_of_date and date_diff('day', as_of_date, due_date) < ?"
        listing = listing.narrowed(within, int(filters.due))
    return listing


def sync_problems(release: Release, scope: Scope, day: date, sync: str = "") -> Listing:
    """The customers who aren't synced, by status in the order of judging, then by name."""
    _require(sync, release.sync_meanings)
    table = _table(release, "sync_problems", day)
    orders = ", ".join(f"{literal(status)}: {row['sync_order']}" for status, row in release.sync_meanings.items())
    listing = Listing(
        f"from {table} where {_IN_SCOPE[scope.type]}",
        (scope.id,),
        _SYNC_COLUMNS,
        f"map {{{orders}}}[sync_status], lower(last_name), lower(first_name)",
    )
    return listing.narrowed("sync_status = ?", sync) if sync else listing


def pages(matching: int) -> int:
    """How many pages there are; an empty list has one."""
    return max(1, -(-matching // PAGE_SIZE))


def page_number(text: str) -> int:
    """A page's number as an address has it; ``Missing`` for anything else."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 6 or text.startswith("0"):
        raise Missing("no_such_page")
    return int(text)


def _order(sort: str) -> str:
    name = sort.removeprefix("-")
    _require(name, SORTS)
    return SORTS[name].format("desc" if sort.startswith("-") else "asc")


def _on_line(release: Release, line_key: str, scope: Scope, day: date) -> tuple[str, tuple[object, ...]]:
    table = _table(release, "line_customers", day)
    return f"select {_LINE_COLUMNS} from {table} where line_key = ? and {_IN_SCOPE[scope.type]}", (line_key, scope.id)


def _table(release: Release, name: str, day: date) -> str:
    if not release.has("customers", "customers", name, day):
        raise Missing("no_lists_of_day")
    return release.table("customers", "customers", name, day)


def _require(value: object, known: Container[object]) -> None:
    if value and value not in known:
        raise Missing("no_such_parameter")
