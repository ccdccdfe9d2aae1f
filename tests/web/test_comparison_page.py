"""Compare: what each place has is what the marts have, sorted, and no rates of small groups."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import DAY, DAY_BEFORE, Sample, query
from dashboard_site import Person, Site, rows_with, site_over
from longer_history import with_longer_history

from dashboard.comparison_page import SORTS
from dashboard.languages import day_count, percent, points

SMALLEST = 10


def places(sample: Sample, condition: str) -> set[str]:
    found = sample.query("dashboard", f"select scope_type, scope_id from it.reference.scopes where {condition}")
    return {f"{kind}:{name}" for kind, name in found}


def facts(database: Path, kind: str, section: str, line: str, before: object) -> dict[str, tuple[object, ...]]:
    """Customers, share red, its change, pass and loss rate and median wait, one place at a time."""
    found: dict[str, tuple[object, ...]] = {}
    for (name,) in query(database, f"select scope_id from it.reference.scopes where scope_type = '{kind}'"):
        here = f"scope_type = '{kind}' and scope_id = '{name}'"

        def one(column: str, table: str, condition: str, here: str = here) -> float | None:
            rows = query(database, f"select {column} from it.sections.{table} where {here} and {condition}")
            return rows[0][0] if rows else None  # type: ignore[return-value]

        red = {}
        for day in (DAY, before):
            every = one(
                "customer_count", "history", f"as_of_date = '{day}' and section_number = 1 and line_key = 'total'"
            )
            some = one("customer_count", "attention_history", f"as_of_date = '{day}' and colour = 'red'")
            red[day] = (every, some / every if every and some is not None else None)
        share, share_before = red[DAY][1], red[before][1]
        found[f"{kind}:{name}"] = (
            red[DAY][0],
            share,
            None if share is None or share_before is None else share - share_before,
            one(
                "sum(pass_rate)",
                "dashboard",
                f"section_key = '{section}' and colour = 'green' and parent_line_key is null",
            ),
            one("sum(loss_rate)", "dashboard", f"section_key = '{section}' and colour = 'grey'"),
            one("median_days", "waiting", f"line_key = '{line}'"),
        )
    return found


def assert_shown(page: str, expected: dict[str, tuple[object, ...]]) -> None:
    rows = rows_with(page, "compared")
    assert {row["data-compared"] for row in rows} == set(expected)
    too_small = 0
    for row in rows:
        customers, share, change, passed, lost, wait = expected[row["data-compared"]]
        assert row["customers"] == f"{customers:,}"
        if int(str(customers)) < SMALLEST:
            too_small += 1
            assert row["small-group"] == "Too small to compare (under 10 customers)"
            assert not {"share", "change", "pass", "loss", "waiting"} & set(row)
            continue
        shares = tuple(row.get(name, "") for name in ("share", "pass", "loss"))
        assert shares == (percent(share), percent(passed), percent(lost))  # type: ignore[arg-type]
        assert row.get("change", "") == ("" if change is None else f"{points(change)} points")  # type: ignore[arg-type]
        assert row.get("waiting", "") == ("" if wait is None else day_count(wait))  # type: ignore[arg-type]
    assert too_small > 0


@pytest.mark.parametrize(
    ("section", "line"), [("program_completion", "ready_for_review"), ("suitability_review", "progress_due")]
)
def test_lwias_have_the_numbers_of_the_marts(
    site: Site, sample: Sample, super_user: Person, section: str, line: str
) -> None:
    page = site.get(f"/compare?section={section}&line={line}", super_user.email).text
    assert_shown(page, facts(sample.home / "published/dashboard.duckdb", "lwia", section, line, DAY_BEFORE))


def test_an_lwia_shows_its_providers_and_a_provider_its_neighbors(
    site: Site, sample: Sample, super_user: Person
) -> None:
    expected = places(sample, "scope_type = 'provider' and lwia_number = 7")
    assert len(expected) > 1
    for scope in ("lwia:7", next(iter(expected))):
        page = site.get(f"/compare?scope={scope}", super_user.email).text
        assert {row["data-compared"] for row in rows_with(page, "compared")} == expected


@pytest.fixture
def long_site(sample: Sample, tmp_path: Path) -> Iterator[tuple[Site, Path]]:
    with_longer_history(sample.home / "published", tmp_path / "published", days=40)
    site = site_over(tmp_path / "published", tmp_path)
    with site.client:
        yield site, tmp_path / "published/current/dashboard.duckdb"


def test_the_change_is_since_the_newest_day_at_least_a_month_before(
    long_site: tuple[Site, Path], super_user: Person
) -> None:
    site, database = long_site
    page = site.get("/compare?since=month", super_user.email).text
    before = DAY - timedelta(days=30)
    assert_shown(page, facts(database, "lwia", "program_completion", "ready_for_review", before))
    assert f"Red since {before:%b} {before.day}, {before.year}" in page


def test_without_an_earlier_day_there_is_no_change(site: Site, super_user: Person) -> None:
    rows = rows_with(site.get("/compare?since=month", super_user.email).text, "compared")
    assert not any(row.get("change") for row in rows)
    assert sum(1 for row in rows if row.get("share")) > 10


def shown_number(row: dict[str, str], name: str) -> float | None:
    text = row.get(name, "").replace(",", "").replace("−", "-")
    found = re.match(r"[-+]?[\d.]+", text)
    return float(found[0]) if found else None


@pytest.mark.parametrize("sort", [sort for sort in SORTS if sort != "name"])
def test_every_column_sorts_both_ways_with_small_groups_and_empty_cells_last(
    site: Site, super_user: Person, sort: str
) -> None:
    column = {"red": "share"}.get(sort, sort)
    orders: dict[str, Callable[[list[float]], list[float]]] = {
        "": sorted, "-": lambda values: sorted(values, reverse=True)
    }  # fmt: skip
    for sign, order in orders.items():
        rows = rows_with(site.get(f"/compare?sort={sign}{sort}", super_user.email).text, "compared")
        small = ["small-group" in row for row in rows]
        assert small == sorted(small)
        values = [shown_number(row, column) for row in rows if "small-group" not in row]
        filled = [value for value in values if value is not None]
        assert values == order(filled) + [None] * (len(values) - len(filled))
        assert len(filled) > 3


def test_everybody_compares_only_what_they_may_see(
    site: Site, sample: Sample, super_user: Person, planner: Person
) -> None:
    page = site.get("/compare", planner.email).text
    own = places(sample, "true") & {
        f"{kind}:{name}"
        for kind, name in sample.query(
            "customers", f"select scope_type, scope_id from it.lists.entitlements where email = '{planner.email}'"
        )
    }
    assert {row["data-compared"] for row in rows_with(page, "compared")} == own
    assert ("/compare" in site.get("/", planner.email).text) == (len(own) > 1)
    assert site.get("/compare?scope=statewide", planner.email).status_code == 403
    for wrong in ("sort=nope", "section=nope", "section=enrollment_status", "line=nope", "since=nope"):
        assert site.get(f"/compare?{wrong}", super_user.email).status_code == 404


def test_the_size_of_a_small_group_is_a_setting(sample: Sample, super_user: Person, tmp_path: Path) -> None:
    site = site_over(sample.home / "published", tmp_path, smallest_group=100)
    with site.client:
        rows = rows_with(site.get("/compare", super_user.email).text, "compared")
    for row in rows:
        assert ("small-group" in row) == (int(row["customers"]) < 100)
