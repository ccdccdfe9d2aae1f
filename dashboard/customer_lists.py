"""The customers behind a count, and those who aren't synced: the filters and sort orders, and the queries."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from string import ascii_lowercase

from dashboard.database import Row, sql_string
from dashboard.errors import NotFound
from dashboard.release import LINE_CUSTOMERS, SYNC_PROBLEMS, OpenRelease, PublishedTable, with_younger_columns
from dashboard.scopes import Scope

PAGE_SIZE = 50
MAX_PROVIDERS = 60
INITIALS = tuple(ascii_lowercase)
IWDS_STATUSES = ("inquirant", "applicant", "registrant", "exited")
OVERDUE, OVERDUE_A_YEAR = "overdue", "overdue_a_year"
MOVES = ("entered", "left")
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
    "red": "days_until_red {0} nulls last",
    "overdue": "days_overdue {0} nulls last, days_on_line {0} nulls last",
}
_LINE_COLUMNS = (
    "as_of_date, line_key, customer_id, first_name, last_name, provider_id, provider_name, lwia_number, pathway,"
    " sync_status, iwds_status, since_date, days_on_line, due_date, days_until_red, days_overdue,"
    " next_steps, what, career_planner_email, customer_url"
)
_SYNC_COLUMNS = (
    "as_of_date, customer_id, first_name, last_name, provider_id, provider_name, lwia_number, sync_status, next_step,"
    " iwds_candidate_ids"
)
IN_SCOPE = {"statewide": "? = 'IL'", "lwia": "lwia_number = cast(? as integer)", "provider": "provider_id = ?"}
"""By type of scope the condition that a row is in the scope, with its id as the parameter."""
_CONDITIONS = {
    "sync": "sync_status = ?",
    "iwds": "iwds_status = ?",
    "provider": "provider_id = ?",
    "initial": "starts_with(lower(strip_accents(last_name)), ?)",
}


@dataclass(frozen=True)
class Filters:
    """What a visitor narrows a list by; empty means no filter."""

    sync: str = ""
    iwds: str = ""
    provider: str = ""
    initial: str = ""
    due: str = ""
    moved: str = ""

    @classmethod
    def parse(cls, release: OpenRelease, parameters: Mapping[str, str]) -> Filters:
        """Reads them from an address; ``NotFound`` for a value that can't occur."""
        filters = cls(**{name: parameters[name] for name in FILTERS if name in parameters})
        _require(filters.sync, release.sync_meanings)
        _require(filters.iwds, IWDS_STATUSES)
        _require(filters.initial, INITIALS)
        _require(filters.due, (OVERDUE, OVERDUE_A_YEAR, *map(str, release.horizons)))
        _require(filters.moved, MOVES)
        _require(filters.provider and Scope("provider", filters.provider), release.scopes)
        return filters

    @property
    def names(self) -> list[str]:
        """The filters that are set."""
        return [name for name in FILTERS if getattr(self, name)]


FILTERS = tuple(field.name for field in fields(Filters))


