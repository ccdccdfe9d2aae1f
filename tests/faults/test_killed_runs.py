"""Whole runs are killed, by SIGKILL and with all that they have started, from their first step to their last.

A night is several of them. Each dies later than the one before it, so it goes past what that one left; the last one
lives, and what it publishes is that of a run which nothing disturbed. Somebody reads all the time, and sees the day
before, whole, or the day, whole. Landing and publishing are killed at many more steps in test_death.py.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import published_reader
from conftest import DAY, DAY_BEFORE
from pipeline_runs import KILLED, SEEN, PipelineRuns, Starter, standing, starter

# What every start would import again; nothing of ours, which is loaded under the eyes of whoever kills.
IMPORTED = ("dagster", "dagster._core.execution.api", "dagster_dbt", "pandas", "sqlalchemy", "alembic")
Death = dict[str, Any]


def step(pattern: str, count: int = 1, delay: float = 0.0) -> Death:
    """Just before a step of the run's own process, or some seconds after it."""
    return {"before": pattern, "count": count, "delay": delay}


def dbt(words: str) -> Death:
    """While dbt is at something."""
    return {"until": ["dbt/target/dbt.log", words]}


NIGHTS: list[list[Death]] = [
    [
        step(r"^sqlite3\.connect"),  # the definitions are loaded, the run is not yet on record
        step(r"^os\.mkdir /archive/\.incoming/worknet"),  # one of the two deliveries is accepted
        dbt("START sql table model intermediate.int_lines__memberships"),
        step(r"^sql insert into run\.check_results", 4),  # some of the Great Expectations suites are judged
    ],
    [
        step(r"^open /dagster/storage/[^ ]*/compute_logs/[^ ]*\.out"),  # the first step begins
        dbt("START seed file"),
        step(r"^sql update run\.built set is_complete"),  # dbt is done, and nobody knows
        step(r"^os\.rename /published/releases/\.building ->"),  # the release is whole and has no name yet
    ],
    [
        step(r"^sql create or replace table run\.built"),  # the warehouse is of two days
        dbt("START test grain_rates"),  # the models are built, and not all are tested
        step(r"^open /dbt/target/column_lineage", delay=0.4),  # Dagster puts on record what dbt has built
        step(r"^os\.rename /published/\.current\.new -> /published/current"),
    ],
    [
        step(r"^open /dagster/storage/[^ ]*/compute_logs/[^ ]*\.complete"),  # published, and Dagster does not know
    ],
]


@contextmanager
def watched(published: Path) -> Iterator[None]:
    """Somebody reads, again and again."""
    looking = subprocess.Popen(
        [sys.executable, published_reader.__file__, published], stdout=subprocess.PIPE, text=True
    )
    try:
        yield
        looking.send_signal(signal.SIGTERM)
        found = json.loads(looking.communicate(timeout=120)[0].splitlines()[-1])
    finally:
        looking.kill()
    assert found["problems"] == []
    assert found["looks"] > 3
    assert found["days"] == [str(DAY_BEFORE), str(DAY)]


def recorded(home: Path) -> list[dg.DagsterRunStatus]:
    """How Dagster says the night's runs ended, the newest first."""
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        return [run.status for run in instance.get_runs() if run.tags["dagster/partition"] == str(DAY)]


def live_through(start: Starter, pipeline_runs: PipelineRuns, deaths: list[Death]) -> list[str]:
    """What was published after each death."""
    home = pipeline_runs.begin(start.home)
    seen = []
    with watched(home / "published"):
        for death in deaths:
            assert start.run(**death) == KILLED, (death, start.output.read_text())
            seen.append(standing(home, pipeline_runs))
        assert start.run() == 0, start.output.read_text()
        assert standing(home, pipeline_runs) == "after"
    success, *others = recorded(home)
    assert success == dg.DagsterRunStatus.SUCCESS
    assert set(others) == {dg.DagsterRunStatus.FAILURE}
    assert {path.name for path in (home / "published").iterdir()} == SEEN
    assert not list((home / "archive" / ".incoming").iterdir())
    return seen


def test_runs_die_from_their_first_step_to_their_last(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    def share(first: int) -> list[str]:
        seen = []
        for number in range(first, len(NIGHTS), 2):
            with starter(tmp_path / f"night-{number}", pipeline_runs.sample.extracts, *IMPORTED) as start:
                seen += live_through(start, pipeline_runs, NIGHTS[number])
        return seen

    with ThreadPoolExecutor(2) as pool:
        seen = [day for half in pool.map(share, (0, 1)) for day in half]
    assert (seen.count("before"), seen.count("after")) == (sum(map(len, NIGHTS)) - 1, 1)
