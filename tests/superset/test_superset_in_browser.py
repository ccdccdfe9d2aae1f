"""The dashboards as a person sees them in Chromium, signed in with the roles of somebody who may list customers."""

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from expected_answers import OF_ONE_LINE, OF_ONE_PERSON
from playwright.sync_api import Browser, Locator, Page, Response, expect
from superset_site import FOLDER, STATEWIDE, Person, Row, Superset, asset

DASHBOARDS = sorted(path.stem for path in (FOLDER / "assets" / "dashboards").glob("*.yaml"))
# Superset counts its installations with an image from elsewhere; the pages may not load it.
TELEMETRY = "violates the following Content Security Policy directive"


def charts_of(dashboard: str) -> dict[str, str]:
    """The charts on a dashboard: the title of each, by file."""
    shown = {part["meta"]["uuid"] for part in asset("dashboards", dashboard)["position"].values()
             if isinstance(part, dict) and part["type"] == "CHART"}  # fmt: skip
    charts = {path.stem: asset("charts", path.stem) for path in (FOLDER / "assets" / "charts").glob("*.yaml")}
    return {name: chart["slice_name"] for name, chart in charts.items() if chart["uuid"] in shown}


@pytest.fixture(scope="module")
def reader(superset: Superset) -> Person:
    [found] = superset.published(
        "customers", "select min(email) as email from it.lists.entitlements where role = 'super_user'"
    )
    return superset.person(found["email"])


@pytest.fixture
def opened(browser: Browser, superset: Superset, reader: Person) -> Iterator[Callable[[str], "Shown"]]:
    context = browser.new_context(base_url=superset.base, viewport={"width": 1400, "height": 4000})
    page = context.new_page()
    sign_in(page, reader)
    shown = Shown(page, superset.base)
    yield shown.open
    context.close()
    assert shown.answered_elsewhere == []
    assert shown.errors == []


def sign_in(page: Page, person: Person) -> None:
    """Fills in the form, again if it comes back: Superset 6.1 seldom forgets at once who has signed in."""
    for _ in range(3):
        page.goto("/login/", wait_until="networkidle")
        page.fill("#username", person.name)
        page.fill("#password", person.password)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/superset/welcome/$|/login/\?next="), wait_until="networkidle")
        if "/login/" not in page.url:
            return
    raise AssertionError(f"{person.name} can't sign in")


class Shown:
    """A page with a dashboard, and what its charts were answered."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.answers: dict[int, list[Any]] = {}
        self.answered_elsewhere: list[str] = []
        self.errors: list[str] = []
        page.on("response", self._response)
        page.on("console", lambda said: self._said(said.text) if said.type == "error" else None)

    def open(self, dashboard: str) -> "Shown":
        self.page.goto(f"/superset/dashboard/{asset('dashboards', dashboard)['slug']}/")
        for title in charts_of(dashboard).values():
            expect(self.page.get_by_text(title, exact=True).first).to_be_visible(timeout=60_000)
        expect(self.page.locator(".loading")).to_have_count(0, timeout=60_000)
        self.page.wait_for_load_state("networkidle")
        return self

    def _response(self, response: Response) -> None:
        if not response.url.startswith((self.base, "data:", "blob:")):
            self.answered_elsewhere.append(response.url)
        if "/api/v1/chart/data" in response.url:
            # A filter asks, too, for what can be chosen; it has no chart.
            chart = response.request.post_data_json["form_data"].get("slice_id")
            self.answers[chart] = response.json()["result"][0]["data"] if response.ok else [response.text()]

    def _said(self, text: str) -> None:
        if TELEMETRY not in text:
            self.errors.append(text)


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_a_dashboard_is_drawn_from_the_answers_of_its_saved_queries(
    opened: Callable[[str], Shown], superset: Superset, reader: Person, dashboard: str, tmp_path: Path
) -> None:
    shown = opened(dashboard)
    shown.page.screenshot(path=tmp_path / f"{dashboard}.png")
    expect(shown.page.get_by_role("alert")).to_have_count(0)
    ids = superset.admin.ids("chart")
    is_of_a_scope = bool(asset("dashboards", dashboard)["metadata"]["native_filter_configuration"]) and (
        "line_lwias" not in charts_of(dashboard)
    )
    for chart in charts_of(dashboard):
        answer = shown.answers[ids[asset("charts", chart)["uuid"]]]
        if chart in OF_ONE_LINE:
            assert len({row["line_name"] for row in answer}) == 1
        else:
            assert in_order(answer) == in_order(reader.answer(chart, STATEWIDE if is_of_a_scope else [])), chart
        assert answer, chart


def in_order(rows: list[Row]) -> list[str]:
    """Rows with equal numbers come in any order."""
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def test_rows_have_the_colours_of_their_lines(opened: Callable[[str], Shown], superset: Superset) -> None:
    spec = importlib.util.spec_from_file_location("superset_colours", FOLDER / "colours.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = opened("sections").page
    lines = superset.published("dashboard", "select distinct line_name, colour from it.reference.lines")
    found = {}
    for line in lines:
        cell = cells(page, line["line_name"]).first
        expect(cell).to_be_visible()
        found[line["colour"]] = cell.evaluate("cell => getComputedStyle(cell).backgroundColor")
    expected = {name: _rgb(fill) for name, (fill, _) in module.colours().items()}
    assert {name: colour.replace("rgba", "rgb").replace(", 1)", ")") for name, colour in found.items()} == expected


def cells(page: Page, text: str) -> Locator:
    """The cells with exactly this text. (Superset names a cell for its column.)"""
    return page.locator("td").filter(has_text=re.compile(f"^{re.escape(text)}$"))


def _rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*(int(colour[place : place + 2], 16) for place in (1, 3, 5)))


def test_another_scope_is_chosen_on_the_page(opened: Callable[[str], Shown], superset: Superset) -> None:
    shown = opened("sections")
    [scope] = superset.published(
        "dashboard",
        "select scope_name, customer_count from it.sections.application_status"
        " where scope_type = 'lwia' and line_key = 'total' order by customer_count desc, scope_id limit 1",
    )
    choose(shown.page, 0, "lwia")
    choose(shown.page, 1, scope["scope_name"])
    shown.page.get_by_role("button", name="Apply filters").click()
    total = shown.page.get_by_role("row").filter(has=cells(shown.page, "Total")).first
    expect(total).to_contain_text(f"{scope['customer_count']:,}", timeout=30_000)


def choose(page: Page, number: int, value: str) -> None:
    """Picks a value of one of the dashboard's filters."""
    box = page.get_by_role("combobox").nth(number)
    box.fill(value)
    page.locator(".ant-select-item-option").get_by_text(value, exact=True).first.click()


def test_a_list_shows_the_persons_customers(opened: Callable[[str], Shown]) -> None:
    assert set(OF_ONE_PERSON) <= set(charts_of("customers"))
    page = opened("customers").page
    expect(cells(page, "red").first).to_be_visible()
