"""Releases with what the morning digest reads, and the settings of a list of people."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from fake_receivers import Mailbox
from notice_setup import configured, publish

from orchestration.settings import Settings
from orchestration.state.releases import current

FRIDAY, SATURDAY, SUNDAY = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)
URL = "https://dashboard.example.org"

TABLES = {
    "dashboard": {
        "reference.lines": "section_number int, section_key text, line_number int, line_key text, line_name text,"
        " colour text, parent_line_key text",
        "reference.scopes": "scope_type text, scope_id text, scope_name text",
    },
    "customers": {
        "lists.entitlements": "staff_id text, email text, scope_type text, scope_id text, may_list_customers bool",
        "lists.customers": "customer_id text, provider_id text, lwia_number int, career_planner_staff_id text",
        "lists.line_customers": "customer_id text, section_key text, line_key text, days_until_red bigint",
        "lists.line_history": "customer_id text, section_key text, line_key text, valid_from date, valid_to date",
        "lists.scope_history": "customer_id text, provider_id text, lwia_number int, valid_from date, valid_to date",
    },
}
LINES = [
    (1, "s", 1, "waiting", "Waiting", "yellow", None),
    (1, "s", 2, "late", "Late", "red", "waiting"),
    (2, "t", 1, "missing", "Missing", "red", None),
]
SCOPES = [
    ("statewide", "IL", "Illinois"),
    ("lwia", "7", "Seven"),
    ("provider", "P1", "First"),
    ("provider", "P2", "Second"),
]
ADA, BEN, CAM = "ada@example.org", "ben@example.org", "cam@example.org"
STAFF = [
    ("A", ADA, "statewide", "IL", True),
    ("B", BEN, "provider", "P1", True),
    ("C", CAM, "provider", "P2", False),
]
"""Ada sees the state, Ben is a planner at P1, and Cam sees counts of P2."""


def publish_lists(
    config: Settings,
    *days: date,
    at: datetime | None = None,
    staff: Iterable[Sequence[Any]] = STAFF,
    **tables: Iterable[Sequence[Any]],
) -> None:
    """A release with these rows in the tables of customer lists, published at six in the morning after its day."""
    publish(config, *days)
    release = current(config)
    assert release is not None
    rows = {"lines": LINES, "scopes": SCOPES, "entitlements": staff, **tables}
    for file, created in TABLES.items():
        path = release.folder / f"{file}.duckdb"
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as connection:
            connection.execute("create schema reference; create schema lists")
            for name, columns in created.items():
                connection.execute(f"create table {name} ({columns})")
                if given := list(rows.get(name.split(".")[1], [])):
                    marks = ", ".join("?" * len(given[0]))
                    connection.executemany(f"insert into {name} values ({marks})", given)
    record = release.folder / "release.json"
    content = json.loads(record.read_text())
    content["published_at"] = (at or morning(days[-1].day + 1)).isoformat()
    record.write_text(json.dumps(content))


def red_since(customer: str, first: date, until: date | None = None, provider: str = "P1") -> dict[str, list[Any]]:
    """The tables of a customer who turned red on a day."""
    return {
        "customers": [(customer, provider, 7, None)],
        "line_history": [(customer, "s", "late", first, until)],
        "scope_history": [(customer, provider, 7, date(2026, 11, 1), None)],
    }


def morning(day: int, hour: int = 6, minute: int = 0) -> datetime:
    """A time in Chicago of a day of November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("America/Chicago"))


def with_digest(config: Settings, mailbox: Mailbox, *people: str, **more: Any) -> Settings:
    """The settings with a list of these people."""
    file = config.home / "digest.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{address}\n" for address in people or (ADA, BEN, CAM)))
    return configured(config, mailbox, digest_to=file, digest_url=URL, **more)
