"""What the lists are: their addresses, filters, columns and rows. ``list_pages`` makes pages and files of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dashboard import customer_lists
from dashboard.customer_lists import CustomerList, Filters
from dashboard.errors import NotFound
from dashboard.file_formats import Column
from dashboard.languages import Language
from dashboard.section_counts import LineLabel, line_label
from dashboard.visit import Visit


@dataclass(frozen=True)
class RequestedList:
    """A list that a visitor asked for; ``parent`` is the line that its line is a part of.

    ``unfiltered`` is there where the page offers a choice of its providers.
    """

    name: str
    customers: CustomerList
    filters: Filters
    line: LineLabel | None = None
    parent: LineLabel | None = None
    sort: str = ""
    unfiltered: CustomerList | None = None


@dataclass(frozen=True)
class ListDescription:
    """A kind of list. ``read`` finds the rows for a visit; ``parameters`` are those besides scope, day and language.

    ``headings`` are the columns of the files: each field and the translation key of its heading.
    """

    path: str
    template: str
    parameters: tuple[str, ...]
    headings: Mapping[str, str]
    read: Callable[[Visit], RequestedList]

    def file_columns(self, requested: RequestedList, language: Language) -> list[Column]:
        """The columns of its files, in a language."""
        names = {"sync_status": language.code_names("sync"), "iwds_status": language.code_names("iwds")}
        if requested.line:
            names["line_key"] = {requested.line.key: language.of_guide(requested.line.name)[0]}
        return [
            Column(language.text(heading), field, names.get(field), is_link=field == "customer_url")
            for field, heading in self.headings.items()
        ]


def _line_customers(visit: Visit) -> RequestedList:
    line = line_label(visit.release, visit.day, visit.request.path_params["line_key"])
    filters = Filters.parse(visit.release, visit.parameters)
    sort = visit.parameters.get("sort", customer_lists.DEFAULT_SORT)
    customers = customer_lists.line_customers(
        visit.release, line.key, visit.scope, visit.day, sort=sort, moved=filters.moved, previous_day=visit.previous_day
    )
    if not visit.viewer.sees_all:
        _require_own_provider(visit, customers, filters.provider)
    unfiltered = None if visit.scope.type == "provider" else customers
    parent = line_label(visit.release, visit.day, line.parent) if line.parent else None
    return RequestedList(line.key, customers.filtered(filters), filters, line, parent, sort, unfiltered)


def _require_own_provider(visit: Visit, customers: CustomerList, provider: str) -> None:
    """The same answer for a provider elsewhere and for one that isn't there."""
    sql = f"select 1 from ({customers.source}) where provider_id = ? limit 1"
    if provider and not visit.release.query(sql, [*customers.values, provider]):
        raise NotFound("no_such_parameter")


def _sync_problems(visit: Visit) -> RequestedList:
    filters = Filters.parse(visit.release, visit.parameters)
    customers = customer_lists.sync_problems(visit.release, visit.scope, visit.day)
    return RequestedList("sync_problems", customers.filtered(filters), filters)


_CUSTOMER_HEADINGS = {
    "customer_id": "column_customer_id",
    "first_name": "column_first_name",
    "last_name": "column_last_name",
    "provider_id": "column_provider_id",
    "provider_name": "column_provider",
    "lwia_number": "column_lwia",
}

LINE_CUSTOMERS = ListDescription(
    path="/lines/{line_key}",
    template="line.html",
    parameters=(*customer_lists.FILTERS, "sort"),
    headings={
        "as_of_date": "column_as_of",
        "line_key": "column_line",
        **_CUSTOMER_HEADINGS,
        "pathway": "column_pathway",
        "sync_status": "column_sync",
        "iwds_status": "column_iwds",
        "since_date": "column_since",
        "days_on_line": "column_days",
        "due_date": "column_due",
        "days_until_red": "column_until_red",
        "days_overdue": "column_overdue",
        "what": "column_what",
        "next_steps": "next_steps",
        "career_planner_email": "career_planner",
        "customer_url": "record",
    },
    read=_line_customers,
)

SYNC_PROBLEMS = ListDescription(
    path="/sync-problems",
    template="sync_problems.html",
    parameters=("sync",),
    headings={
        "as_of_date": "column_as_of",
        **_CUSTOMER_HEADINGS,
        "sync_status": "column_sync",
        "next_step": "next_steps",
        "iwds_candidate_ids": "column_candidates",
    },
    read=_sync_problems,
)
