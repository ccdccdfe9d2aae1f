"""A dashboard over the sample, asked as a proxy asks it: with the address of whoever signed in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Sample
from starlette.testclient import TestClient

from dashboard.app import create_app
from dashboard.settings import Settings

PROXY = ("10.1.2.3", 40000)
HEADER = "X-Forwarded-Email"


@dataclass
class Person:
    """Somebody of the staff extract, and a scope of theirs."""

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


@pytest.fixture(scope="session")
def _site(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    here = site_over(sample.home / "published", tmp_path_factory.mktemp("site"))
    with here.client:
        yield here


@pytest.fixture
def site(_site: Site) -> Site:
    """Over the sample, with nothing logged yet."""
    _site.log.unlink(missing_ok=True)
    return _site


def person(sample: Sample, role: str, scope_type: str) -> Person:
    """The first one of a role, with a scope that has customers who aren't synced."""
    column = {"provider": "provider_id", "lwia": "cast(lwia_number as varchar)", "statewide": "'IL'"}[scope_type]
    ((email, scope_id),) = sample.query(
        "customers",
        f"select email, scope_id from it.customers.entitlements where role = '{role}' and scope_type = '{scope_type}'"
        f" and scope_id in (select {column} from it.customers.sync_problems) order by email limit 1",
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
