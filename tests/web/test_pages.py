"""What the pages show is what the marts say."""

import re
from html import unescape

import markupsafe
import pytest
from conftest import DAY, DAY_BEFORE, Sample
from dashboard_site import Person, Site, rows_with

from dashboard.languages import percent
from dashboard.page_templates import guide_html

SCOPES = ["statewide", "lwia:7", "provider"]


def parts(scope: str) -> tuple[str, str]:
    kind, _, name = scope.partition(":")
    return kind, name or "IL"


@pytest.fixture(params=SCOPES)
def scope(request: pytest.FixtureRequest, provider_staff: Person) -> str:
    return provider_staff.scope if request.param == "provider" else request.param


@pytest.mark.parametrize("day", [DAY, DAY_BEFORE])
def test_the_seven_sections_have_the_rows_of_the_mart(
    site: Site, sample: Sample, super_user: Person, scope: str, day: object
) -> None:
    page = site.get(f"/?scope={scope}&as_of={day}", super_user.email).text
    shown = [row for row in rows_with(page, "line") if "count" in row]
    kind, name = parts(scope)
    rows = sample.query(
        "dashboard",
        "select line_key, line_name, colour, parent_line_key, customer_count, percent, loss_rate, pass_rate"
        f" from it.sections.history where as_of_date = '{day}' and scope_type = '{kind}' and scope_id = '{name}'"
        " order by section_number, line_number",
    )
    assert len(rows) == 52
    for key, label, colour, parent, count, share, loss, passed in rows:
        row = shown.pop(0)
        assert (row["data-line"], row.get("data-colour"), row.get("data-parent")) == (key, colour, parent)
        assert str(label) in row["th"]
        assert ("of which" in row["th"]) == (parent is not None)
        assert row["count"] == f"{count:,}"
        if key != "total":
            assert (row.get("percent", ""), row.get("loss", ""), row.get("pass", "")) == tuple(
                percent(value) for value in (share, loss, passed)
            )
            assert ("href" in row) == (count > 0)
    assert shown == []


def test_notes_come_before_their_sections(site: Site, sample: Sample, super_user: Person) -> None:
    page = unescape(site.get("/", super_user.email).text)
    for key, note in sample.query("dashboard", "select section_key, note from it.reference.sections"):
        before = page.partition(f'id="{key}"')[2].partition("<h2>")[0]
        assert (str(note) in before) if note else ("NOTE" not in before)


def test_definitions_next_steps_and_legend_are_those_of_the_guide(
    site: Site, sample: Sample, super_user: Person
) -> None:
    page = site.get("/", super_user.email).text
    texts = sample.query(
        "dashboard",
        "select line_key, definition, next_steps, rule from it.reference.lines",
    )
    assert len(texts) == 45
    for key, definition, next_steps, rule in texts:
        row = page.partition(f'id="line-{key}"')[2].partition("</tr>")[0]
        assert f'<p class="rule">How we count it: {markupsafe.escape(rule)}</p>' in row
        assert (f'href="#next-{key}"' in row) == (next_steps is not None)
        if definition:
            assert guide_html(str(definition), ()) in row
        if next_steps:
            assert guide_html(str(next_steps), ()) in page.partition(f'<dialog class="steps" id="next-{key}"')[2]
    for name, meaning in sample.query("dashboard", "select colour_name, meaning from it.reference.colours"):
        assert f"<dt>{name}</dt><dd>{meaning}</dd>" in page


def test_guide_texts_nest_their_lists_and_are_escaped() -> None:
    text = "Who:\n• one <b>\n  ○ of one\n  ○ of one too\n• two\nAsk a.b@example.org."
    assert guide_html(text, ()) == (
        "<p>Who:</p><ul><li>one &lt;b&gt;<ul><li>of one</li><li>of one too</li></ul></li><li>two</li></ul>"
        '<p>Ask <a href="mailto:a.b@example.org">a.b@example.org</a>.</p>'
    )


