"""Every client reads every row of every published table, or refuses the file as it opens it.

The clients are installed from requirements/clients/, each lock in a folder of its own below .venv/clients/.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import DAY, Sample
from read_published import DATABASES, THREADS, digest

from orchestration.publishing.publish import publish
from orchestration.settings import PROJECT
from orchestration.warehouse.dbt_project import compiled_marts

READER = Path(__file__).with_name("read_published")
INSTALLED = PROJECT / ".venv" / "clients"
EARLIER_DAYS = (date(2026, 9, 30), date(2026, 10, 1))  # in a month that the live views have in one file
START, END = "<!-- Written by make test-clients WRITE_TABLE=1: start -->\n", "<!-- end -->"
HEADING = (
    "| client | version | `dashboard.duckdb`, `customers.duckdb` | `following/` | Parquet |\n"
    "| --- | --- | --- | --- | --- |\n"
)
Reading = dict[str, Any]


@dataclass(frozen=True)
class Client:
    """A library as people use it: how it is called on the page, its lock, and the packages whose versions matter."""

    name: str
    lock: str
    reader: str
    packages: str
    refuses: bool = False

    def __str__(self) -> str:
        return f"{self.name} of {self.lock}"


def _duckdb(lock: str, refuses: bool = False) -> Client:
    return Client("DuckDB for Python", lock, "duckdb", "duckdb", refuses)


CLIENTS = [
    *(_duckdb(f"duckdb-{version}", refuses=True) for version in ("1.0", "1.1", "1.2", "1.3")),
    *(_duckdb(f"duckdb-{version}") for version in ("1.4.0", "1.4", "newest")),
    Client("DuckDB for Node", "node", "node", "@duckdb/node-api"),
    Client("ibis", "libraries", "ibis", "ibis-framework duckdb"),
    Client("SQLAlchemy", "libraries", "sqlalchemy", "sqlalchemy duckdb-engine duckdb"),
    Client("polars", "libraries", "polars", "polars"),
    Client("pandas", "libraries", "pandas", "pandas pyarrow"),
]
OURS = _duckdb("")
"""The version that wrote the files. What it reads is checked against the release's own record."""


