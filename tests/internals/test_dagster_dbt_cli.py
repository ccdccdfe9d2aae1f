"""dbt is started once for a run: not for its version, and with no adapter in our process."""

import inspect
import os
from importlib.metadata import version
from pathlib import Path

import pytest
from dagster_dbt import DbtCliResource

from orchestration.internals.dagster_dbt_cli import InstalledDbtCli
from orchestration.warehouse.dbt_project import PROJECT_DIR


def test_the_names_are_there() -> None:
    assert hasattr(DbtCliResource, "_cli_version")
    assert list(inspect.signature(DbtCliResource._initialize_dbt_core_adapter).parameters) == ["self", "args"]


def stub(folder: Path, script: str) -> InstalledDbtCli:
    """A dbt that is a shell script."""
    dbt = folder / "dbt"
    dbt.write_text(f"#!/bin/sh\n{script}\n")
    dbt.chmod(0o700)
    return InstalledDbtCli(project_dir=str(PROJECT_DIR), profiles_dir=str(PROJECT_DIR), dbt_executable=str(dbt))


def test_variables_reach_dbt_alone(tmp_path: Path) -> None:
    resource = stub(tmp_path, f'echo "$YACP_AS_OF_DATE $YACP_CUSTOMER_URL $DBT_LOG_PATH $1" > {tmp_path}/seen')
    variables = {"YACP_AS_OF_DATE": "2026-11-23", "YACP_CUSTOMER_URL": "a b=c", "DBT_LOG_PATH": "/elsewhere"}
    before = dict(os.environ)
    resource.with_variables(variables).cli(["parse"], target_path=tmp_path, raise_on_error=False).wait()
    assert (tmp_path / "seen").read_text() == f"2026-11-23 a b=c {tmp_path} parse\n"
    assert dict(os.environ) == before


def test_dbt_is_started_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))
    starts = tmp_path / "starts"
    resource = stub(tmp_path, f'echo "$@" >> {starts}')
    invocation = resource.cli(["parse"], target_path=tmp_path, raise_on_error=False).wait()
    assert invocation.adapter is None
    assert str(invocation.cli_version) == version("dbt-core")
    assert len(starts.read_text().splitlines()) == 1
    assert "parse" in starts.read_text()
