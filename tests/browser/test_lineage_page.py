"""The page of column lineage beside dbt's documentation: found, searched, and followed in both directions."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import PageWatcher
from conftest import Sample, yacp
from playwright.sync_api import Browser, Page, expect

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def site(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    mine = sample.copy(folder)
    result = yacp(mine.home, "docs", "--out", str(folder / "site"))
    assert result.returncode == 0, result.stderr
    return folder / "site"


@pytest.fixture
def opened(browser: Browser, site: Path) -> Iterator[Callable[[str], Page]]:
    watcher = PageWatcher("file://")
    page = browser.new_page(viewport={"width": 1280, "height": 900})

    def open_page(path: str) -> Page:
        watcher.watch(page)
        page.goto(f"{site.as_uri()}/{path}")
        return page

    yield open_page
    page.close()
    assert [address for address in watcher.other_sites if not address.startswith("data:")] == []
    assert watcher.errors == []


def test_the_documentation_leads_to_the_lineage_and_back(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    page.goto(f"{site.as_uri()}/index.html")
    page.get_by_role("link", name="Column lineage").click()
    expect(page.get_by_role("heading", name="Where each column comes from, and where it goes")).to_be_visible()
    page.get_by_role("link", name="All models, columns, and tests").click()
    expect(page.get_by_role("link", name="Column lineage")).to_be_visible()
    page.close()


def test_a_column_is_searched_and_followed_back_and_forward(opened: Callable[[str], Page]) -> None:
    page = opened("lineage.html")
    page.get_by_label("Search a table or column").fill("lists last_name")
    expect(page.get_by_role("status")).to_have_text("3 found")
    page.get_by_role("navigation").get_by_role("link", name="lists.customers.last_name").click()
    main = page.get_by_role("main")
    expect(main.get_by_role("heading", level=2)).to_contain_text("lists.customers.last_name")
    expect(main.locator(".tree").first).to_contain_text("stg_worknet__customers.last_name")
    main.get_by_role("link", name="worknet.customers.last_name", exact=True).click()
    expect(main.get_by_role("heading", level=2)).to_contain_text("worknet.customers.last_name")
    made = main.locator("h3:text('Published columns made of it') + ul")
    expect(made.locator("li")).to_have_text(
        ["lists.customers: last_name", "lists.line_customers: last_name", "lists.sync_problems: last_name"]
    )
    page.go_back()
    expect(main.get_by_role("heading", level=2)).to_contain_text("lists.customers.last_name")


def test_a_constant_and_a_count_are_no_gap(opened: Callable[[str], Page]) -> None:
    page = opened("lineage.html#sections.program_completion.line_key")
    main = page.get_by_role("main")
    made_of = main.locator("h3:text('Made of') + ul > li")
    expect(made_of).to_have_text(["seeds.dashboard_lines: line_key", "constant 'total'"])
    page.goto(page.url.replace("program_completion.line_key", "completions.customer_count"))
    counted = main.locator("h3:text('Which rows are counted') + ul")
    expect(counted).to_contain_text("worknet.program_completions: its rows, customer_id, recorded_at, status")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
@pytest.mark.parametrize("place", ["", "#sections.history", "#sections.history.percent", "#worknet.customers.pathway"])
def test_everybody_can_read_it(opened: Callable[[str], Page], place: str, width: int, scheme: Scheme) -> None:
    page = opened(f"lineage.html{place}")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing has to be scrolled sideways"
