"""The folder that Superset is loaded from, without Superset."""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from orchestration.settings import PROJECT

FOLDER = PROJECT / "bi" / "superset"
FILES = sorted((FOLDER / "assets").rglob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


@pytest.fixture(scope="module")
def colours() -> ModuleType:
    spec = importlib.util.spec_from_file_location("superset_colours", FOLDER / "colours.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_colours_are_those_of_the_dashboard(colours: ModuleType) -> None:
    assert set(colours.colours()) == {"white", "yellow", "red", "green", "grey"}
    outdated = [path.name for path in FILES if colours.written(colours.coloured(read(path))) != path.read_text()]
    assert outdated == [], "run `.venv/bin/python bi/superset/colours.py`"


def test_no_uuid_is_used_twice() -> None:
    found = [read(path)["uuid"] for path in FILES if path.name != "metadata.yaml"]
    assert len(found) == len(set(found)) > 40


def test_an_address_names_a_published_file_and_no_place() -> None:
    addresses = [read(path)["sqlalchemy_uri"] for path in FILES if path.parent.name == "databases"]
    assert sorted(addresses) == ["duckdb:///customers.duckdb", "duckdb:///dashboard.duckdb"]


def test_every_chart_is_on_a_dashboard_and_every_reference_exists() -> None:
    uuids = {kind: {read(path)["uuid"] for path in FILES if kind in path.parts} for kind in ("charts", "datasets")}
    shown = {
        part["meta"]["uuid"]
        for path in FILES
        if path.parent.name == "dashboards"
        for part in read(path)["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    }
    assert shown == uuids["charts"]
    assert {read(path)["dataset_uuid"] for path in FILES if path.parent.name == "charts"} <= uuids["datasets"]


def test_every_list_has_what_row_level_security_asks_for() -> None:
    for path in FILES:
        if path.parent.name == "lists":
            models = PROJECT / "models" / "marts" / "lists"
            model = next(
                found for name in (path.stem, f"lists_{path.stem}") if (found := models / f"{name}.yml").exists()
            )
            columns = {column["name"] for column in read(model)["models"][0]["columns"]}
            assert {"provider_id", "lwia_number"} <= columns, path.stem


def _start(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, FOLDER / "start.py"], env=os.environ | variables, capture_output=True, text=True, check=False
    )


def test_a_start_without_a_published_day_says_what_publishes_one(tmp_path: Path) -> None:
    started = _start(YACP_HOME=str(tmp_path), YACP_SUPERSET_PORT="0")
    assert started.returncode == 1
    assert started.stderr.count("\n") == 1
    assert f"{tmp_path}/published/following/dashboard.duckdb isn't there" in started.stderr
    assert "`yacp run`" in started.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["taken", "eighty", "99999"])
def test_a_port_that_cannot_be_used_is_named(tmp_path: Path, given: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1]) if given == "taken" else given
        started = _start(YACP_HOME=str(tmp_path), YACP_SUPERSET_PORT=port)
    assert started.returncode == 1
    assert started.stderr.count("\n") == 1
    assert f"port {port} can't be used" in started.stderr
    assert "YACP_SUPERSET_PORT" in started.stderr
