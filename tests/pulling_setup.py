"""Fixtures of pulls: a profile to write, and a PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestration.contract.iwds import IWDS
from orchestration.settings import Settings

if TYPE_CHECKING:
    from postgresql_server import Postgresql
    from written_profiles import WrittenProfile


@pytest.fixture
def written_profile(tmp_path: Path) -> "WrittenProfile":
    from written_profiles import WrittenProfile

    settings = Settings(home=tmp_path / "home", retries=0)
    return WrittenProfile(settings.sources_folder / "iwds", settings, IWDS)


@pytest.fixture(scope="session")
def postgresql() -> "Iterator[Postgresql]":
    from postgresql_server import BIN, MISSING, postgresql_server

    if BIN is None:
        pytest.skip(MISSING)
    with postgresql_server() as server:
        yield server
