"""Waiting, and flow and funnel: what the pages show is what the marts have."""

import re

import pytest
from conftest import DAY, DAY_BEFORE, Sample
from dashboard_site import Person, Site, rows_with

from dashboard.flow_page import BAR_WIDTH, OUTCOMES, bar_parts
from dashboard.languages import day_count, percent

DAYS = [DAY, DAY_BEFORE]


def of_mart(sample: Sample, table: str, day: object, scope: str, columns: str, order: str) -> list[tuple[object, ...]]:
    parquet = sample.home / "published/parquet/dashboard/sections" / table / f"as_of_date={day}/*.parquet"
    kind, _, name = scope.partition(":")
    return sample.query(
        "dashboard",
        f"select {columns} from read_parquet('{parquet}') as mart where mart.scope_type = '{kind}'"
        f" and mart.scope_id = '{name or 'IL'}' order by {order}",
    )


def text_of(days: object) -> str:
    return "—" if days is None else day_count(float(str(days)))


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("scope", ["statewide", "lwia:7"])
def test_waiting_has_the_days_of_the_mart(
    site: Site, sample: Sample, super_user: Person, scope: str, day: object
) -> None:
    page = site.get(f"/waiting?scope={scope}&as_of={day}", super_user.email).text
    shown = {(row["data-line"], row["data-stays"]): row for row in rows_with(page, "stays")}
    columns = "line_key, customer_count, median_days, p75_days, p90_days, most_days"
    now = of_mart(sample, "waiting", day, scope, columns, "1")
    ended = of_mart(sample, "waiting", day, scope, re.sub(r"(\w+_days)", r"completed_\1", columns).replace(
        "customer_count", "completed_stay_count"
    ), "1")  # fmt: skip
    clocks = {line for line, _, *found in [*now, *ended] if found[0] is not None}
    limits = dict(sample.query("dashboard", "select line_key, limit_days from it.reference.lines"))
    assert {line for line, _ in shown} == clocks | {line for line, limit in limits.items() if limit is not None}
    for kind, rows in (("now", now), ("completed", ended)):
        for line, count, *found in rows:
            if (row := shown.get((str(line), kind))) is not None:
                assert row["count"] == f"{count:,}"
                assert row["limit"] == ("—" if limits[line] is None else str(limits[line]))
                assert [row[name] for name in ("median", "p75", "p90", "longest")] == [text_of(one) for one in found]


def test_a_bar_is_as_long_as_the_wait(site: Site, super_user: Person) -> None:
    page = site.get("/waiting", super_user.email).text
    scales = [
        (found.start(), float(found[1].replace(",", "")))
        for found in re.finditer(r"The bars go from 0 to ([\d,.]+) days", page)
    ]
    assert len(scales) == 7
    bars = list(
        re.finditer(
            r'aria-label="Median ([\d,.]+) days.*?class="p90"[^>]*width="(\d+)".*?class="median"[^>]*width="(\d+)"',
            page, re.DOTALL,
        )
    )  # fmt: skip
    assert len(bars) > 20
    for bar in bars:
        scale = [days for start, days in scales if start < bar.start()][-1]
        assert int(bar[3]) == round(float(bar[1].replace(",", "")) / scale * 1000)
        assert int(bar[3]) <= int(bar[2]) <= 1000


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("scope", ["statewide", "lwia:7"])
def test_the_funnel_has_the_stages_of_the_mart(
    site: Site, sample: Sample, super_user: Person, scope: str, day: object
) -> None:
    page = site.get(f"/flow?scope={scope}&as_of={day}", super_user.email).text
    columns = "stage_key, customer_count, share_of_stage_before, share_of_first"
    before = None
    shown = rows_with(page, "stage")
    for row, (key, count, of_before, of_first) in zip(
        shown, of_mart(sample, "funnel", day, scope, columns, "stage_number"), strict=True
    ):
        assert (row["data-stage"], row["count"]) == (key, f"{count:,}")
        assert (row.get("before", ""), row["first"]) == (percent(of_before), percent(of_first))  # type: ignore[arg-type]
        assert row.get("lost", "") == ("" if before is None else f"{before - int(str(count)):,}")
        before = int(str(count))
    assert len(shown) == 6


def test_losses_are_the_grey_lines_and_lead_to_their_lists(
    site: Site, sample: Sample, super_user: Person, provider_staff: Person
) -> None:
    page = site.get("/flow", super_user.email).text
    grey = sample.query(
        "dashboard",
        "select line_key, customer_count, loss_rate from it.sections.dashboard where scope_type = 'statewide'"
        " and colour = 'grey' order by section_number, line_number",
    )
    rows = rows_with(page, "lost")
    assert [(row["data-lost"], row["count"], row["loss"]) for row in rows] == [
        (key, f"{count:,}", percent(rate))  # type: ignore[arg-type]
        for key, count, rate in grey
    ]
    for row in rows:
        listed = site.get(row["href"], super_user.email).text
        assert f'data-matching="{row["count"]}"' in listed
    assert 'href="/lines/' not in site.get("/flow", provider_staff.email).text


def test_each_month_of_entry_has_the_rows_of_the_mart(site: Site, sample: Sample, super_user: Person) -> None:
    columns = "entered_month, outcome, to_line_key, customer_count, median_days, line_key"
    rows = of_mart(sample, "flow", DAY, "statewide", columns, "all")
    lines = {str(row[-1]) for row in rows}
    assert len(lines) > 10
    for line in lines:
        page = site.get(f"/flow?line={line}", super_user.email).text
        shown = rows_with(page, "month")
        assert sorted(
            (row["data-month"], row["data-outcome"], row["data-to"], row["customers"], row["median"]) for row in shown
        ) == sorted(
            (str(month), outcome, to or "", f"{count:,}", text_of(days))
            for month, outcome, to, count, days, key in rows
            if key == line
        )
        parts = re.findall(r'class="part-(\w+)" x="(\d+)"[^>]*width="(\d+)"', page.partition('id="months"')[2])
        drawn = [part for part in parts if part[2] != "60"]
        assert sum(int(width) for _, _, width in drawn) == BAR_WIDTH * len({row["data-month"] for row in shown})
    assert 'id="no-entries"' in site.get("/flow?line=withdrew", super_user.email).text
    assert site.get("/flow?line=nope", super_user.email).status_code == 404
    assert set(OUTCOMES) >= {str(row[1]) for row in rows}


def test_the_parts_of_a_bar_follow_each_other() -> None:
    counts = {"went_on": 3, "left_to_grey": 0, "left": 1, "still_there": 4}
    assert bar_parts(counts) == (("went_on", 0, 375), ("left", 375, 125), ("still_there", 500, 500))