@dataclass(frozen=True)
class ListSummary:
    """How many customers a list has, and whose they are: no providers when they are too many to choose from."""

    matching: int
    providers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CustomerList:
    """A list as a query: where its rows come from, their columns and their order."""

    source: str
    values: tuple[object, ...]
    columns: str
    order: str

    def page(self, release: OpenRelease, number: int) -> tuple[list[Row], int]:
        """The rows of one page, and how many the whole list has; ``NotFound`` beyond the last page."""
        matching = self.summary(release).matching
        if number > page_count(matching):
            raise NotFound("no_such_page")
        sql = f"{self.sql} limit {PAGE_SIZE} offset {(number - 1) * PAGE_SIZE}"
        return release.query(sql, self.values), matching

    def summary(self, release: OpenRelease) -> ListSummary:
        """How long the list is and whose customers it has; cached, as it is the same for every page and order."""
        return release.lists.get_or_make((self.source, self.values), lambda: self._summarize(release))

    def _summarize(self, release: OpenRelease) -> ListSummary:
        rows = release.query(
            f"select provider_id, provider_name, count(*) as customer_count from ({self.source})"
            " group by provider_id, provider_name order by lower(provider_name), provider_id",
            self.values,
        )
        providers = tuple((row["provider_id"], row["provider_name"]) for row in rows)
        matching = sum(row["customer_count"] for row in rows)
        return ListSummary(matching, providers if len(providers) <= MAX_PROVIDERS else ())

    def filtered(self, filters: Filters) -> CustomerList:
        """The rows that pass every filter but ``moved``, which chooses the rows to begin with."""
        narrowed = self
        for name, condition in _CONDITIONS.items():
            if value := getattr(filters, name):
                narrowed = narrowed._where(condition, value)
        if filters.due == OVERDUE:
            narrowed = narrowed._where("days_overdue > 0")
        elif filters.due == OVERDUE_A_YEAR:
            narrowed = narrowed._where("days_overdue > 0 and due_date + interval 1 year < as_of_date")
        elif filters.due:
            # The first red day is the day after the due date.
            condition = "due_date >= as_of_date and date_diff('day', as_of_date, due_date) < ?"
            narrowed = narrowed._where(condition, int(filters.due))
        return narrowed

    def _where(self, condition: str, *values: object) -> CustomerList:
        return replace(self, source=f"from ({self.source}) where {condition}", values=(*self.values, *values))

    @property
    def sql(self) -> str:
        """The query for all rows, in order."""
        return f"select {self.columns} from ({self.source}) order by {self.order}, customer_id"


def line_customers(
    release: OpenRelease, line_key: str, scope: Scope, day: date, *, sort: str, moved: str, previous_day: date | None
) -> CustomerList:
    """The customers on a line; with ``moved`` those who entered it since the previous day, or left it."""
    field = sort.removeprefix("-")
    if field not in SORTS:
        raise NotFound("no_such_parameter")
    order = SORTS[field].format("desc" if sort.startswith("-") else "asc")
    values: tuple[object, ...] = (line_key, scope.id)
    today = _on_line(release, scope, day)
    if not moved:
        return CustomerList(today, values, _LINE_COLUMNS, order)
    if previous_day is None:
        raise NotFound("no_day_before")
    before = _on_line(release, scope, previous_day)
    present, absent = (today, before) if moved == "entered" else (before, today)
    source = f"select * from ({present}) anti join ({absent}) using (customer_id)"
    return CustomerList(source, values * 2, _LINE_COLUMNS, order)


def sync_problems(release: OpenRelease, scope: Scope, day: date) -> CustomerList:
    """The customers who aren't synced: by status, in the order in which statuses are decided, then by name."""
    ranks = ", ".join(f"{sql_string(status)}: {row['sync_order']}" for status, row in release.sync_meanings.items())
    return CustomerList(
        f"from {_table(release, SYNC_PROBLEMS, day)} where {IN_SCOPE[scope.type]}",
        (scope.id,),
        _SYNC_COLUMNS,
        f"map {{{ranks}}}[sync_status], lower(last_name), lower(first_name)",
    )


def page_count(matching: int) -> int:
    """How many pages a list has; an empty list has one."""
    return max(1, -(-matching // PAGE_SIZE))


def _on_line(release: OpenRelease, scope: Scope, day: date) -> str:
    table = with_younger_columns(_table(release, LINE_CUSTOMERS, day))
    return f"select {_LINE_COLUMNS} from {table} where line_key = ? and {IN_SCOPE[scope.type]}"


def _table(release: OpenRelease, table: PublishedTable, day: date) -> str:
    if not release.has(table, day):
        raise NotFound("no_lists_of_day")
    return release.table(table, day)


def _require(value: object, known: Container[object]) -> None:
    if value and value not in known:
        raise NotFound("no_such_parameter")
