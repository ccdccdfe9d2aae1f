"""What the pages call things: headings that read by themselves, checks for people, lists that remember nothing."""

import re
from html import unescape

from conftest import Sample
from dashboard_site import Person, Site


def test_the_list_of_a_part_is_named_after_itself_and_leads_to_the_whole(
    site: Site, sample: Sample, super_user: Person
) -> None:
    names = dict(sample.query("dashboard", "select line_key, line_name from it.reference.lines"))
    parts = sample.query(
        "dashboard", "select line_key, parent_line_key from it.reference.lines where parent_line_key is not null"
    )
    assert len(parts) > 5
    for key, parent in parts:
        page = unescape(site.get(f"/lines/{key}", super_user.email).text)
        heading = re.sub(r"<[^>]*>", "", page.partition("<h1>")[2].partition("</h1>")[0])
        assert heading.endswith(f": {names[key]}")  # the color before it
        assert "of which" not in heading
        assert f'<a href="/lines/{parent}?scope=statewide">{names[parent]}</a>' in page.partition('id="part-of"')[2]
    assert 'id="part-of"' not in site.get("/lines/not_synced", super_user.email).text


def test_the_technical_part_of_a_check_is_one_click_away(
    site: Site, sample: Sample, super_user: Person, provider_staff: Person
) -> None:
    for person in (super_user, provider_staff):
        page = unescape(site.get("/checks", person.email).text)
        folded = re.findall(r'<details class="observed">.*?</details>', page, re.DOTALL)
        read = re.sub(r'<details class="observed">.*?</details>', "", page, flags=re.DOTALL)
        checks = sample.query("dashboard", "select name, asset, expected from it.quality.checks")
        assert len(folded) == len(checks)
        for name, asset, sentence in checks:
            assert any(str(name) in part and f"</span> {asset}" in part for part in folded)
            assert f"<p>{sentence}</p>" in read
            assert f"</span> {asset}" not in read


def test_filters_of_lists_are_not_remembered_by_the_browser(site: Site, super_user: Person) -> None:
    for path in ("/lines/not_synced", "/sync-problems"):
        page = site.get(path, super_user.email).text
        (form,) = re.findall(r'<form class="filters"[^>]*>', page)
        assert 'autocomplete="off"' in form
