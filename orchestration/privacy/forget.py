"""Forgetting a person: in the archive, the warehouse and the customer lists. Counts stay as they were published.

Rows that identify others are removed last: the lists, then quarantine, IWDS, the customer's other rows, applications,
and the customer. So after an interruption, the same command still finds the rest and finishes.
"""

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
    """How many rows of a person are kept, and where; ``UsageError`` when there are none."""
    with _person(settings, customer_id) as person:
        found = _found(person)
    if not found.rows:
        raise UsageError("No one with this id is in the archive or in the customer lists; there is nothing to remove.")
    return found


def forget(settings: Settings, customer_id: str) -> Table:
    """Removes a person from everything kept, and returns what was removed. The caller holds the warehouse."""
    with _person(settings, customer_id) as person:
        found = _found(person)
        delete_warehouse(settings)
        published_lists.erase(person)
        archived_rows.erase(person)
    return found


def _found(person: Person) -> Table:
    found = published_lists.find(person) | archived_rows.find(person)
    return Table(
        ("place", "rows", "files"),
        [(where, sum(by_file.values()), len(by_file)) for where, by_file in found.items() if by_file],
    )


@contextmanager
def _person(settings: Settings, customer_id: str) -> Iterator[Person]:
    try:
        with connect(settings) as connection:
            yield Person(settings, connection, customer_id)
    except duckdb.IOException as error:
        raise UsageError(
            f"A file can't be read: {str(error).splitlines()[0]} What was removed stays removed. Close the file in "
            "other programs or repair it, then run the same command again."
        ) from None
