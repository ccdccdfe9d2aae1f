"""A release that is open for reading: what every page needs of it in memory, the rest by query."""

import json
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import duckdb
from cachetools import LRUCache

from dashboard.database import Row, connect, rows, sql_string
from dashboard.errors import Forbidden, Unavailable
from dashboard.identity import Viewer
from dashboard.scopes import Scope
from dashboard.settings import Settings

T = TypeVar("T")
RELEASE_RECORD = "release.json"
_REQUIRED_MARTS = (
    "lists.customers",
    "lists.line_history",
    "reference.lines",
    "reference.scopes",
    "sections.attention_history",
    "sections.coming_due",
    "sections.flow",
    "sections.funnel",
    "sections.sync_problems",
    "sections.waiting",
)
_WIDTH = "case scope_type when 'statewide' then 1 when 'lwia' then 2 else 3 end"  # to sort the widest scope first
# Compressed pages of at most 15 KB; counts of a scope, about 100 KB each; how long a list is, and its providers.
_MAX_PAGES, _MAX_COUNTS, _MAX_LISTS = 2048, 128, 2048


class ReleaseRemoved(Exception):
    """The release's files were removed while it was being read; the current release has the same days."""


class BoundedCache:
    """What is expensive to make from a release, and belongs to it, so it can't be stale. Safe to share by threads.

    The least recently used entry goes when there are too many.
    """

    def __init__(self, max_entries: int) -> None:
        self._entries: LRUCache[Hashable, Any] = LRUCache(max_entries)
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """The value of a key, or ``None``."""
        with self._lock:
            return self._entries.get(key)

    def get_or_make(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made now if it isn't there; two threads may make it at once, and both are right."""
        value: T | None = self.get(key)
        if value is None:
            value = make()
            with self._lock:
                self._entries[key] = value
        return value


class PublishedTable(NamedTuple):
    """A table that a release has of each day: its database file, schema and name."""

    file: str
    schema: str
    name: str


CHECKS = PublishedTable("dashboard", "quality", "checks")
DELIVERIES = PublishedTable("dashboard", "quality", "deliveries")
COMING_DUE = PublishedTable("dashboard", "sections", "coming_due")
WAITING = PublishedTable("dashboard", "sections", "waiting")
FLOW = PublishedTable("dashboard", "sections", "flow")
FUNNEL = PublishedTable("dashboard", "sections", "funnel")
LINE_CUSTOMERS = PublishedTable("customers", "lists", "line_customers")
CUSTOMERS = PublishedTable("customers", "lists", "customers")
CUSTOMER_SERVICES = PublishedTable("customers", "lists", "customer_services")
EXCEPTIONS = PublishedTable("customers", "lists", "exceptions")
SYNC_PROBLEMS = PublishedTable("customers", "lists", "sync_problems")


_YOUNGER_LIST_COLUMNS = {
    "days_until_red": "bigint",
    "career_planner_email": "varchar",
    "what": "varchar",
    "customer_url": "varchar",
    "section_number": "integer",
    "section_name": "varchar",
    "line_number": "integer",
    "line_name": "varchar",
}


def with_columns(table: str, columns: Mapping[str, str]) -> str:
    """A table, for a ``from``, with columns that are younger than what was published before: null there."""
    casts = ", ".join(f"cast(null as {kind}) as {column}" for column, kind in columns.items())
    return f"(from {table} union all by name select {casts} where false)"


def titled(checks: str) -> str:
    """The checks, for a ``from``, with a title even if they were recorded before checks had one."""
    named = with_columns(checks, {"title": "varchar"})
    return f"(select * replace (coalesce(title, replace(name, '_', ' ')) as title) from {named})"


def with_younger_columns(lists: str) -> str:
    """The customers on lines, for a ``from``, with today's columns even if they were published before they had them."""
    return with_columns(lists, _YOUNGER_LIST_COLUMNS)


@dataclass
class OpenRelease:
    """One release, with its connection and with what was made from it and needn't be made again."""

    folder: Path
    version: tuple[object, ...]
    as_of_date: date
    published_at: datetime
    days: tuple[date, ...]
    connection: duckdb.DuckDBPyConnection
    lists_are_readable: bool
    notes: dict[str, str] = field(init=False)
    legend: dict[str, Row] = field(init=False)
    sync_meanings: dict[str, Row] = field(init=False)
    rules: dict[str, str] = field(init=False)
    documents: tuple[tuple[str, str], ...] = field(init=False)
    horizons: tuple[int, ...] = field(init=False)
    scopes: dict[Scope, str] = field(init=False)
    grants: dict[str, dict[Scope, bool]] = field(init=False)
    planners: frozenset[str] = field(init=False)
    leases: int = 1  # of requests, and one for as long as it is the current release
    pages: BoundedCache = field(default_factory=lambda: BoundedCache(_MAX_PAGES))
    counts: BoundedCache = field(default_factory=lambda: BoundedCache(_MAX_COUNTS))
    lists: BoundedCache = field(default_factory=lambda: BoundedCache(_MAX_LISTS))

    def viewer(self, email: str) -> Viewer:
        """The person and what they are entitled to; ``Forbidden`` when that is nothing."""
        if not self.lists_are_readable:
            raise Unavailable("no_entitlements")
        if email not in self.grants:
            raise Forbidden("not_on_staff")
        return Viewer(email, self.grants[email], email in self.planners)

    def query(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows as mappings, read on a cursor of its own: threads mustn't share one."""
        with self.connection.cursor() as cursor:
            return list(rows(cursor.execute(sql, list(values))))

    def query_named(self, sql: str, values: Mapping[str, object]) -> list[Row]:
        """The same, with parameters by name."""
        with self.connection.cursor() as cursor:
            return list(rows(cursor.execute(sql, dict(values))))

    def table(self, table: PublishedTable, day: date) -> str:
        """The table as of a published day, for a ``from``: the newest day in the database, older ones in Parquet."""
        if day == self.as_of_date:
            database = "counts" if table.file == "dashboard" else table.file
            return f"{database}.{table.schema}.{table.name}"
        return f"read_parquet({sql_string(self._parquet(table, day) / '*.parquet')}, hive_partitioning=false)"

    def lwia_of(self, scope: Scope) -> int | None:
        """The number of the LWIA that a scope is, or is in; ``None`` for the state."""
        if scope.type == "lwia":
            return int(scope.id)
        sql = "select lwia_number from counts.reference.scopes where scope_type = ? and scope_id = ?"
        return next((row["lwia_number"] for row in self.query(sql, [scope.type, scope.id])), None)

    def iwds_day(self, day: date) -> date | None:
        """The day that IWDS's rows of a published day are of; ``None`` when this machine doesn't have it."""
        if not self.has(DELIVERIES, day):
            return None
        sql = f"select max(as_of_date) as of_day from {self.table(DELIVERIES, day)} where system = 'iwds'"
        found: date | None = self.counts.get_or_make(("iwds_day", day), lambda: self.query(sql)[0]["of_day"])
        return found

    def has(self, table: PublishedTable, day: date) -> bool:
        """Whether this machine has it: the Parquet of older days may not have been copied, or may be removed."""
        if day == self.as_of_date or self._parquet(table, day).is_dir():
            return True
        if not (self.folder / RELEASE_RECORD).exists():
            raise ReleaseRemoved
        return False

    def _parquet(self, table: PublishedTable, day: date) -> Path:
        return self.folder / "parquet" / table.file / table.schema / table.name / f"as_of_date={day}"


def open_release(
    settings: Settings, folder: Path, version: tuple[object, ...], prepare: Callable[[OpenRelease], None]
) -> OpenRelease:
    """Opens the release in a folder and reads what every page needs; ``prepare`` can do more before it is shown."""
    record = json.loads((folder / RELEASE_RECORD).read_text())
    connection, lists_are_readable = connect(folder, settings.memory_limit, settings.threads)
    try:
        release = OpenRelease(
            folder=folder,
            version=version,
            as_of_date=date.fromisoformat(record["as_of_date"]),
            published_at=datetime.fromisoformat(record["published_at"]),
            days=tuple(date.fromisoformat(day) for day in record["days"]),
            connection=connection,
            lists_are_readable=lists_are_readable,
        )
        _require_marts(release)
        _read_facts(release)
        release.grants = _read_grants(release) if lists_are_readable else {}
        release.planners = _read_planners(release) if lists_are_readable else frozenset()
        prepare(release)
    except BaseException:
        connection.close()
        raise
    return release


def _require_marts(release: OpenRelease) -> None:
    tables = release.query("select schema_name || '.' || table_name as name from duckdb_tables()")
    existing = {row["name"] for row in tables}
    needed = [name for name in _REQUIRED_MARTS if release.lists_are_readable or not name.startswith("lists.")]
    if missing := [name for name in needed if name not in existing]:
        raise ValueError(
            f"an older version of yacp published it, and it lacks {', '.join(missing)}; run its newest day again"
        )


def _read_facts(release: OpenRelease) -> None:
    query = release.query
    notes = query("select section_key, note from counts.reference.sections where note is not null")
    release.notes = {row["section_key"]: row["note"] for row in notes}
    release.legend = {row["colour"]: row for row in query("from counts.reference.colours order by colour_number")}
    meanings = query(
        "select statuses.sync_status, statuses.sync_order, coalesce(problems.meaning, statuses.meaning) as meaning,"
        " coalesce(problems.next_step, statuses.next_step) as next_step"
        " from counts.reference.sync_statuses as statuses left join counts.sections.sync_problems as problems"
        " on statuses.sync_status = problems.sync_status and problems.scope_type = 'statewide' order by sync_order"
    )
    release.sync_meanings = {row["sync_status"]: row for row in meanings}
    release.rules = {row["line_key"]: row["rule"] for row in query("select line_key, rule from counts.reference.lines")}
    documents = query("from counts.reference.documents where address is not null order by length(document_name) desc")
    release.documents = tuple((row["document_name"], row["address"]) for row in documents)
    horizons = query("select distinct days_until_red from counts.sections.coming_due order by 1")
    release.horizons = tuple(row["days_until_red"] for row in horizons)
    scopes = query(
        "select scope_type, scope_id, scope_name from counts.sections.application_status where line_key = 'total'"
        f" order by {_WIDTH}, case scope_type when 'lwia' then cast(scope_id as integer) end,"
        " lower(scope_name), scope_id"
    )
    release.scopes = {Scope(row["scope_type"], row["scope_id"]): row["scope_name"] for row in scopes}


def _read_grants(release: OpenRelease) -> dict[str, dict[Scope, bool]]:
    """By e-mail address the scopes, widest first, and whether with lists; two rows of one scope give the union."""
    grants: dict[str, dict[Scope, bool]] = {}
    for row in release.query(
        "select email, scope_type, scope_id, bool_or(may_list_customers) as may_list"
        f" from customers.lists.entitlements group by email, scope_type, scope_id order by {_WIDTH}, scope_id"
    ):
        grants.setdefault(row["email"], {})[Scope(row["scope_type"], row["scope_id"])] = row["may_list"]
    return grants


def _read_planners(release: OpenRelease) -> frozenset[str]:
    """The addresses of those who are a customer's career planner and may list customers."""
    rows = release.query(
        "select distinct email from customers.lists.entitlements where may_list_customers"
        " and staff_id in (select career_planner_staff_id from customers.lists.customers)"
    )
    return frozenset(row["email"] for row in rows)
