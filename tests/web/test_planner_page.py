"""My customers: a planner's own red lines and those that turn red next, and nobody else's."""

from datetime import date

import pytest
from conftest import DAY, DAY_BEFORE, Sample
from dashboard_site import Person, Site, rows_with

HORIZON = 5


def own_rows(sample: Sample, email: str, day: date = DAY) -> list[tuple[str, str]]:
    """Customer and line, in the order of the page."""
    parquet = sample.home / "published/parquet/customers/lists/line_customers" / f"as_of_date={day}/data.parquet"
    found = sample.query(
        "customers",
        f"select customer_id, line_key from read_parquet('{parquet}') where career_planner_staff_id in"
        f" (select staff_id from it.lists.entitlements where email = '{email}')"
        f" and (colour = 'red' or days_until_red between 1 and {HORIZON})"
        " order by colour = 'red' desc, due_date nulls last, lower(last_name), lower(first_name), customer_id,"
        " section_number, line_number",
    )
    return [(str(customer), str(line)) for customer, line in found]


@pytest.fixture(scope="session")
def own_planner(sample: Sample) -> Person:
    """A career planner who has customers on red lines and some that turn red soon."""
    [(email, scope)] = sample.query(
        "customers",
        "select email, scope_type || ':' || scope_id from it.lists.entitlements as staff"
        " inner join it.lists.line_customers as lines on lines.career_planner_staff_id = staff.staff_id"
        " where role = 'career_planner' group by all having count(*) filter (where colour = 'red') > 0"
        f" and count(*) filter (where days_until_red between 1 and {HORIZON}) > 0 order by all limit 1",
    )
    return Person(str(email), str(scope))


@pytest.mark.parametrize("day", [DAY, DAY_BEFORE])
def test_a_planner_sees_their_own_customers_in_order(
    site: Site, sample: Sample, own_planner: Person, day: date
) -> None:
    page = site.get(f"/my-customers?as_of={day}", own_planner.email)
    rows = [(row["data-customer"], row["data-line"]) for row in rows_with(page.text, "customer")]
    assert len(rows) > 3
    assert rows == own_rows(sample, own_planner.email, day)
    assert page.headers["cache-control"] == "no-store"


def test_it_is_the_first_page_of_a_planner_and_of_nobody_else(
    site: Site, own_planner: Person, super_user: Person, planner: Person, provider_staff: Person
) -> None:
    first = site.get("/?lang=es", own_planner.email)
    address = f"/my-customers?scope={own_planner.scope}&lang=es"
    assert (first.status_code, first.headers["location"]) == (303, address)
    assert site.get(address, own_planner.email).status_code == 200
    assert 'id="sections"' in site.get(f"/?scope={own_planner.scope}", own_planner.email).text
    for person in (super_user, planner, provider_staff):
        page = site.get("/", person.email)
        assert page.status_code == 200
        assert "/my-customers" not in page.text


def test_who_has_no_customers_sees_none(site: Site, super_user: Person, provider_staff: Person) -> None:
    assert 'id="empty"' in site.get("/my-customers", super_user.email).text
    assert site.get("/my-customers", provider_staff.email).status_code == 403
    assert site.get("/my-customers?page=2", super_user.email).status_code == 404


def test_each_view_is_logged_without_a_name(site: Site, sample: Sample, own_planner: Person) -> None:
    expected = len(own_rows(sample, own_planner.email))
    for _ in range(2):  # from the cache, too
        site.get("/my-customers", own_planner.email)
    first, second = site.logged()
    assert {key: first[key] for key in ("view", "who", "rows", "matching")} == {
        "view": "my_customers", "who": own_planner.email, "rows": expected, "matching": expected,
    }  # fmt: skip
    assert second["view"] == "my_customers"
