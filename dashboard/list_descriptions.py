"""What the lists are: their addresses, filters, columns and rows. ``list_pages`` makes pages and files of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard import customer_lists
from dashboard.customer_lists import CustomerList, Filters
from dashboard.file_formats import Column
from dashboard.languages import Language
from dashboard.section_counts import LineLabel, line_label
from dashboard.visit import Visit


@dataclass(frozen=True)
class ListColumn:
    """A column of the files: the translation key of its heading, the field, and of which kind the field's codes are."""

    heading: str
    field: str
    code_kind: str = ""


@dataclass(frozen=True)
class RequestedList:
    """A list that a visitor asked for; ``unfiltered`` where the page offers a choice of its providers."""

    name: str
    customers: CustomerList
    filters: Filters
    line: LineLabel | None = None
    sort: str = ""
    unfiltered: CustomerList | None = None


@dataclass(frozen=True)
class ListDescription:
    """A kind of list. ``read`` finds the rows for a visit; ``parameters`` are those besides scope, day and language."""

    path: str
    template: str
    parameters: tuple[str, ...]
    columns: tuple[ListColumn, ...]
    read: Callable[[Visit], RequestedList]

    def file_columns(self, requested: RequestedList, language: Language) -> list[Column]:
        """The columns of its files, in a language."""
        names = {kind: language.code_names(kind) for kind in ("sync", "iwds")}
        if requested.line:
            names["line"] = {requested.line.key: language.of_guide(requested.line.name)[0]}
        return [Column(language.text(c.heading), c.field, names.get(c.code_kind)) for c in self.columns]


def _line_customers(visit: Visit) -> RequestedList:
    line = line_label(visit.release, visit.day, visit.request.path_params["line_key"])
    filters = Filters.parse(visit.release, visit.parameters)
    sort = visit.parameters.get("sort", customer_lists.DEFAULT_SORT)
    customers = customer_lists.line_customers(
        visit.release,
        line.key,
        visit.scope,
        visit.day,
        moved=filters.moved,
        previous_day=visit.previous_day,
        sort=sort,
    )
    unfiltered = None if visit.scope.type == "provider" else customers
    return RequestedList(line.key, customers.filtered(filters), filters, line, sort, unfiltered)


def _sync_problems(visit: Visit) -> RequestedList:
    filters = Filters.parse(visit.release, visit.parameters)
    customers = customer_lists.sync_problems(visit.release, visit.scope, visit.day)
    return RequestedList("sync_problems", customers.filtered(filters), filters)


_CUSTOMER_COLUMNS = (
    ListColumn("column_customer_id", "customer_id"),
    ListColumn("column_first_name", "first_name"),
    ListColumn("column_last_name", "last_name"),
    ListColumn("column_provider_id", "provider_id"),
    ListColumn("column_provider", "provider_name"),
    ListColumn("column_lwia", "lwia_number"),
)

LINE_CUSTOMERS = ListDescription(
    path="/lines/{line_key}",
    template="line.html",
    parameters=(*customer_lists.FILTERS, "sort"),
    columns=(
        ListColumn("column_as_of", "as_of_date"),
        ListColumn("column_line", "line_key", code_kind="line"),
        *_CUSTOMER_COLUMNS,
        ListColumn("column_pathway", "pathway"),
        ListColumn("column_sync", "sync_status", code_kind="sync"),
        ListColumn("column_iwds", "iwds_status", code_kind="iwds"),
        ListColumn("column_since", "since_date"),
        ListColumn("column_days", "days_on_line"),
        ListColumn("column_due", "due_date"),
        ListColumn("column_overdue", "days_overdue"),
        ListColumn("next_steps", "next_steps"),
    ),
    read=_line_customers,
)

SYNC_PROBLEMS = ListDescription(
    path="/sync-problems",
    template="sync_problems.html",
    parameters=("sync",),
    columns=(
        ListColumn("column_as_of", "as_of_date"),
        *_CUSTOMER_COLUMNS,
        ListColumn("column_sync", "sync_status", code_kind="sync"),
        ListColumn("next_steps", "next_step"),
        ListColumn("column_candidates", "iwds_candidate_ids"),
    ),
    read=_sync_problems,
)
