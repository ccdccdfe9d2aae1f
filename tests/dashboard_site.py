"""A dashboard over the sample, with requests like those of a proxy: with the address of who is signed in."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from conftest import Sample
from starlette.testclient import TestClient

from dashboard.app import create_app
from dashboard.connections import BoundedProtocol
from dashboard.settings import Settings

PROXY = ("10.1.2.3", 40000)
HEADER = "X-Forwarded-Email"


class Rows(HTMLParser):
    """The table rows of a page that carry data attributes: those, and each cell's text by its first class."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self._cell = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "tr":
            self.found.append({name: value for name, value in given.items() if name.startswith("data-")})
        elif tag in ("td", "th") and self.found:
            self._cell = given.get("class", "").removeprefix("n ") or tag
        elif tag == "a" and self._cell == "count":
            self.found[-1]["href"] = given["href"]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr"):
            self._cell = ""

    def handle_data(self, data: str) -> None:
        if self._cell:
            row = self.found[-1]
            row[self._cell] = f"{row.get(self._cell, '')} {data.strip()}".strip()


def rows_with(page: str, attribute: str) -> list[dict[str, str]]:
    """The rows that have a data attribute."""
    return [row for row in Rows(page).found if f"data-{attribute}" in row]


@dataclass
class Person:
    """Someone from the staff extract, and one of their scopes."""

    email: str
    scope: str


@dataclass
class Site:
    """The application, and its access log."""

    client: TestClient
    log: Path

    def get(self, path: str, email: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={HEADER: email, **headers}, follow_redirects=False)

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


def settings_of(published: Path, folder: Path, **more: Any) -> Settings:
    return Settings(published=published, proxies="10.1.2.0/24", access_log=str(folder / "access.log"), **more)


def site_over(published: Path, folder: Path, **more: Any) -> Site:
    settings = settings_of(published, folder, **more)
    return Site(TestClient(create_app(settings), client=PROXY, raise_server_exceptions=False), folder / "access.log")


@contextmanager
def served(published: Path, folder: Path, as_email: str = "") -> Iterator[str]:
    """A real server on loopback, and its address; it trusts a proxy on this machine."""
    settings = Settings(published=published, proxies="" if as_email else "127.0.0.1", access_log=str(folder / "log"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            create_app(settings, as_email), proxy_headers=False, log_level="warning", http=BoundedProtocol
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def _site(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    shared_site = site_over(sample.home / "published", tmp_path_factory.mktemp("site"))
    with shared_site.client:
        yield shared_site


@pytest.fixture
def site(_site: Site) -> Site:
    """Over the sample, with nothing logged yet."""
    _site.log.unlink(missing_ok=True)
    return _site


def person(sample: Sample, role: str, scope_type: str) -> Person:
    """The first person of a role, with a scope that has customers who aren't synced."""
    column = {"provider": "provider_id", "lwia": "cast(lwia_number as varchar)", "statewide": "'IL'"}[scope_type]
    ((email, scope_id),) = sample.query(
        "customers",
        f"select email, scope_id from it.lists.entitlements where role = '{role}' and scope_type = '{scope_type}'"
        f" and scope_id in (select {column} from it.lists.sync_problems) order by email limit 1",
    )
    return Person(str(email), "statewide" if scope_type == "statewide" else f"{scope_type}:{scope_id}")


@pytest.fixture(scope="session")
def super_user(sample: Sample) -> Person:
    return person(sample, "super_user", "statewide")


@pytest.fixture(scope="session")
def planner(sample: Sample) -> Person:
    return person(sample, "career_planner", "lwia")


@pytest.fixture(scope="session")
def provider_staff(sample: Sample) -> Person:
    return person(sample, "provider_staff", "provider")
