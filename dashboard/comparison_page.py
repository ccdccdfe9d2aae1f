"""Compare: LWIAs, or an LWIA's providers, side by side. Only scopes that the visitor may see."""

from dataclasses import dataclass
from datetime import date, timedelta

from starlette.routing import Route

from dashboard.database import Row
from dashboard.endpoints import Endpoints
from dashboard.errors import NotFound
from dashboard.page_templates import render_page
from dashboard.release import WAITING
from dashboard.responses import CompressedPage
from dashboard.scopes import Scope
from dashboard.section_counts import LineLabel, line_label, line_labels, require_scope
from dashboard.settings import Settings
from dashboard.visit import COMMON_PARAMETERS, Visit

CHANGES = {"day": 1, "month": 30}
"""Since when: at least so many days before the day shown."""
SORTS = ("name", "customers", "red", "change", "pass", "loss", "waiting")
_DEFAULT_SECTION, _DEFAULT_LINE = "program_completion", "ready_for_review"


@dataclass(frozen=True)
class Compared:
    """A scope among others. Shares and rates are from 0 to 1; ``change`` is that of the share that is red."""

    scope: Scope
    name: str
    customers: int
    red: float | None
    change: float | None
    pass_rate: float | None
    loss_rate: float | None
    waiting: float | None
    is_too_small: bool

    def value(self, sort: str) -> object:
        """What a column is sorted by."""
        values = {"red": self.red, "change": self.change, "pass": self.pass_rate, "loss": self.loss_rate}
        return {"customers": self.customers, "waiting": self.waiting, **values}[sort]


@dataclass(frozen=True)
class ComparisonPage:
    """A row per scope, with the groups that are too small at the end and without rates."""

    settings: Settings

    def routes(self, endpoints: Endpoints) -> list[Route]:
        """Its address."""
        parameters = (*COMMON_PARAMETERS, "section", "line", "since", "sort")
        return [Route("/compare", endpoints.count_page(self._page, parameters))]

    def _page(self, visit: Visit) -> CompressedPage:
        require_scope(visit.release, visit.scope, visit.day)
        every = line_labels(visit.release, visit.day)
        sections = {label.section_key: label for label in every if label.colour == "grey"}
        section = _one_of(visit.parameters.get("section", _DEFAULT_SECTION), sections)
        line = line_label(visit.release, visit.day, visit.parameters.get("line", _DEFAULT_LINE))
        since = _one_of(visit.parameters.get("since", "day"), CHANGES)
        before = max((day for day in visit.release.days if (visit.day - day).days >= CHANGES[since]), default=None)
        sort = visit.parameters.get("sort", "-red")
        found = [self._compared(row) for row in _rows(visit, section, line, before)]
        return render_page(
            "compare.html",
            visit,
            compared=_sorted(found, sort),
            sections=sections,
            section=section,
            line=line,
            choices=every,
            changes=CHANGES,
            since=since,
            before=before,
            sort=sort,
            smallest=self.settings.smallest_group,
            is_within=visit.viewer.sees_all,
        )

    def _compared(self, row: Row) -> Compared:
        customers = row["customers"]
        red, red_before = row["red_share"], row["red_share_before"]
        return Compared(
            scope=Scope(row["scope_type"], row["scope_id"]),
            name=row["scope_name"],
            customers=customers,
            red=red,
            change=None if red is None or red_before is None else red - red_before,
            pass_rate=row["pass_rate"],
            loss_rate=row["loss_rate"],
            waiting=row["median_days"],
            is_too_small=customers < self.settings.smallest_group,
        )


def _rows(visit: Visit, section: str, line: LineLabel, before: date | None) -> list[Row]:
    release = visit.release
    scopes, values = _scopes(visit)
    is_waiting_here = release.has(WAITING, visit.day)
    waiting = release.table(WAITING, visit.day) if is_waiting_here else "counts.sections.waiting"
    sql = f"""
        with scopes as ({scopes}),
        customers as (
            select scope_type, scope_id, as_of_date, max(customer_count) as customers
            from counts.sections.history
            where as_of_date in ($day, $before) and section_key = 'application_status' and line_key = 'total'
            group by all
        ),
        red as (
            select attention.scope_type, attention.scope_id, attention.as_of_date,
                1e0 * attention.customer_count / nullif(customers.customers, 0) as red_share
            from counts.sections.attention_history as attention
            inner join customers using (scope_type, scope_id, as_of_date)
            where attention.colour = 'red'
        ),
        rates as (
            select scope_type, scope_id, sum(pass_rate) as pass_rate, sum(loss_rate) as loss_rate
            from counts.sections.history
            where as_of_date = $day and section_key = $section and parent_line_key is null group by all
        ),
        waiting as (
            select scope_type, scope_id, median_days from {waiting} where line_key = $line and $is_waiting_here
        )
        select scopes.*, coalesce(customers.customers, 0) as customers, red.red_share,
            red_before.red_share as red_share_before, rates.pass_rate, rates.loss_rate, waiting.median_days
        from scopes
        left join customers on customers.scope_type = scopes.scope_type and customers.scope_id = scopes.scope_id
            and customers.as_of_date = $day
        left join red on red.scope_type = scopes.scope_type and red.scope_id = scopes.scope_id
            and red.as_of_date = $day
        left join red as red_before on red_before.scope_type = scopes.scope_type
            and red_before.scope_id = scopes.scope_id and red_before.as_of_date = $before
        left join rates on rates.scope_type = scopes.scope_type and rates.scope_id = scopes.scope_id
        left join waiting on waiting.scope_type = scopes.scope_type and waiting.scope_id = scopes.scope_id
    """
    # A day that can't be: without an earlier day there is nothing to compare with.
    earlier = before or visit.day + timedelta(days=1)
    named = {"day": visit.day, "before": earlier, "section": section, "line": line.key}
    return release.query_named(sql, {**values, **named, "is_waiting_here": is_waiting_here})


def _scopes(visit: Visit) -> tuple[str, dict[str, object]]:
    """Who sees the whole state compares what is inside the scope; everybody else the places that are theirs."""
    columns = "select scope_type, scope_id, scope_name from counts.reference.scopes"
    if not visit.viewer.sees_all:
        names = [f"{scope.type}:{scope.id}" for scope in visit.viewer.grants]
        return f"{columns} where scope_type || ':' || scope_id in (select unnest($names))", {"names": names}
    if visit.scope.type == "statewide":
        return f"{columns} where scope_type = 'lwia'", {}
    return f"{columns} where scope_type = 'provider' and lwia_number = $lwia", {
        "lwia": visit.release.lwia_of(visit.scope)
    }


def _sorted(compared: list[Compared], sort: str) -> list[Compared]:
    """By a column, whose empty cells come last; groups that are too small after all others."""
    name, is_down = sort.removeprefix("-"), sort.startswith("-")
    if name not in SORTS:
        raise NotFound("no_such_parameter")
    by_name = sorted(compared, key=lambda one: (_number(one.scope), one.name.casefold()), reverse=is_down)
    if name != "name":
        by_name.sort(key=lambda one: one.value(name) or 0, reverse=is_down)  # type: ignore[arg-type, return-value]
        by_name.sort(key=lambda one: one.value(name) is None)
    return sorted(by_name, key=lambda one: one.is_too_small)


def _number(scope: Scope) -> int:
    return int(scope.id) if scope.type == "lwia" else 0


def _one_of(value: str, known: object) -> str:
    if value not in known:  # type: ignore[operator]
        raise NotFound("no_such_parameter")
    return value
