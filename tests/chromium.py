"""A real server over the sample, and a real Chromium that records what a page must not do."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import Sample
from dashboard_site import HEADER, served
from playwright.sync_api import Browser, Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
# Chromium would ask for updates and the like by itself; nothing may leave this machine.
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
class PageWatcher:
    """Requests to other sites, and errors on the console."""

    base: str
    other_sites: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", self._request)
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self.base):
            self.other_sites.append(request.url)


@pytest.fixture(scope="session")
def base(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(sample.home / "published", tmp_path_factory.mktemp("chromium")) as address:
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
    """Opens a path as a person; at the end there may be no request to another site and no error."""
    watcher, contexts = PageWatcher(base), []

    def opened(path: str, email: str, *, status: int = 200, sizes: list[int] | None = None, **how: Any) -> Page:
        how = {"viewport": {"width": 1280, "height": 900}, **how}
        context = browser.new_context(base_url=base, extra_http_headers={HEADER: email}, **how)
        contexts.append(context)
        page = context.new_page()
        if status == 200:
            watcher.watch(page)
        if sizes is not None:
            page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == status
        return page

    yield opened
    for context in contexts:
        context.close()
    assert watcher.other_sites == []
    assert watcher.errors == []
