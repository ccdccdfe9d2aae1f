"""State folders before and after a run, and a way to start a run, or a part of it, and kill it.

Tests that damage a run compare what is published afterwards with an undamaged run: it has to be equal, table by table
and Parquet file by Parquet file, except for the time it was published.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import DAY, Sample, clean_environment
from published_reader import look

KILLED = -9
PUBLISHED_NAMES = {
    "following",
    "current",
    "releases",
    "dashboard.duckdb",
    "customers.duckdb",
    "parquet",
    "release.json",
}
TIME_COLUMNS = {"loaded_at"}
Content = dict[str, tuple[object, ...]]


class Starter:
    """Starts runs, or parts of them, in processes that are killed as ordered (see ``faults/kill_points.py``)."""

    def __init__(self, home: Path, extracts: Path, *imported: str) -> None:
        self.home = home
        self.extracts = extracts
        self.output = home.with_name(f"{home.name}.output")
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("faults") / "kill_points.py"), *imported],
            env=clean_environment(home, extracts),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.output.open("a"),
            text=True,
        )

    def __call__(self, action: str, home: Path | None = None, **order: Any) -> int:
        """The exit status; ``KILLED`` for a process that was killed as ordered."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        defaults = {"home": str(home or self.home), "extracts": str(self.extracts), "day": str(DAY)}
        self.output.write_text("")
        order = {"action": action, "output": str(self.output), **defaults, **order}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        status: int = json.loads(self.process.stdout.readline())["status"]
        return status

    def run(self, **order: Any) -> int:
        """``yacp run`` for the day."""
        return self("command", arguments=["run", "--as-of", str(DAY)], **order)

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@contextmanager
def starter(home: Path, extracts: Path, *imported: str) -> Iterator[Starter]:
    found = Starter(home, extracts, *imported)
    try:
        yield found
    finally:
        found.stop()


@dataclass(frozen=True)
class PipelineRuns:
    """What is published before and after the run of the second day."""

    sample: Sample
    before: Content
    after: Content

    def state_before(self, home: Path) -> Path:
        """A state folder in which the first day is published and the second is delivered."""
        subprocess.run(["cp", "--archive", self.sample.home_before, home], check=True)
        return home

    def state_built(self, home: Path) -> Path:
        """The second day is built too. For publishing alone, which reads the linked files and never writes to them."""
        home.mkdir()
        for name in ("warehouse.duckdb", "dbt", "archive"):
            (home / name).symlink_to(self.sample.home / name)
        shutil.copytree(self.sample.home_before / "published", home / "published", symlinks=True, copy_function=os.link)
        return home


@pytest.fixture(scope="session")
def pipeline_runs(sample: Sample) -> PipelineRuns:
    before = content(sample.home_before / "published" / "current")
    after = content(sample.home / "published" / "current")
    assert before != after
    return PipelineRuns(sample, before, after)


def content(release: Path) -> Content:
    """For every table and every Parquet file: its columns, its number of rows, and a checksum of them."""
    found: Content = {}
    release = release.resolve()
    with duckdb.connect() as connection:
        for file in ("dashboard", "customers"):
            connection.execute(f"attach '{release / file}.duckdb' as {file} (read_only)")
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = ? union all"
                " select schema_name, view_name from duckdb_views() where database_name = ? and not internal",
                [file, file],
            ).fetchall()
            for schema, name in names:
                found[f"{file}.{schema}.{name}"] = digest(connection, f'{file}."{schema}"."{name}"')
        for path in sorted((release / "parquet").rglob("*.parquet")):
            relation = f"read_parquet('{path}', hive_partitioning = false)"
            found[str(path.relative_to(release))] = digest(connection, relation)
    return found


def digest(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[object, ...]:
    columns = [str(row[0]) for row in connection.execute(f"describe from {relation}").fetchall()]
    kept = ", ".join(f'"{column}"' for column in columns if column not in TIME_COLUMNS)
    row = connection.execute(f"select count(*), sum(hash(row({kept}))) from {relation}").fetchone()
    return (tuple(columns), *(row or ()))


def published_state(home: Path, pipeline_runs: PipelineRuns) -> str:
    """``before`` or ``after``; anything in between fails."""
    look(home / "published")
    seen = content(home / "published" / "current")
    assert seen in (pipeline_runs.before, pipeline_runs.after)
    return "before" if seen == pipeline_runs.before else "after"
