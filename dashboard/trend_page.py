"""Trends: the counts and rates of lines over any span of published days, for one scope or several, in one picture."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from starlette.routing import Route

from dashboard.charts import LineChart, gap_spans, line_chart
from dashboard.database import Row
from dashboard.endpoints import Endpoints
from dashboard.errors import NotFound
from dashboard.page_templates import render_page
from dashboard.responses import CompressedPage
from dashboard.scopes import STATEWIDE, InvalidScope, Scope
from dashboard.section_counts import TREND_DAYS, LineLabel, line_label, line_labels, require_scope
from dashboard.visit import COMMON_PARAMETERS, Visit

MEASURES = {"count": "customer_count", "percent": "percent", "pass": "pass_rate", "loss": "loss_rate"}
LINES, SCOPES = ("line", "line2", "line3"), ("scope2", "scope3")
_FIRST_LINE = "not_synced"


@dataclass(frozen=True)
class Series:
    """A line of the dashboard in a scope: its letter in the picture, and its value on each published day."""

    letter: str
    label: LineLabel
    scope: Scope
    scope_name: str
    values: dict[date, float | None]


@dataclass(frozen=True)
class Trends:
    """What the page shows. ``table`` has the published days and the gaps between them, newest first."""

    measure: str
    first_day: date
    series: tuple[Series, ...]
    chart: LineChart
    table: tuple[tuple[date, date | None], ...]


def routes(endpoints: Endpoints) -> list[Route]:
    """The address of the page."""
    parameters = (*COMMON_PARAMETERS, *LINES, *SCOPES, "from", "measure")
    return [Route("/trends", endpoints.count_page(_page, parameters))]


def _page(visit: Visit) -> CompressedPage:
    return render_page(
        "trends.html",
        visit,
        trends=_trends(visit),
        measures=MEASURES,
        line_parameters=LINES,
        scope_parameters=SCOPES,
        choices=line_labels(visit.release, visit.day),
        nearby=_nearby_scopes(visit),
    )


def _trends(visit: Visit) -> Trends:
    require_scope(visit.release, visit.scope, visit.day)
    measure = visit.parameters.get("measure", "count")
    if measure not in MEASURES:
        raise NotFound("no_such_parameter")
    first = _first_day(visit)
    days = [day for day in visit.release.days if first <= day <= visit.day]
    pairs = list(product(_lines(visit), _scopes(visit)))
    found = _values(visit, MEASURES[measure], first, pairs)
    names = visit.release.scopes
    series = tuple(
        Series(chr(ord("A") + number), label, scope, names.get(scope, scope.id), found.get((label.key, scope), {}))
        for number, (label, scope) in enumerate(pairs)
    )
    values = [[(day, one.values.get(day)) for day in days] for one in series]
    table: list[tuple[date, date | None]] = [(day, None) for day in days]
    return Trends(
        measure=measure,
        first_day=first,
        series=series,
        chart=line_chart(days, values, whole=measure == "count"),
        table=tuple(sorted([*table, *gap_spans(days)], reverse=True)),
    )


def _first_day(visit: Visit) -> date:
    text = visit.parameters.get("from")
    if text is None:
        return max(visit.release.days[0], visit.day - timedelta(days=TREND_DAYS - 1))
    try:
        first = date.fromisoformat(text)
    except ValueError:
        raise NotFound("no_such_parameter") from None
    return min(first, visit.day)


def _lines(visit: Visit) -> list[LineLabel]:
    """The lines that the address names, each once; without one a line that everybody looks at."""
    keys = dict.fromkeys(visit.parameters[name] for name in LINES if name in visit.parameters)
    return [line_label(visit.release, visit.day, key) for key in keys or (_FIRST_LINE,)]


def _scopes(visit: Visit) -> list[Scope]:
    """The scope of the page, and those to compare it with: only what this person may see."""
    scopes = [visit.scope]
    for name in SCOPES:
        if text := visit.parameters.get(name):
            try:
                scope = Scope.parse(text)
            except InvalidScope:
                raise NotFound("no_such_scope") from None
            visit.viewer.require(scope)
            require_scope(visit.release, scope, visit.day)
            scopes.append(scope)
    return list(dict.fromkeys(scopes))


def _values(
    visit: Visit, column: str, first: date, pairs: list[tuple[LineLabel, Scope]]
) -> dict[tuple[str, Scope], dict[date, float | None]]:
    keys = sorted({label.key for label, _ in pairs})
    scopes = sorted({str(scope): scope for _, scope in pairs}.items())
    sql = f"""
        select line_key, scope_type, scope_id, as_of_date, {column} as value from counts.sections.history
        where as_of_date between ? and ? and line_key in (select unnest(?))
            and (scope_type || ':' || scope_id) in (select unnest(?))
    """
    names = [f"{scope.type}:{scope.id}" for _, scope in scopes]
    found: dict[tuple[str, Scope], dict[date, float | None]] = {}
    for row in visit.release.query(sql, [first, visit.day, keys, names]):
        key = row["line_key"], Scope(row["scope_type"], row["scope_id"])
        found.setdefault(key, {})[row["as_of_date"]] = row["value"]
    return found


def _nearby_scopes(visit: Visit) -> list[tuple[Scope, str]]:
    """What a scope is likely to be compared with: the state, its LWIA's neighbors, and the LWIA's providers."""
    release, viewer = visit.release, visit.viewer
    if not viewer.sees_all:
        return [(scope, release.scopes.get(scope, scope.id)) for scope in viewer.grants]
    sql = """
        select scope_type, scope_id, scope_name from counts.reference.scopes
        where scope_type = 'lwia' or (scope_type = 'provider' and lwia_number = ?)
        order by scope_type, case scope_type when 'lwia' then cast(scope_id as integer) end, lower(scope_name)
    """
    rows: list[Row] = release.query(sql, [release.lwia_of(visit.scope)])
    nearby = [(Scope(row["scope_type"], row["scope_id"]), row["scope_name"]) for row in rows]
    return [(STATEWIDE, release.scopes[STATEWIDE]), *nearby]
