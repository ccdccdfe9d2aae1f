"""A page shows what its reader may see, and refuses what is elsewhere like what isn't there."""

from html import unescape

import pytest
from conftest import Sample
from dashboard_site import Person, Site


def test_row_counts_of_the_state_are_for_those_who_see_the_state(
    site: Site, sample: Sample, super_user: Person, planner: Person, provider_staff: Person
) -> None:
    observed = {
        str(text) for (text,) in sample.query("dashboard", "select distinct observed from it.quality.checks")
        if any(sign.isdigit() for sign in str(text))
    }  # fmt: skip
    assert observed
    page = unescape(site.get("/checks", super_user.email).text)
    assert all(text in page for text in observed)
    for person in (planner, provider_staff):
        page = unescape(site.get("/checks", person.email).text)
        assert "data-passed" in page
        assert [text for text in observed if f" {text} " in page] == []


@pytest.mark.parametrize("line", ["not_synced", "ready_for_enrollment"])
def test_nobody_learns_which_providers_are_elsewhere(site: Site, sample: Sample, planner: Person, line: str) -> None:
    lwia = planner.scope.partition(":")[2]
    of_line = f"from it.lists.line_customers where line_key = '{line}' and lwia_number = {lwia}"
    own = {str(row[0]) for row in sample.query("customers", f"select distinct provider_id {of_line}")}
    every = {
        str(row[0])
        for row in sample.query("dashboard", "select scope_id from it.reference.scopes where scope_type = 'provider'")
    }
    assert own
    assert every - own
    address = f"/lines/{line}?scope={planner.scope}&provider="
    assert {site.get(address + provider, planner.email).status_code for provider in own} == {200}
    answers = {site.get(address + provider, planner.email).text for provider in (every - own) | {"NOBODY"}}
    assert len(answers) == 1
    assert {site.get(address + provider, planner.email).status_code for provider in every - own} == {404}
