"""dbt is started once for a run: not for its version, and with no adapter in our process."""

import inspect
from importlib.metadata import version
from pathlib import Path

import pytest
from dagster_dbt import DbtCliResource

from orchestration.internals.dagster_dbt_cli import InstalledDbtCli
from orchestration.warehouse.dbt_project import PROJECT_DIR


def test_the_names_are_there() -> None:
    assert hasattr(DbtCliResource, "_cli_version")
    assert list(inspect.signature(DbtCliResource._initialize_dbt_core_adapter).parameters) == ["self", "args"]


def test_dbt_is_started_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))
    starts = tmp_path / "starts"
    dbt = tmp_path / "dbt"
    dbt.write_text(f'#!/bin/sh\necho "$@" >> {starts}\n')
    dbt.chmod(0o700)
    resource = InstalledDbtCli(project_dir=str(PROJECT_DIR), profiles_dir=str(PROJECT_DIR), dbt_executable=str(dbt))
    invocation = resource.cli(["parse"], target_path=tmp_path, raise_on_error=False).wait()
    assert invocation.adapter is None
    assert str(invocation.cli_version) == version("dbt-core")
    assert len(starts.read_text().splitlines()) == 1
    assert "parse" in starts.read_text()
