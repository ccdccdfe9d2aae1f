"""Functions that are called in a process of their own."""

import os
from pathlib import Path

import duckdb
import pytest

from orchestration.failures import BuildFailed
from orchestration.settings import Settings
from orchestration.state.fresh_process import in_fresh_process, write_database


def test_it_returns_what_the_function_returns_or_raises() -> None:
    assert in_fresh_process(os.getpid) != os.getpid()
    with pytest.raises(ValueError, match="invalid literal"):
        in_fresh_process(int, "many")


def test_errors_of_duckdb_keep_their_type(config: Settings, tmp_path: Path) -> None:
    config.state.mkdir()
    with pytest.raises(duckdb.CatalogException, match="nowhere"):
        in_fresh_process(write_database, config, tmp_path / "counts.duckdb", "from nowhere")


def test_a_process_that_is_killed_is_reported() -> None:
    with pytest.raises(BuildFailed, match=r"ended with status -6.*The last good day is still published"):
        in_fresh_process(os.abort)
