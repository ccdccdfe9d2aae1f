"""The pages with pictures as people use them: each role, three widths, paper, keyboard, both languages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Sample
from dashboard_site import Person, served
from longer_history import with_longer_history
from playwright.sync_api import Browser, Page, expect

Visit = Callable[..., Page]
WIDTHS = {"phone": 360, "tablet": 768, "desk": 1280}
PICTURES = {
    "/trends?line=not_synced&line2=progress_overdue": "#chart svg polyline, #chart svg circle",
    "/waiting": ".bar .median",
    "/flow": ".bar .median",
    "/compare": ".share-bar",
    "way": ".bar .stay",
    "/my-customers": "#customers",
}


@pytest.fixture(scope="session")
def own_planner(sample: Sample) -> Person:
    [(email, scope)] = sample.query(
        "customers",
        "select email, scope_type || ':' || scope_id from it.lists.entitlements as staff"
        " inner join it.lists.line_customers as lines on lines.career_planner_staff_id = staff.staff_id"
        " where role = 'career_planner' and colour = 'red' group by all order by count(*) desc, email limit 1",
    )
    return Person(str(email), str(scope))


@pytest.fixture(scope="session")
def address(sample: Sample, own_planner: Person) -> Callable[[str], str]:
    """The address of a page that this planner may see."""
    provider = own_planner.scope.partition(":")[2]
    [(customer,)] = sample.query(
        "customers", f"select max(customer_id) from it.lists.customers where provider_id = '{provider}'"
    )
    return lambda page: f"/ways/{customer}?" if page == "way" else page + ("&" if "?" in page else "?")


def problems_of(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{violation['id']}: {node['target']}" for violation in found for node in violation["nodes"]]


def open_all(page: Page) -> None:
    for details in page.locator("main details > summary").all():
        details.click()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("scheme", "language"), [("light", "es"), ("dark", "en")])
@pytest.mark.parametrize("path", PICTURES)
def test_a_page_with_pictures_is_accessible_at_every_width(
    visit: Visit,
    own_planner: Person,
    super_user: Person,
    address: Callable[[str], str],
    path: str,
    scheme: str,
    language: str,
    width: str,
) -> None:
    page = visit(
        f"{address(path)}lang={language}",
        super_user.email if path == "/compare" else own_planner.email,  # who has one place has nothing to compare
        color_scheme=scheme,
        viewport={"width": WIDTHS[width], "height": 800},
    )
    expect(page.locator(PICTURES[path]).first).to_be_attached()
    open_all(page)
    assert problems_of(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("nav#pages [aria-current]")).to_have_count(0 if path == "way" else 1)


@pytest.mark.parametrize("path", [path for path in PICTURES if path not in ("way", "/my-customers")])
def test_who_sees_counts_only_has_the_pictures_without_links_to_lists(
    visit: Visit, provider_staff: Person, path: str
) -> None:
    page = visit(path, provider_staff.email)
    expect(page.locator(PICTURES[path]).first).to_be_attached()
    open_all(page)
    expect(page.locator("main a[href^='/lines/']")).to_have_count(0)
    assert problems_of(page) == []


@pytest.mark.parametrize("path", PICTURES)
def test_pictures_print_with_their_numbers_and_without_controls(
    visit: Visit, own_planner: Person, address: Callable[[str], str], path: str
) -> None:
    page = visit(address(path), own_planner.email, color_scheme="dark")
    page.emulate_media(media="print")
    expect(page.locator("#pages")).to_be_hidden()
    for form in page.locator("form").all():
        expect(form).to_be_hidden()
    expect(page.locator("main table").first).to_be_visible()
    expect(page.locator(PICTURES[path]).first).to_be_attached()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="Letter").count(b"/Type /Page\n") in range(1, 14)


def test_a_planner_comes_to_their_own_customers_and_from_there_to_a_way(visit: Visit, own_planner: Person) -> None:
    page = visit("/", own_planner.email)
    expect(page.locator("#pages [aria-current]")).to_have_text("My customers")
    link = page.locator(".to-way").first
    customer = page.locator("#customers tr[data-customer]").first.get_attribute("data-customer")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#customer")).to_have_attribute("data-customer", str(customer))
    page.locator("#pages a", has_text="Dashboard").click()
    expect(page.locator("#sections")).to_be_visible()


def test_a_comparison_is_sorted_by_keyboard_without_javascript(visit: Visit, super_user: Person) -> None:
    page = visit("/compare", super_user.email, java_script_enabled=False)
    heading = page.locator("#compared thead th", has_text="Customers")
    heading.locator("a").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    counts = [int(text.replace(",", "")) for text in page.locator("tr:not(.unpublished) .customers").all_inner_texts()]
    assert counts == sorted(counts, reverse=True)


def test_lines_differ_without_color(visit: Visit, super_user: Person) -> None:
    page = visit("/trends?line=not_synced&line2=progress_due&line3=registrant&scope2=lwia:7", super_user.email)
    dashes = page.locator(".keys .series polyline").evaluate_all(
        "lines => lines.map(line => getComputedStyle(line).strokeDasharray)"
    )
    assert len(dashes) == len(set(dashes)) == 6
    letters = page.locator("#chart svg[role=img] .series text").all_text_contents()
    assert letters == list("ABCDEF")


def test_gaps_are_drawn_where_nothing_was_published(
    sample: Sample, super_user: Person, browser: Browser, tmp_path: Path
) -> None:
    with_longer_history(sample.home / "published", tmp_path / "published")
    with served(tmp_path / "published", tmp_path, as_email=super_user.email) as base:
        page = browser.new_page(base_url=base)
        page.goto("/trends?from=2026-10-24")
        first, second = (gap.bounding_box() for gap in page.locator("rect.gap").all())
        lines = [line.bounding_box() for line in page.locator("#chart svg[role=img] .series polyline").all()]
        page.close()
    assert first
    assert second
    assert len(lines) == 3
    for line, gap in zip(lines, (first, second, None), strict=True):
        assert line
        if gap:  # a line ends where the gap begins
            assert abs(line["x"] + line["width"] - gap["x"]) < 6
