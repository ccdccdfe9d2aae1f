"""A house in the evening and what the morning is to look like; and what starts parts of a run, or all of it.

The tests that do damage to a run compare what is published then with that of a run which nothing disturbed: equal,
table by table and Parquet file by Parquet file, but for when it was made.
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
SEEN = {"following", "current", "releases", "dashboard.duckdb", "customers.duckdb", "parquet", "release.json"}
MADE_WHEN = {"loaded_at"}
Content = dict[str, tuple[object, ...]]


class Starter:
    """Starts parts of a run, or all of it, in processes that die as ordered."""

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

    def __call__(self, act: str, home: Path | None = None, **order: Any) -> int:
        """The exit status; ``KILLED`` for one that died as ordered."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        defaults = {"home": str(home or self.home), "extracts": str(self.extracts), "day": str(DAY)}
        self.output.write_text("")
        order = {"act": act, "output": str(self.output), **defaults, **order}
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
    """What is published in the evening, and what the morning is to look like after the night's run."""

    sample: Sample
    before: Content
    after: Content

    def begin(self, home: Path) -> Path:
        """A house as it is in the evening: the day before is published, the day is delivered."""
        subprocess.run(["cp", "--archive", self.sample.evening, home], check=True)
        return home

    def built(self, home: Path) -> Path:
        """The day is built too, for publishing, which only reads it; nothing may ever write through a link."""
        home.mkdir()
        for name in ("warehouse.duckdb", "dbt", "archive"):
            (home / name).symlink_to(self.sample.home / name)
        shutil.copytree(self.sample.evening / "published", home / "published", symlinks=True, copy_function=os.link)
        return home


@pytest.fixture(scope="session")
def pipeline_runs(sample: Sample) -> PipelineRuns:
    before = content(sample.evening / "published" / "current")
    after = content(sample.home / "published" / "current")
    assert before != after
    return PipelineRuns(sample, before, after)


def content(release: Path) -> Content:
    """Of every table and every Parquet file: the number of rows, and a sum over all of them."""
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
    kept = ", ".join(f'"{column}"' for column in columns if column not in MADE_WHEN)
    row = connection.execute(f"select count(*), sum(hash(row({kept}))) from {relation}").fetchone()
    return (tuple(columns), *(row or ()))


def standing(home: Path, pipeline_runs: PipelineRuns) -> str:
    """``before`` or ``after``; anything else is a mixture."""
    look(home / "published")
    seen = content(home / "published" / "current")
    assert seen in (pipeline_runs.before, pipeline_runs.after)
    return "before" if seen == pipeline_runs.before else "after"