def test_documents_of_the_guide_are_links_where_they_have_an_address() -> None:
    text = "Partner Instructions: Case Note Tool (PDF)\n• Plans & Progress (PDF)\n• Another (PDF)"
    documents = (
        ("Plans & Progress (PDF)", 'https://example.org/p?a=1&b="'),
        ("Case Note Tool (PDF)", "https://example.org/c"),
    )
    assert guide_html(text, documents) == (
        '<p>Partner Instructions: <a href="https://example.org/c" rel="noopener noreferrer">Case Note Tool (PDF)</a>'
        '</p><ul><li><a href="https://example.org/p?a=1&amp;b=&#34;" rel="noopener noreferrer">'
        "Plans &amp; Progress (PDF)</a></li><li>Another (PDF)</li></ul>"
    )


def test_changes_have_the_rows_of_the_mart(site: Site, sample: Sample, super_user: Person, scope: str) -> None:
    kind, name = parts(scope)
    moves = sample.query(
        "dashboard",
        'select line_key, previous_count, entered, "left", customer_count from it.sections.movement'
        f" where as_of_date = '{DAY}' and scope_type = '{kind}' and scope_id = '{name}'",
    )
    assert moves
    page = site.get(f"/changes?scope={scope}", super_user.email).text
    shown = {row["data-line"]: row["n"].split() for row in rows_with(page, "line")}
    assert shown == {key: [f"{count:,}" for count in counts] for key, *counts in moves if counts[1] or counts[2]}
    sections = site.get(f"/?scope={scope}", super_user.email).text.partition("</table>")[0]
    dashboard = {row["data-line"]: row for row in rows_with(sections, "line")}
    for key, _, entered, left, _ in moves:
        expected = f"{f'+{entered}' if entered else ''} {f'−{left}' if left else ''}".strip()
        assert dashboard[str(key)].get("change", "") == expected


def test_the_first_day_has_nothing_before_it(site: Site, super_user: Person) -> None:
    assert 'id="empty"' in site.get(f"/changes?as_of={DAY_BEFORE}", super_user.email).text
    assert site.get(f"/lines/inquirant?as_of={DAY_BEFORE}&moved=entered", super_user.email).status_code == 404


@pytest.mark.parametrize("day", [DAY, DAY_BEFORE])
def test_turning_red_has_the_rows_of_the_mart(
    site: Site, sample: Sample, super_user: Person, scope: str, day: object
) -> None:
    kind, name = parts(scope)
    parquet = sample.home / "published/parquet/dashboard/sections/coming_due" / f"as_of_date={day}" / "data.parquet"
    due = sample.query(
        "dashboard",
        f"select line_key, list(customer_count_by_then order by days_until_red) from read_parquet('{parquet}')"
        f" where scope_type = '{kind}' and scope_id = '{name}' group by line_key"
        " having max(customer_count_by_then) > 0",
    )
    page = site.get(f"/?scope={scope}&as_of={day}", super_user.email).text.partition('id="turning-red"')[2]
    assert {row["data-line"]: row["n"].split() for row in rows_with(page, "line")} == {
        key: [f"{count:,}" for count in counts] for key, counts in due
    }


def test_the_lists_of_turning_red_match_the_counts(site: Site, sample: Sample, super_user: Person) -> None:
    page = site.get("/", super_user.email).text.partition('id="turning-red"')[2]
    links = re.findall(r'<a href="(/lines/[^"]*due=\d[^"]*)">([\d,]+)</a>', page)
    assert len(links) > 5
    for href, count in links:
        assert f'data-matching="{count.replace(",", "")}"' in site.get(unescape(href), super_user.email).text