@pytest.fixture(scope="module")
def published(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several days, published one after the other: each release changes the history of the one before in its place."""
    config = sample.copy(tmp_path_factory.mktemp("clients")).settings
    for day in (*EARLIER_DAYS, DAY):
        with duckdb.connect(str(config.warehouse)) as warehouse:
            warehouse.execute("update sections.history set as_of_date = ?", [day])
        publish(config, day, compiled_marts(config), "run")
    return config.published


@pytest.fixture(scope="module")
def read(published: Path) -> Callable[[Client], Reading]:
    return cache(lambda client: (_with_node if client.reader == "node" else _with_python)(client, published))


def _run(*command: str | Path, **variables: str) -> str:
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _with_python(client: Client, published: Path) -> Reading:
    """Without the packages of the project, unless it is its own DuckDB."""
    alone = ("-S",) if client.lock else ()
    arguments = (client.reader, published, client.packages)
    output = _run(
        sys.executable, *alone, READER.with_suffix(".py"), *arguments, PYTHONPATH=str(INSTALLED / client.lock)
    )
    found: Reading = json.loads(output)
    return found


FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "BIGINT": int,
    "BOOLEAN": bool,
    "DATE": date.fromisoformat,
    "DOUBLE": float,
    "INTEGER": int,
    "TIMESTAMP": datetime.fromisoformat,
    "VARCHAR": str,
}


def _with_node(client: Client, published: Path) -> Reading:
    modules = INSTALLED / client.lock / "node_modules"
    found: Reading = {"versions": [json.loads((modules / client.packages / "package.json").read_text())["version"]]}
    for threads in THREADS:
        read: dict[str, dict[str, Any]] = {name: {} for name in DATABASES}
        paths = {str(published / f"{name}.duckdb"): name for name in DATABASES}
        output = _run("node", READER.with_suffix(".cjs"), str(threads), *paths, NODE_PATH=str(modules))
        for path, table, types, rows in map(json.loads, output.splitlines()):
            read[paths[path]][table] = digest(_typed(row, types) for row in rows)
        found[f"databases on {threads} threads"] = read
    return found


def _typed(row: list[Any], types: list[str]) -> tuple[Any, ...]:
    pairs = zip(row, types, strict=True)
    return tuple(None if value is None else FROM_JSON[kind](value) for value, kind in pairs)


def test_the_reference_is_complete(published: Path, read: Callable[[Client], Reading]) -> None:
    """What our own DuckDB reads is as many rows as were written, in the files, the views, and the Parquet."""
    reference = read(OURS)["databases on 1 threads"]
    rows = json.loads((published / "release.json").read_text())["rows"]
    tables = reference["dashboard"] | reference["customers"]
    assert {table: count for table, (count, _) in tables.items()} == rows
    for file in ("dashboard", "customers"):
        assert reference[f"following/{file}"] == reference[file]
    history = read(OURS)["parquet"]["dashboard/sections/history"]
    assert history == reference["dashboard"]["sections.history"]
    assert history[0] > len(EARLIER_DAYS) * reference["dashboard"]["sections.dashboard"][0]


@pytest.mark.parametrize("client", [client for client in (OURS, *CLIENTS) if not client.refuses], ids=str)
def test_every_row_is_read(client: Client, read: Callable[[Client], Reading]) -> None:
    found, reference = read(client), read(OURS)
    expected = {f"databases on {threads} threads": reference["databases on 1 threads"] for threads in THREADS}
    for place in found.keys() - {"versions"}:
        assert found[place] == expected.get(place, reference["parquet"]), place
    assert len(found) > 1


@pytest.mark.parametrize("client", [client for client in CLIENTS if client.refuses], ids=str)
def test_an_older_duckdb_refuses_the_files_and_reads_the_parquet(
    client: Client, read: Callable[[Client], Reading]
) -> None:
    found = read(client)
    for threads in THREADS:
        for outcome in found[f"databases on {threads} threads"].values():
            assert "Trying to read a database file with version number" in outcome
    assert found["parquet"] == read(OURS)["parquet"]


def test_the_page_says_what_was_read(read: Callable[[Client], Reading]) -> None:
    page = PROJECT / "docs" / "bi.md"
    before, _, rest = page.read_text().partition(START)
    written, _, after = rest.partition(END)
    table = HEADING + "".join(_line(client, read(client), read(OURS)) for client in CLIENTS)
    if os.environ.get("WRITE_TABLE"):
        page.write_text(before + START + table + END + after)
        written = table
    assert written == table, "run make test-clients WRITE_TABLE=1"


def _line(client: Client, found: Reading, reference: Reading) -> str:
    names = (package.removeprefix("@duckdb/") for package in client.packages.split()[1:])
    first, *others = found["versions"]
    versions = ", ".join([first, *(f"{name} {version}" for name, version in zip(names, others, strict=True))])
    databases = [found[place] for place in found if place.startswith("databases")]
    expected = reference["databases on 1 threads"]
    files = [(read[name], expected[name]) for read in databases for name in ("dashboard", "customers")]
    views = [(read[f"following/{name}"], expected[name]) for read in databases for name in ("dashboard", "customers")]
    parquet = [(found["parquet"], reference["parquet"])] if "parquet" in found else []
    return f"| {client.name} | {versions} | {_outcome(files)} | {_outcome(views)} | {_outcome(parquet)} |\n"


def _outcome(pairs: list[tuple[Any, Any]]) -> str:
    """In a word, for the table; the tests above say what exactly is wrong."""
    if not pairs:
        return "–"
    if all(isinstance(found, str) for found, _ in pairs):
        return "refused"
    return "every row" if all(found == expected for found, expected in pairs) else "wrong"
