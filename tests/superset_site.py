"""Superset as `make superset` starts it, on a sample's published day, with people who sign in to its REST API."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from conftest import DAY, Sample, clean_environment, yacp

from orchestration.sample.generator import generate
from orchestration.settings import PROJECT

FOLDER = PROJECT / "bi" / "superset"
PROGRAMS = PROJECT / ".venv-superset" / "bin"
ADMIN_PASSWORD = "correct-horse-battery-staple"
Row = dict[str, Any]
Filters = list[dict[str, Any]]
EPOCH = date(1970, 1, 1)
DAY_AFTER = DAY + timedelta(days=1)


def chosen(values: Row) -> Filters:
    """What a dashboard's filters add to a chart's query."""
    return [{"col": name, "op": "IN", "val": [value]} for name, value in values.items()]


STATEWIDE = chosen({"scope_type": "statewide", "scope_name": "Illinois"})


def asset(kind: str, name: str) -> dict[str, Any]:
    """A committed asset."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "assets" / kind / f"{name}.yaml").read_text())
    return loaded


@dataclass
class Person:
    """Somebody who is signed in to the API."""

    api: httpx.Client
    password: str
    name: str

    def ids(self, kind: str) -> dict[str, int]:
        """The ids of what this person can see, by uuid."""
        found = self.api.get(f"/api/v1/{kind}/", params={"q": "(page_size:200,columns:!(id,uuid))"})
        assert found.status_code == 200, found.text
        return {row["uuid"]: row["id"] for row in found.json()["result"]}

    def query_context(self, chart: str) -> dict[str, Any]:
        """The query that is saved with a chart."""
        found = self.api.get(f"/api/v1/chart/{self.ids('chart')[asset('charts', chart)['uuid']]}")
        assert found.status_code == 200, found.text
        saved: dict[str, Any] = json.loads(found.json()["result"]["query_context"])
        return saved

    def answer(self, chart: str, filters: Filters | None = None) -> list[Row]:
        """The rows of a chart, with a dashboard's filters."""
        context = self.query_context(chart)
        for query in context["queries"]:
            query["filters"] += filters or []
        return self.rows(self.api.post("/api/v1/chart/data", json=context))

    def ask(self, dataset_id: int, columns: list[Any], *, result_type: str = "full", **query: Any) -> httpx.Response:
        """Asks a dataset for some of its columns."""
        wanted = {"columns": columns, "filters": [], "row_limit": 50000, **query}
        source = {"id": dataset_id, "type": "table"}
        return self.api.post(
            "/api/v1/chart/data", json={"datasource": source, "queries": [wanted], "result_type": result_type}
        )

    def rows(self, response: httpx.Response) -> list[Row]:
        """The rows of an answer."""
        assert response.status_code == 200, response.text
        [result] = response.json()["result"]
        return list(result["data"])


@dataclass
class Superset:
    """The server, the state folder whose published files it reads, and what it answered before the newest day."""

    base: str
    home: Path
    answers_before: dict[str, list[Row]] = field(default_factory=dict)
    _people: dict[str, Person] = field(default_factory=dict)

    @cached_property
    def admin(self) -> Person:
        return self.sign_in("admin", ADMIN_PASSWORD)

    def sign_in(self, name: str, password: str) -> Person:
        api = httpx.Client(base_url=self.base, timeout=120)
        login = api.post("/api/v1/security/login", json={"username": name, "password": password, "provider": "db"})
        assert login.status_code == 200, login.text
        api.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        token = api.get("/api/v1/security/csrf_token/").json()["result"]
        api.headers.update({"X-CSRFToken": token, "Referer": self.base})
        return Person(api, password, name)

    def person(self, email: str, role: str = "YACP lists") -> Person:
        """Somebody with this address who may look, and has this role beside."""
        key = f"{email} {role}"
        if key not in self._people:
            roles = self.admin.api.get("/api/v1/security/roles/", params={"q": "(page_size:100)"}).json()["result"]
            ids = {each["name"]: each["id"] for each in roles}
            name = f"person{len(self._people)}"
            account = {"first_name": "A", "last_name": "B", "active": True, "roles": [ids["Gamma"], ids[role]]}
            made = self.admin.api.post(
                "/api/v1/security/users/", json={**account, "username": name, "email": email, "password": "pw-pw-pw"}
            )
            assert made.status_code == 201, made.text
            self._people[key] = self.sign_in(name, "pw-pw-pw")
        return self._people[key]

    def published(self, file: str, sql: str, **values: Any) -> list[Row]:
        """Rows of a published file, which is attached as ``it``; days as Superset writes them."""
        return [_as_superset_writes(row) for row in self._rows(file, sql, values)]

    def _rows(self, file: str, sql: str, values: dict[str, Any]) -> list[Row]:
        import duckdb

        with duckdb.connect() as connection:
            path = (self.home / "published" / f"{file}.duckdb").resolve()
            connection.execute(f"attach '{path}' as it (read_only)")
            cursor = connection.execute(sql, {name: value for name, value in values.items() if f"${name}" in sql})
            names = [each[0] for each in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _as_superset_writes(row: Row) -> Row:
    """Days are milliseconds in its JSON."""
    return row | {name: (value - EPOCH).days * 86_400_000 for name, value in row.items() if isinstance(value, date)}


@pytest.fixture(scope="session")
def superset(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    """Superset over a copy of the sample, started before a third day is published there: customers move on by then."""
    assert PROGRAMS.exists(), "no Superset: `make test-superset` installs it"
    copied = sample.copy(tmp_path_factory.mktemp("superset"))
    generate(copied.extracts, customers=2000, as_of=DAY_AFTER, seed=11)
    # Once more here: the views for open connections name the folder they were made in.
    _publish(copied, DAY)
    with _served(copied.home) as server:
        server.answers_before = {chart: server.admin.answer(chart, STATEWIDE) for chart in ("as_of", "attention_days")}
        _publish(copied, DAY_AFTER)
        yield server


def _publish(sample: Sample, day: date) -> None:
    result = yacp(sample.home, "backfill", str(day), str(day), extracts=sample.extracts)
    assert result.returncode == 0, result.stderr


@contextmanager
def _served(home: Path) -> Iterator[Superset]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {"YACP_SUPERSET_PORT": str(port), "YACP_SUPERSET_ADMIN_PASSWORD": ADMIN_PASSWORD}
    with (
        (home / "superset.log").open("w") as log,
        subprocess.Popen(
            [PROGRAMS / "python", FOLDER / "start.py"],
            env=clean_environment(home, **variables),
            stdout=log,
            stderr=log,
        ) as server,
    ):
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_for(server, base, home / "superset.log")
            yield Superset(base, home)
        finally:
            server.terminate()


def _wait_for(server: "subprocess.Popen[bytes]", base: str, log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        with suppress(httpx.TransportError):
            if httpx.get(f"{base}/health").status_code == 200:
                return
        time.sleep(0.5)
    raise AssertionError(f"Superset doesn't answer: {log.read_text()}")


def load_again(superset: Superset) -> None:
    """Loads the folder into the running Superset, as a second start does."""
    state = superset.home / "superset"
    environment = os.environ | {
        "YACP_PUBLISHED": str(superset.home / "published"),
        "YACP_SUPERSET_STATE": str(state),
        "SUPERSET_HOME": str(state),
        "SUPERSET_CONFIG_PATH": str(FOLDER / "superset_config.py"),
    }
    loaded = subprocess.run(
        [PROGRAMS / "python", FOLDER / "loading.py"], env=environment, capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