def test_trends_are_drawn_from_the_history(site: Site, sample: Sample, super_user: Person) -> None:
    page = site.get("/", super_user.email).text
    for key, counts in sample.query(
        "dashboard",
        "select line_key, list(customer_count order by as_of_date) from it.sections.history"
        " where scope_type = 'statewide' and line_key <> 'total' group by line_key",
    ):
        row = page.partition(f'id="line-{key}"')[2].partition("</tr>")[0]
        words = f"From {counts[0]:,} to {counts[-1]:,}, lowest {min(counts):,}, highest {max(counts):,}"
        assert f'aria-label="{words}"' in row


def test_checks_with_warnings_are_shown(site: Site, sample: Sample, provider_staff: Person) -> None:
    ((warned, every),) = sample.query(
        "dashboard", "select count(*) filter (where not passed), count(*) from it.quality.checks"
    )
    assert int(str(warned)) > 1
    assert f"{warned} checks with warnings" in site.get("/", provider_staff.email).text
    page = site.get("/checks", provider_staff.email).text
    shown, _, folded = page.partition('<details id="passed">')
    assert shown.count('data-passed="false"') == warned
    assert 'data-passed="true"' not in shown
    assert 'data-passed="false"' not in folded
    assert folded.count('data-passed="true"') == int(str(every)) - int(str(warned))
    assert f"{int(str(every)) - int(str(warned))} checks passed" in folded
    spanish = site.get("/checks?lang=es", provider_staff.email).text
    assert f"{int(str(every)) - int(str(warned))} comprobaciones cumplidas" in spanish


def test_a_check_is_shown_by_its_title_and_sentence(
    site: Site, sample: Sample, provider_staff: Person, super_user: Person
) -> None:
    page = unescape(site.get("/checks", provider_staff.email).text)
    of_the_state = unescape(site.get("/checks", super_user.email).text)
    for title, sentence, observed in sample.query(
        "dashboard", "select title, expected, observed from it.quality.checks"
    ):
        assert f"<strong>{title}</strong>" in page
        assert f"<p>{sentence}</p>" in page
        assert str(observed) in of_the_state


def test_links_keep_scope_and_day_but_never_name_the_newest_day(
    site: Site, super_user: Person, provider_staff: Person
) -> None:
    page = site.get(f"/?scope={provider_staff.scope}&as_of={DAY_BEFORE}&lang=es", super_user.email).text
    links = [unescape(href) for href in re.findall(r'href="(/lines/[^"]*)"', page)]
    assert links
    for href in links:
        assert f"?scope={provider_staff.scope}&as_of={DAY_BEFORE}&lang=es" in href
        assert site.get(href, super_user.email).status_code == 200
    newest = site.get(f"/?scope={provider_staff.scope}&as_of={DAY}", super_user.email).text
    assert "as_of=" not in "".join(re.findall(r'href="(/lines/[^"]*)"', newest))


def test_a_search_with_one_result_opens_it(site: Site, sample: Sample, super_user: Person, planner: Person) -> None:
    every = sample.query("dashboard", "select distinct scope_type, scope_id, scope_name from it.sections.dashboard")
    assert f'data-matching="{len(every)}"' in site.get("/scopes", super_user.email).text
    answer = site.get("/scopes?q=lwia:7", super_user.email)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?scope=lwia:7")
    assert 'data-matching="0"' in site.get("/scopes?q=nowhere+at+all", super_user.email).text
    suggested = site.get("/scopes.json?q=LWIA", super_user.email).json()
    assert 1 < len(suggested) <= 12
    own = site.get("/scopes.json", planner.email).json()
    assert planner.scope in [entry["scope"] for entry in own]
    assert len(own) < 4


def test_a_count_page_with_its_static_files_is_small(site: Site, super_user: Person) -> None:
    for language in ("en", "es"):
        page = site.get(f"/?lang={language}", super_user.email)
        assets = re.findall(r'(?:href|src)="(/static/[^"]*)"', page.text)
        assert len(assets) == 3
        sizes = [len(site.client.get(address).content) for address in assets]
        assert len(page.content) + sum(sizes) < 100_000
