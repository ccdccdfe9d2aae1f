"""Runs that start at the same moment, two of them of the same day."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conftest import DAY, DAY_BEFORE, YACP, clean_environment
from pipeline_runs import PUBLISHED_NAMES, PipelineRuns, published_state


def test_concurrent_runs_wait_for_each_other(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    home = pipeline_runs.state_before(tmp_path / "home")
    runs = [
        subprocess.Popen(
            [str(YACP), "run", "--as-of", str(day)],
            env=clean_environment(home, pipeline_runs.sample.extracts),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for day in (DAY, DAY, DAY_BEFORE)
    ]
    outputs = [" ".join(run.communicate(timeout=600)[0].split()) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], outputs
    waited = [words for words in outputs if "Waiting for the run of" in words]
    assert len(waited) >= 2, outputs
    assert all(any(f"(process {run.pid}, since " in words for run in runs) for words in waited)
    assert published_state(home, pipeline_runs) == "after"
    assert {path.name for path in (home / "published").iterdir()} == PUBLISHED_NAMES
