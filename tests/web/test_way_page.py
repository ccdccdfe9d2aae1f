"""A customer's way: the stays of the history, as far as the day shown, for who may list the customer."""

from datetime import date

import pytest
from conftest import DAY, DAY_BEFORE, Sample
from dashboard_site import Person, Site, rows_with


@pytest.fixture(scope="session")
def moved(sample: Sample, planner: Person) -> str:
    """A customer of the planner's LWIA who left a line and entered another."""
    [(found,)] = sample.query(
        "customers",
        "select customer_id from it.lists.customers where customer_id in"
        " (select customer_id from it.lists.line_history where valid_to is not null)"
        f" and lwia_number = {planner.scope.partition(':')[2]} order by 1 limit 1",
    )
    return str(found)


@pytest.mark.parametrize("day", [DAY, DAY_BEFORE])
def test_the_way_has_the_stays_of_the_history(
    site: Site, sample: Sample, planner: Person, moved: str, day: date
) -> None:
    page = site.get(f"/ways/{moved}?as_of={day}", planner.email)
    shown = [(row["data-line"], row["data-from"], row["data-until"]) for row in rows_with(page.text, "from")]
    expected = sample.query(
        "customers",
        f"select line_key, valid_from, if(valid_to <= date '{day}', valid_to, null) from it.lists.line_history"
        f" where customer_id = '{moved}' and valid_from <= date '{day}'",
    )
    assert len(shown) > 2
    assert sorted(shown) == sorted((line, str(first), str(until or "")) for line, first, until in expected)
    assert any(until for *_, until in shown) == (day == DAY)
    assert page.text.count('class="stay"') == len(shown)
    assert page.headers["cache-control"] == "no-store"
    assert page.text.count("or earlier") == sum(1 for _, first, _ in expected if first == DAY_BEFORE)


def test_only_who_may_list_a_customer_sees_the_way(
    site: Site, sample: Sample, super_user: Person, planner: Person, provider_staff: Person, moved: str
) -> None:
    lwia = planner.scope.partition(":")[2]
    [(elsewhere,)] = sample.query(
        "customers", f"select min(customer_id) from it.lists.customers where lwia_number <> {lwia}"
    )
    assert site.get(f"/ways/{moved}", super_user.email).status_code == 200
    assert site.get(f"/ways/{elsewhere}", planner.email).status_code == 404
    assert site.get("/ways/nobody", planner.email).status_code == 404
    assert site.get(f"/ways/{moved}", provider_staff.email).status_code == 403
    assert [entry["customer"] for entry in site.logged()] == [moved]


def test_each_view_is_logged_and_lists_lead_there(site: Site, planner: Person, moved: str) -> None:
    site.get(f"/ways/{moved}", planner.email)
    (entry,) = site.logged()
    assert (entry["view"], entry["who"], entry["customer"]) == ("way", planner.email, moved)
    assert f'href="/ways/{moved}?' in site.get(f"/customers/{moved}", planner.email).text
    for path in ("/lines/not_synced", "/sync-problems"):
        page = site.get(path, planner.email).text
        listed = [row["data-customer"] for row in rows_with(page, "customer")]
        assert listed
        assert all(f'href="/ways/{customer}?' in page for customer in listed)
