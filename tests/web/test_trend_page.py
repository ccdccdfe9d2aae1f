"""Trends: what the picture and its table show is what the history has, for every day, line and scope."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import DAY, DAY_BEFORE, Sample, query
from dashboard_site import Person, Site, rows_with, site_over
from longer_history import UNPUBLISHED, with_longer_history

from dashboard.charts import gap_spans, line_chart, scale_end
from dashboard.languages import percent


@pytest.fixture(scope="module")
def long_site(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Path]]:
    folder = tmp_path_factory.mktemp("long")
    with_longer_history(sample.home / "published", folder)
    site = site_over(folder, tmp_path_factory.mktemp("log"))
    with site.client:
        yield site, folder / "current" / "dashboard.duckdb"


@pytest.mark.parametrize(
    ("measure", "column"),
    [("count", "customer_count"), ("percent", "percent"), ("pass", "pass_rate"), ("loss", "loss_rate")],
)
def test_the_table_has_the_values_of_the_history(
    long_site: tuple[Site, Path], super_user: Person, measure: str, column: str
) -> None:
    site, database = long_site
    lines, first = ("application_submitted", "review_declined"), DAY - timedelta(days=25)
    address = f"/trends?line={lines[0]}&line2={lines[1]}&scope2=lwia:7&measure={measure}&from={first}"
    page = site.get(address, super_user.email).text
    found = query(
        database,
        f"select as_of_date, line_key, scope_type, {column} from it.sections.history"
        f" where as_of_date >= '{first}' and line_key in {lines} and scope_id in ('IL', '7')"
        " and scope_type in ('statewide', 'lwia') order by as_of_date desc",
    )
    letters = dict(zip([(line, scope) for line in lines for scope in ("statewide", "lwia")], "ABCD", strict=True))
    shown = {row["data-day"]: row for row in rows_with(page, "day")}
    assert len(shown) == len({day for day, *_ in found}) > 20
    for day, line, scope, value in found:
        text = f"{value:,}" if measure == "count" else percent(value)  # type: ignore[str-bytes-safe, arg-type]
        assert shown[str(day)].get(letters[line, scope], "") == text


def test_days_without_a_publication_are_gaps(long_site: tuple[Site, Path], super_user: Person) -> None:
    site, _ = long_site
    page = site.get(f"/trends?from={DAY - timedelta(days=25)}", super_user.email).text
    spans = re.findall(r'<tr class="unpublished"><th scope="row">(.*?)</th>', page)
    said = [re.findall(r'datetime="([^"]*)"', span) for span in spans]
    missing = [str(DAY_BEFORE - timedelta(days=before)) for before in UNPUBLISHED]
    assert said == [[missing[1], missing[0]], [missing[2]]]
    assert page.count('<rect class="gap"') == 2
    assert page.partition('data-series="A"')[2].partition("</g>")[0].count("<polyline") == 3
    assert site.get("/trends?from=2000-01-01", super_user.email).status_code == 200


def test_a_line_is_broken_where_it_has_no_value_and_starts_from_zero() -> None:
    days = [date(2026, 11, day) for day in (1, 2, 3, 5, 6)]
    values = list(zip(days, [4.0, None, 6.0, 8.0, 10.0], strict=True))
    chart = line_chart(days, [values, [(day, None) for day in days]], whole=True)
    line, empty = chart.lines
    assert empty is None
    assert line is not None
    assert (len(line.segments), len(line.dots)) == (1, 2)  # the 5th and 6th; the 1st and the 3rd alone
    assert next(value for _, value in chart.values) == 0
    assert chart.values[-1][1] >= 10
    assert len(chart.gaps) == len(gap_spans(days)) == 1


@pytest.mark.parametrize(("highest", "end"), [(0, 1), (1, 1), (1.1, 2), (99, 100), (101, 200), (0.03, 0.05)])
def test_a_scale_ends_at_a_round_number(highest: float, end: float) -> None:
    assert scale_end(highest) == pytest.approx(end)


def test_another_scope_is_drawn_only_for_who_may_see_it(site: Site, planner: Person, super_user: Person) -> None:
    assert site.get("/trends", planner.email).status_code == 200
    assert site.get(f"/trends?scope2={planner.scope}", planner.email).status_code == 200
    assert site.get("/trends?scope2=statewide", planner.email).status_code == 403
    for wrong in (
        "line=nope",
        "line=total",
        "measure=nope",
        "from=nope",
        "scope2=nope",
        "scope2=lwia:99999",
        "line4=x",
    ):
        assert site.get(f"/trends?{wrong}", super_user.email).status_code == 404
