"""The page of a customer: for whom it is there, what it shows, and what is logged."""

from html import unescape
from pathlib import Path

import duckdb
import pytest
from conftest import DAY_BEFORE, Sample
from dashboard_site import Person, Site, site_over

from dashboard.customer_page import STEPS


def in_scope(person: Person) -> str:
    kind, _, name = person.scope.partition(":")
    return {"lwia": f"lwia_number = {name}", "provider": f"provider_id = '{name}'"}.get(kind, "true")


def one_customer(sample: Sample, condition: str) -> str:
    [(customer,)] = sample.query(
        "customers", f"select customer_id from it.lists.customers where {condition} order by 1 limit 1"
    )
    return str(customer)


def test_the_page_shows_what_is_known_of_the_customer(site: Site, sample: Sample, super_user: Person) -> None:
    customer = one_customer(
        sample,
        "customer_id in (select customer_id from it.lists.customer_services where nearly_matches is not null)"
        " and red_lines > 0",
    )
    page = unescape(site.get(f"/customers/{customer}", super_user.email).text)
    [known] = sample.query("customers", f"from it.lists.customers where customer_id = '{customer}'")
    columns = [
        str(row[0]) for row in sample.query("customers", "select column_name from (describe it.lists.customers)")
    ]
    row = dict(zip(columns, known, strict=True))
    assert f"{row['last_name']}, {row['first_name']}</h1>" in page
    assert f'href="mailto:{row["career_planner_email"]}"' in page
    for step in STEPS:
        if row[step]:
            assert f'datetime="{row[step]}"' in page.partition(f'data-step="{step}"')[2].partition("</tr>")[0]
    for line, what, due in sample.query(
        "customers",
        f"select line_key, what, due_date from it.lists.line_customers where customer_id = '{customer}'",
    ):
        shown = page.partition(f'<tr data-line="{line}"')[2].partition("</tr>")[0]
        assert (what or "") in shown
        assert (f'datetime="{due}"' in shown) == (due is not None)
    services = sample.query(
        "customers",
        "select service_id, nearly_matches, is_open_request, days_open from it.lists.customer_services"
        f" where customer_id = '{customer}'",
    )
    assert page.count("<tr data-service=") == len(services)
    for service, near, is_open, days in services:
        shown = page.partition(f'<tr data-service="{service}"')[2].partition("</tr>")[0]
        assert (f"Nearly matches {near}" in shown) == (near is not None)
        assert (f"Open for {days} days" in shown) == is_open
    for reason, detail in sample.query(
        "customers", f"select reason, detail from it.lists.exceptions where customer_id = '{customer}'"
    ):
        assert str(detail) in page.partition(f'data-reason="{reason}"')[2].partition("</li>")[0]


def test_a_name_on_a_list_leads_to_the_page(site: Site, planner: Person) -> None:
    listed = unescape(site.get(f"/lines/not_synced?scope={planner.scope}", planner.email).text)
    href = listed.partition('<tr data-customer="')[2].partition('<a href="')[2].partition('"')[0]
    assert href.startswith("/customers/")
    page = site.get(href, planner.email)
    assert page.status_code == 200
    assert "Next Steps" in page.text.partition('id="sync"')[2]
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("role", ["super_user", "planner"])
def test_only_those_who_may_see_a_list_with_the_customer_see_the_page(
    site: Site, sample: Sample, request: pytest.FixtureRequest, role: str
) -> None:
    them: Person = request.getfixturevalue(role)
    own = one_customer(sample, in_scope(them))
    assert site.get(f"/customers/{own}", them.email).status_code == 200
    if role == "planner":
        others = one_customer(sample, f"not {in_scope(them)}")
        refused, unknown = (site.get(f"/customers/{customer}", them.email) for customer in (others, "NOBODY"))
        assert (refused.status_code, unknown.status_code) == (404, 404)
        assert refused.text == unknown.text
        assert site.get(f"/customers/{others}?scope=statewide", them.email).status_code == 403
    [entry] = site.logged()
    assert (entry["who"], entry["view"], entry["customer"]) == (them.email, "customer", own)


def test_provider_staff_see_no_customer(site: Site, sample: Sample, provider_staff: Person) -> None:
    own = one_customer(sample, in_scope(provider_staff))
    for customer in (own, "NOBODY"):
        assert site.get(f"/customers/{customer}", provider_staff.email).status_code == 403
    assert site.logged() == []


def test_no_name_is_in_the_log_or_in_the_title(site: Site, sample: Sample, super_user: Person) -> None:
    customer = one_customer(sample, "true")
    [(first, last)] = sample.query(
        "customers", f"select first_name, last_name from it.lists.customers where customer_id = '{customer}'"
    )
    page = site.get(f"/customers/{customer}", super_user.email).text
    assert f"<title>{customer}" in page
    assert not {str(first), str(last)} & set(site.log.read_text().split('"'))


def test_a_published_day_has_its_own_page(site: Site, sample: Sample, super_user: Person) -> None:
    customer = one_customer(sample, "true")
    page = site.get(f"/customers/{customer}?as_of={DAY_BEFORE}", super_user.email)
    assert page.status_code == 200
    assert f'data-as-of="{DAY_BEFORE}"' in page.text


def test_the_record_is_a_link_where_the_agency_names_its_address(
    sample: Sample, tmp_path: Path, super_user: Person
) -> None:
    mine = sample.copy(tmp_path)
    customer = one_customer(mine, "true")
    with duckdb.connect(str((mine.home / "published/customers.duckdb").resolve())) as lists:
        lists.execute("update lists.customers set customer_url = 'https://portal.example.org/?a=1&b=' || customer_id")
    page = site_over(mine.home / "published", tmp_path).get(f"/customers/{customer}", super_user.email).text
    plain = site_over(sample.home / "published", tmp_path).get(f"/customers/{customer}", super_user.email).text
    assert 'id="record"' not in plain
    assert f'href="https://portal.example.org/?a=1&amp;b={customer}" rel="noopener noreferrer"' in page
