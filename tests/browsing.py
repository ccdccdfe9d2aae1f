"""A real server over the sample and a real Chromium, which notes whatever a page does that it mustn't."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import Sample
from dashboard_site import HEADER, served
from playwright.sync_api import Browser, Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
# Chromium by itself calls home for updates and the like; nothing may leave this machine.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watched:
    """What a page asked for and complained about."""

    base: str
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", self._request)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self.base):
            self.elsewhere.append(request.url)


@pytest.fixture(scope="session")
def base(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(sample.home / "published", tmp_path_factory.mktemp("browsed")) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "no Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, base: str) -> Iterator[Callable[..., Page]]:
    """Opens a path as a person; at the end nothing may have been asked for elsewhere or complained about."""
    watched, contexts = Watched(base), []

    def opened(path: str, email: str, *, status: int = 200, sizes: list[int] | None = None, **how: Any) -> Page:
        how = {"viewport": {"width": 1280, "height": 900}, **how}
        context = browser.new_context(base_url=base, extra_http_headers={HEADER: email}, **how)
        contexts.append(context)
        page = context.new_page()
        if status == 200:
            watched.watch(page)
        if sizes is not None:
            page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == status
        return page

    yield opened
    for context in contexts:
        context.close()
    assert watched.elsewhere == []
    assert watched.complaints == []
