"""The dashboard as people use it: seen, clicked, typed, printed, on a phone, in dark mode."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import DAY, DAY_BEFORE, Sample
from dashboard_site import Person, served
from playwright.sync_api import Browser, Page, expect

Visit = Callable[..., Page]
WIDTHS = {"phone": 360, "tablet": 768, "desk": 1280}
PAGES = ["/", "/changes", "/sync-problems", "/checks", "/scopes", "/lines/not_synced", "/lines/inquirant_overdue"]
FIRST_LOAD_LIMIT = 100 * 1024


def problems_of(page: Page) -> list[str]:
    """What axe-core finds, with all of its rules."""
    found = Axe().run(page)
    return [
        f"{violation['id']}: {node['target']}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]


@pytest.fixture(scope="session")
def customer(sample: Sample) -> str:
    """The page of a customer with an open request that nearly matches a service in IWDS, and with an exception."""
    [(found,)] = sample.query(
        "customers",
        "select customer_id from it.lists.customer_services where is_open_request and nearly_matches is not null"
        " and customer_id in (select customer_id from it.lists.exceptions) order by 1 limit 1",
    )
    return f"/customers/{found}"


def background(page: Page, line: str) -> str:
    return str(page.locator(f"#line-{line} > th").evaluate("cell => getComputedStyle(cell).backgroundColor")) + str(
        page.locator(f"#line-{line}").evaluate("row => getComputedStyle(row).backgroundColor")
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_line_has_the_count_of_the_mart_and_its_colour(
    visit: Visit, sample: Sample, super_user: Person, scheme: str
) -> None:
    page = visit("/", super_user.email, color_scheme=scheme)
    rows = sample.query(
        "dashboard",
        "select line_key, colour, customer_count from it.sections.dashboard"
        " where scope_type = 'statewide' and line_key <> 'total' order by section_number, line_number",
    )
    colours: dict[object, set[str]] = {}
    for line, colour, count in rows:
        row = page.locator(f"#line-{line}")
        expect(row.locator("td.count")).to_have_text(f"{count:,}")
        expect(row.locator(f".sign-{colour}")).to_be_visible()  # colour is never the only sign
        colours.setdefault(colour, set()).add(background(page, str(line)))
    assert set(colours) == {"white", "yellow", "red", "green", "grey"}
    assert all(len(seen) == 1 for seen in colours.values())
    assert len({next(iter(seen)) for seen in colours.values()}) == 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_dashboard_is_accessible_at_every_width(visit: Visit, super_user: Person, scheme: str, width: str) -> None:
    page = visit("/", super_user.email, color_scheme=scheme, viewport={"width": WIDTHS[width], "height": 800})
    assert problems_of(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("path", PAGES[1:])
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_is_accessible(visit: Visit, super_user: Person, path: str, language: str) -> None:
    page = visit(f"{path}?lang={language}", super_user.email)
    assert problems_of(page) == []
    expect(page.locator("html")).to_have_attribute("lang", language)


@pytest.mark.parametrize("path", PAGES[1:])
def test_every_page_is_accessible_on_a_phone_in_dark_mode(visit: Visit, super_user: Person, path: str) -> None:
    page = visit(path, super_user.email, color_scheme="dark", viewport={"width": 360, "height": 800})
    assert problems_of(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def test_the_page_of_a_customer_is_accessible_for_everybody_who_may_list(
    visit: Visit, sample: Sample, planner: Person
) -> None:
    [(email, customer_id)] = sample.query(
        "customers",
        "select staff.email, customers.customer_id from it.lists.entitlements as staff"
        " inner join it.lists.customers as customers on customers.provider_id = staff.scope_id"
        " where staff.role = 'case_worker' and customers.red_lines > 0 order by all limit 1",
    )
    [(own,)] = sample.query(
        "customers",
        f"select customer_id from it.lists.sync_problems where lwia_number = {planner.scope.partition(':')[2]} limit 1",
    )
    for person, customer in ((email, customer_id), (planner.email, own)):
        page = visit(f"/customers/{customer}", str(person))
        assert problems_of(page) == []


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_customer_is_accessible(
    visit: Visit, super_user: Person, customer: str, scheme: str, width: str, language: str
) -> None:
    page = visit(
        f"{customer}?lang={language}",
        super_user.email,
        color_scheme=scheme,
        viewport={"width": WIDTHS[width], "height": 800},
    )
    for details in page.locator("details summary").all():
        details.click()
    assert problems_of(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def test_a_planner_goes_from_a_count_to_the_customer_and_back(visit: Visit, planner: Person) -> None:
    page = visit(f"/?scope={planner.scope}", planner.email)
    page.locator("#line-not_synced td.count a").click()
    name = page.locator("#customers tbody th a").first
    shown = name.inner_text()
    name.click()
    expect(page.locator("h1")).to_have_text(shown)
    expect(page.locator("#sync")).to_contain_text("Next Steps")
    expect(page.locator("#planner")).to_have_attribute("href", re.compile("^mailto:"))
    page.locator(".back a").click()
    expect(page.locator("#sections")).to_be_visible()


def test_next_steps_open_in_a_modal_and_return_the_focus(visit: Visit, sample: Sample, super_user: Person) -> None:
    ((text,),) = sample.query(
        "dashboard",
        "select distinct next_steps from it.sections.dashboard where line_key = 'inquirant_overdue'",
    )
    page = visit("/", super_user.email)
    opener = page.locator("#line-inquirant_overdue .next-steps")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#next-inquirant_overdue")
    expect(dialog).to_be_visible()
    for part in re.split(r"\s*\n[•○\s]*", str(text).strip("• ")):
        expect(dialog).to_contain_text(part)
    assert problems_of(page) == []
    for _ in range(5):  # the focus stays inside
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_definition_opens_and_closes_by_keyboard(visit: Visit, super_user: Person) -> None:
    page = visit("/", super_user.email)
    bubble = page.locator("#line-ready_for_review .bubble")
    expect(bubble.locator(":scope > div")).to_be_hidden()
    bubble.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(bubble.locator(":scope > div")).to_contain_text("training program")
    assert problems_of(page) == []
    page.keyboard.press("Escape")
    expect(bubble.locator(":scope > div")).to_be_hidden()


def test_everything_works_without_javascript(visit: Visit, super_user: Person) -> None:
    page = visit("/", super_user.email, java_script_enabled=False)
    page.locator("#line-inquirant_overdue .next-steps").click()
    expect(page.locator("#next-inquirant_overdue")).to_be_visible()
    page.locator("#next-inquirant_overdue [data-closes]").click()
    expect(page.locator("#next-inquirant_overdue")).to_be_hidden()
    page.locator("#line-ready_for_review .bubble summary").click()
    expect(page.locator("#line-ready_for_review .bubble > div")).to_be_visible()
    page.locator("#line-not_synced td.count a").click()
    expect(page.locator("#customers")).to_be_visible()


def test_checks_that_passed_are_folded_below_those_that_warn(visit: Visit, super_user: Person) -> None:
    page = visit("/checks", super_user.email, java_script_enabled=False, viewport={"width": 360, "height": 800})
    warned, passed = page.locator('[data-passed="false"]'), page.locator('[data-passed="true"]')
    expect(warned.first).to_be_visible()
    expect(passed.first).to_be_hidden()
    page.locator("#passed > summary").click()
    expect(passed.first).to_be_visible()
    last_warned, first_passed = warned.last.bounding_box(), passed.first.bounding_box()
    assert last_warned
    assert first_passed
    assert last_warned["y"] < first_passed["y"]
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def test_a_list_can_be_reached_by_keyboard(visit: Visit, super_user: Person) -> None:
    page = visit("/", super_user.email)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for _ in range(60):
        page.keyboard.press("Tab")
        kind, outline = page.evaluate(
            "[document.activeElement.type, getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline != "none" or kind == "date"  # of which Chromium marks the part that is focused
        if page.evaluate("!!document.activeElement.closest('td.count')"):
            break
    line = page.evaluate("document.activeElement.closest('tr').dataset.line")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/lines/{line}*")
    expect(page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("line", ["prescreening_overdue", "not_synced", "case_note_due", "open_request", "withdrew"])
def test_a_count_links_to_that_many_customers(visit: Visit, super_user: Person, line: str) -> None:
    page = visit("/", super_user.email)
    link = page.locator(f"#line-{line} td.count a")
    count = link.inner_text().replace(",", "")
    link.click()
    expect(page.locator("#found")).to_have_attribute("data-matching", count)


def test_scope_and_day_are_switched_and_stay_in_the_address(
    visit: Visit, sample: Sample, super_user: Person, provider_staff: Person
) -> None:
    scope = provider_staff.scope
    ((name,),) = sample.query(
        "dashboard",
        "select distinct scope_name from it.sections.dashboard where scope_type = 'provider'"
        f" and scope_id = '{scope.partition(':')[2]}'",
    )
    page = visit("/", super_user.email)
    page.locator("#scope-search").fill(str(name))
    page.locator("#scope-switch button").click()
    expect(page.locator("h1")).to_contain_text(str(name))  # the only one of that name
    expect(page.locator("h1 .scope")).to_have_attribute("data-scope", scope)
    page.locator("#as_of").fill(str(DAY_BEFORE))
    page.locator("#day-switch button").click()
    expect(page.locator("[data-as-of]")).to_have_attribute("data-as-of", str(DAY_BEFORE))
    expect(page.locator("h1 .scope")).to_have_attribute("data-scope", scope)  # of another name on that day
    ((count,),) = sample.query(
        "dashboard",
        f"select customer_count from it.sections.history where as_of_date = '{DAY_BEFORE}' and scope_id ="
        f" '{scope.partition(':')[2]}' and scope_type = 'provider' and line_key = 'application_submitted'",
    )
    expect(page.locator("#line-application_submitted td.count")).to_have_text(f"{count:,}")
    again = visit(page.url, super_user.email)  # what the address says is all there is
    assert again.locator("#sections").inner_text() == page.locator("#sections").inner_text()


def test_a_list_sorts_filters_and_downloads(
    visit: Visit, sample: Sample, super_user: Person, tmp_path: Path, browser: Browser
) -> None:
    page = visit("/lines/not_synced", super_user.email)
    page.locator("#customers thead a", has_text="Customer").first.click()
    names = page.locator("#customers tbody th").all_inner_texts()
    assert names == sorted(names, key=str.casefold)
    page.locator("#sync").select_option("no_match")
    page.locator("#filters button").click()
    expect(page).to_have_url(re.compile("sync=no_match"))
    matching = int(page.locator("#found").get_attribute("data-matching") or 0)
    assert matching > 0
    address = page.url.removeprefix(page.url.split("/lines")[0])
    with served(sample.home / "published", tmp_path, as_email=super_user.email) as base:  # a download sends no header
        page = browser.new_page(base_url=base)
        page.goto(address)
        with page.expect_download() as download:
            page.locator("[data-download='csv']").click()
        download.value.save_as(tmp_path / "list.csv")
        page.close()
    assert len(list(csv.reader((tmp_path / "list.csv").open(encoding="utf-8-sig")))) == 1 + matching


def test_without_list_permission_there_are_no_links_to_lists(visit: Visit, provider_staff: Person) -> None:
    page = visit("/", provider_staff.email)
    expect(page.locator("#line-application_submitted td.count")).to_be_visible()
    expect(page.locator("td.count a")).to_have_count(0)
    expect(page.locator("#pages")).not_to_contain_text("Sync problems")
    assert problems_of(page) == []


def test_a_planner_has_the_lists_of_their_own_scopes(visit: Visit, planner: Person) -> None:
    page = visit(f"/?scope={planner.scope}", planner.email)
    page.locator("#line-not_synced td.count a").click()
    expect(page.locator("#customers")).to_be_visible()
    refused = visit("/lines/not_synced?scope=statewide", planner.email, status=403)
    expect(refused.locator("#customers")).to_have_count(0)
    assert problems_of(refused) == []


def test_a_stranger_sees_an_explanation_and_nothing_else(visit: Visit) -> None:
    page = visit("/", "stranger@example.org", status=403)
    expect(page.locator("[data-status='403']")).to_be_visible()
    expect(page.locator("table, form")).to_have_count(0)
    assert problems_of(page) == []


def test_print_shows_the_lines_and_hides_the_controls(visit: Visit, super_user: Person) -> None:
    page = visit("/", super_user.email, color_scheme="dark")
    page.emulate_media(media="print")
    for control in ("#scope-switch", "#day-switch", "#pages", "#line-inquirant_overdue .next-steps"):
        expect(page.locator(control)).to_be_hidden()
    expect(page.locator("#line-inquirant_overdue td.count")).to_be_visible()
    expect(page.locator("[data-as-of]")).to_contain_text(str(DAY.year))
    paper, ink = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert (paper, ink) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")
    assert page.pdf(format="Letter").count(b"/Type /Page\n") in range(1, 7)


def test_a_list_prints_in_landscape(visit: Visit, super_user: Person) -> None:
    page = visit("/lines/not_synced", super_user.email, viewport={"width": 980, "height": 700})
    page.emulate_media(media="print")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    paper = page.pdf(format="Letter", prefer_css_page_size=True)
    assert set(re.findall(rb"/MediaBox *\[([^]]*)\]", paper)) == {b"0 0 792 612"}


@pytest.mark.parametrize("language", ["en", "es"])
def test_headings_of_changes_do_not_overlap_on_a_phone(visit: Visit, super_user: Person, language: str) -> None:
    page = visit(f"/changes?lang={language}", super_user.email, viewport={"width": 360, "height": 800})
    cells = page.locator(".changes thead th")
    assert cells.count() > 5
    assert cells.evaluate_all("cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).length") == 0


def test_the_first_load_is_small(visit: Visit, super_user: Person) -> None:
    sizes: list[int] = []
    page = visit("/", super_user.email, sizes=sizes)
    page.wait_for_load_state("networkidle")
    assert len(sizes) >= 3  # the page, its style, its script
    assert sum(sizes) < FIRST_LOAD_LIMIT


def test_english_texts_on_a_spanish_page_are_marked(visit: Visit, super_user: Person) -> None:
    page = visit("/?lang=es", super_user.email)
    page.locator("#line-ready_for_review .bubble summary").click()
    expect(page.locator("#line-ready_for_review .bubble > div .prose[lang=en]")).to_be_visible()
    expect(page.locator(".guide-language")).to_be_visible()
    expect(page.locator("#pages")).to_contain_text("Cambios")
