"""Forgetting a person: out of the archive, the warehouse and the customer lists; counts stay as they were published.

What leads to the rest goes last: the lists, then quarantine, IWDS, what hangs on the customer, applications, the
customer. So the same command finishes what was broken off at any point.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from orchestration.failures import UsageError
from orchestration.privacy import archived_rows, published_lists
from orchestration.privacy.person import Person
from orchestration.settings import Settings
from orchestration.state.database import Table, connect
from orchestration.warehouse.preparation import delete_warehouse


def find(settings: Settings, customer_id: str) -> Table:
    """What is kept of a person, by place; ``UsageError`` when there is nothing."""
    with _person(settings, customer_id) as person:
        found = _found(person)
    if not found.rows:
        raise UsageError("Nobody of this id is in the archive or in the customer lists; there is nothing to remove.")
    return found


def forget(settings: Settings, customer_id: str) -> Table:
    """Removes a person from everything kept, and returns what was removed. Wants the warehouse's turn."""
    with _person(settings, customer_id) as person:
        found = _found(person)
        delete_warehouse(settings)
        published_lists.erase(person)
        archived_rows.erase(person)
    return found


def _found(person: Person) -> Table:
    rows: list[tuple[object, ...]] = [
        (place, sum(held.values()), len(held))
        for place, held in (published_lists.find(person) | archived_rows.find(person)).items()
    ]
    return Table(("place", "rows", "files"), [row for row in rows if row[1]])


@contextmanager
def _person(settings: Settings, customer_id: str) -> Iterator[Person]:
    try:
        with connect(settings) as connection:
            yield Person(settings, connection, customer_id)
    except duckdb.IOException as error:
        raise UsageError(
            f"A file can't be read: {str(error).splitlines()[0]} What was removed stays removed; close the file "
            "elsewhere or mend it, then give the same command again."
        ) from None
