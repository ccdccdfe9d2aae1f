"""The published rows of one customer, for people who may see a list with the customer."""

from dashboard.database import Row
from dashboard.errors import Forbidden, NotFound
from dashboard.release import CUSTOMERS, PublishedTable
from dashboard.scopes import STATEWIDE, Scope
from dashboard.visit import Visit


def readable_customer(visit: Visit, customer_id: str) -> Row:
    """The customer; the same answer for one that isn't there and for one that this person may not see."""
    if not any(visit.viewer.grants.values()):
        raise Forbidden("counts_only")
    if not visit.release.has(CUSTOMERS, visit.day):
        raise NotFound("no_lists_of_day")
    for row in customer_rows(visit, CUSTOMERS, customer_id, "customer_id"):
        scopes = (STATEWIDE, Scope("lwia", str(row["lwia_number"])), Scope("provider", row["provider_id"]))
        if any(visit.viewer.may_list(scope) for scope in scopes):
            return row
    raise NotFound("no_such_customer")


def customer_rows(visit: Visit, table: PublishedTable, customer_id: str, order: str) -> list[Row]:
    """The customer's rows of a table as of the visit's day; none where this machine doesn't have it."""
    if not visit.release.has(table, visit.day):
        return []
    sql = f"from {visit.release.table(table, visit.day)} where customer_id = ? order by {order}"
    return visit.release.query(sql, [customer_id])
