"""Whole runs are killed by SIGKILL, with all processes that they started, from their first step to their last.

Several runs are killed one after the other in the same state folder, each at a later step than the one before, so that
each works with what the previous one left. The last run isn't killed and publishes what an undamaged run would have.
Meanwhile a reader sees either the previous day or the new day, complete. test_kill_points.py kills landing and
publishing at many more steps.
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
from pipeline_runs import KILLED, PUBLISHED_NAMES, PipelineRuns, Starter, published_state, starter

# Imported once for all runs. No module of the project, because runs are killed while they import those too.
IMPORTED = ("dagster", "dagster._core.execution.api", "dagster_dbt", "pandas", "sqlalchemy", "alembic")
Kill = dict[str, Any]


def step(pattern: str, count: int = 1, delay: float = 0.0) -> Kill:
    """Just before a step of the run's own process, or ``delay`` seconds later."""
    return {"before": pattern, "count": count, "delay": delay}


def dbt(words: str) -> Kill:
    """While dbt does something."""
    return {"until": ["dbt/target/dbt.log", words]}


KILLS: list[list[Kill]] = [
    [
        step(r"^sqlite3\.connect"),  # the definitions are loaded, the run isn't recorded yet
        step(r"^os\.mkdir /archive/\.incoming/worknet"),  # one of the two deliveries is accepted
        dbt("START sql table model intermediate.int_lines__memberships"),
        step(r"^sql insert into run\.check_results", 4),  # some of the Great Expectations suites have run
    ],
    [
        step(r"^open /dagster/storage/[^ ]*/compute_logs/[^ ]*\.out"),  # the first step starts
        dbt("START seed file"),
        step(r"^sql update run\.built set is_complete"),  # dbt is done, which isn't recorded yet
        step(r"^os\.rename /published/releases/\.building ->"),  # the release is complete and has no name yet
    ],
    [
        step(r"^sql create or replace table run\.built"),  # the warehouse holds parts of two days
        dbt("START test grain_movement"),  # the models are built, but not all are tested
        step(r"^sql update run\.built set is_complete", delay=0.4),  # Dagster records what dbt has built
        step(r"^os\.rename /published/\.current\.new -> /published/current"),
    ],
    [
        step(
            r"^open /dagster/storage/[^ ]*/compute_logs/[^ ]*\.complete"
        ),  # published, which Dagster hasn't recorded yet
    ],
]


@contextmanager
def while_reading(published: Path) -> Iterator[None]:
    """A reader reads again and again, and finds no problem."""
    reader = subprocess.Popen([sys.executable, published_reader.__file__, published], stdout=subprocess.PIPE, text=True)
    try:
        yield
        reader.send_signal(signal.SIGTERM)
        result = json.loads(reader.communicate(timeout=120)[0].splitlines()[-1])
    finally:
        reader.kill()
    assert result["problems"] == []
    assert result["looks"] > 3
    assert result["days"] == [str(DAY_BEFORE), str(DAY)]


def recorded(home: Path) -> list[dg.DagsterRunStatus]:
    """The status of the runs of the day in Dagster, newest first."""
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        return [run.status for run in instance.get_runs() if run.tags["dagster/partition"] == str(DAY)]


def kill_and_finish(start: Starter, pipeline_runs: PipelineRuns, kills: list[Kill]) -> list[str]:
    """What was published after each kill."""
    home = pipeline_runs.state_before(start.home)
    seen = []
    with while_reading(home / "published"):
        for kill in kills:
            assert start.run(**kill) == KILLED, (kill, start.output.read_text())
            seen.append(published_state(home, pipeline_runs))
        assert start.run() == 0, start.output.read_text()
        assert published_state(home, pipeline_runs) == "after"
    success, *others = recorded(home)
    assert success == dg.DagsterRunStatus.SUCCESS
    assert set(others) == {dg.DagsterRunStatus.FAILURE}
    assert {path.name for path in (home / "published").iterdir()} == PUBLISHED_NAMES
    assert not list((home / "archive" / ".incoming").iterdir())
    return seen


def test_runs_killed_from_their_first_step_to_their_last(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    def every_other(first: int) -> list[str]:
        seen = []
        for number in range(first, len(KILLS), 2):
            with starter(tmp_path / f"home-{number}", pipeline_runs.sample.extracts, *IMPORTED) as start:
                seen += kill_and_finish(start, pipeline_runs, KILLS[number])
        return seen

    with ThreadPoolExecutor(2) as pool:
        seen = [day for half in pool.map(every_other, (0, 1)) for day in half]
    assert (seen.count("before"), seen.count("after")) == (sum(map(len, KILLS)) - 1, 1)
