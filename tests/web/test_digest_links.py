"""The addresses in a morning digest open for the person it is to, and for nobody else who may not see that place."""

import re

import pytest
from conftest import DAY, Sample, yacp
from dashboard_site import Person, Site, person, rows_with
from digest_setup import URL


def links(sample: Sample, email: str) -> list[str]:
    """The paths of the addresses in the digest of a person."""
    shown = yacp(sample.home, "digest", "--preview", email, variables={"YACP_DIGEST_URL": URL})
    assert shown.returncode == 0, shown.stderr
    return [address.removeprefix(URL) for address in re.findall(rf"{re.escape(URL)}\S+", shown.stdout)]


@pytest.mark.parametrize(
    ("role", "scope_type"), [("super_user", "statewide"), ("career_planner", "lwia"), ("provider_staff", "provider")]
)
def test_each_opens_for_the_person_alone(site: Site, sample: Sample, role: str, scope_type: str) -> None:
    reader = person(sample, role, scope_type)
    found = links(sample, reader.email)
    assert found
    lists = [path for path in found if path.startswith("/lines/")]
    assert lists or role != "super_user"  # statewide, something changes on any day
    assert not lists or role != "provider_staff"
    stranger = other(sample, reader)
    for path in found:
        page = site.get(path, reader.email)
        assert page.status_code == 200, path
        assert f"as_of={DAY}" in path
        if path.startswith("/lines/"):
            assert rows_with(page.text, "customer")
        if path.startswith(("/my-customers", "/?scope=statewide")):
            continue  # everybody's own, and the counts of the state
        assert site.get(path, stranger).status_code == 403, path


def other(sample: Sample, reader: Person) -> str:
    """Somebody who may see one provider only, elsewhere."""
    [(email,)] = sample.query(
        "customers",
        "select email from it.lists.entitlements group by email"
        " having count(*) = 1 and max(scope_type) = 'provider' and max(role) = 'provider_staff'"
        f" and bool_and('provider:' || scope_id != '{reader.scope}') order by email limit 1",
    )
    return str(email)
