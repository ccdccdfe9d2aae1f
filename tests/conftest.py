"""Fixtures of all tests, and the names that test modules import from here."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from shared_sample import Sample, copy_of_the_sample, query
from written_deliveries import DAY, DAY_BEFORE, IWDS_VALUES, VALUES, Deliveries
from yacp_command import YACP, clean_environment, read_csv, yacp

from orchestration.contract.extract import System
from orchestration.contract.systems import SYSTEMS
from orchestration.settings import Settings

if TYPE_CHECKING:
    from servers import S3, Place, Sftp

__all__ = [
    "DAY", "DAY_BEFORE", "IWDS_VALUES", "VALUES", "YACP", "Deliveries", "Sample", "clean_environment", "query",
    "read_csv", "yacp",
]  # fmt: skip

# The definitions are loaded once in a process, before the tests' days are delivered.
os.environ["YACP_FIRST_DAY"] = "2020-01-01"

pytest_plugins = ("dashboard_site", "chromium", "notice_setup", "pipeline_runs", "pulling_setup", "superset_site")

_ALWAYS = {"deadline": None, "suppress_health_check": list(hypothesis.HealthCheck)}
hypothesis.settings.register_profile("quick", max_examples=8, derandomize=True, database=None, **_ALWAYS)
hypothesis.settings.register_profile("long", max_examples=100, print_blob=True, **_ALWAYS)
hypothesis.settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One file that uses the sample goes first, and the others of them last: meanwhile, nobody waits for it."""
    with_sample = {item.path for item in items if "sample" in getattr(item, "fixturenames", ())}
    first = next((item.path for item in items if item.path in with_sample), None)
    items.sort(key=lambda item: (item.path != first, item.path in with_sample))


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", extracts=str(tmp_path / "extracts"))


@pytest.fixture
def deliveries(tmp_path: Path) -> Deliveries:
    return Deliveries(tmp_path / "extracts")


@pytest.fixture(scope="session")
def sample(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    cache = pytestconfig.cache
    assert cache is not None
    return copy_of_the_sample(cache.mkdir("sample"), tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def s3() -> "Iterator[S3]":
    from servers import S3

    with S3.start() as server:
        yield server


@pytest.fixture
def sftp(tmp_path: Path) -> "Iterator[Sftp]":
    from servers import Sftp

    (tmp_path / "server" / "outbox").mkdir(parents=True)
    server = Sftp(tmp_path / "server")
    yield server
    server.close()


@pytest.fixture
def _empty_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the keys and profiles of the person who runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in [name for name in os.environ if name.startswith("AWS_") or name == "SSH_AUTH_SOCK"]:
        if name != "AWS_EC2_METADATA_DISABLED":
            monkeypatch.delenv(name)


@pytest.fixture
def on_sftp(sftp: "Sftp", tmp_path: Path, _empty_home_folder: None) -> "Iterator[Place]":
    from servers import sftp_place

    with sftp_place(tmp_path, sftp) as place:
        yield place


@pytest.fixture
def on_s3(s3: "S3", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _empty_home_folder: None) -> "Iterator[Place]":
    from servers import s3_place

    with s3_place(tmp_path, s3) as place:
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        yield place


@pytest.fixture(params=["sftp", "s3"])
def place(request: pytest.FixtureRequest) -> "Place":
    """A remote that deliveries come from: an sftp server, then a bucket."""
    return request.getfixturevalue(f"on_{request.param}")


@pytest.fixture(scope="session")
def systems() -> dict[str, System]:
    return {system.name: system for system in SYSTEMS}
