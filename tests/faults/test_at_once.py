"""People, and the schedule, start runs at the same moment: two of the same day, and one of another."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conftest import DAY, DAY_BEFORE, YACP, clean_environment
from pipeline_runs import SEEN, PipelineRuns, standing


def test_all_end_well_one_after_the_other(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    home = pipeline_runs.begin(tmp_path / "home")
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
    said = [" ".join(run.communicate(timeout=600)[0].split()) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
    waited = [words for words in said if "Waiting for the run of" in words]
    assert len(waited) >= 2, said
    assert all(any(f"(process {run.pid})" in words for run in runs) for words in waited)
    assert standing(home, pipeline_runs) == "after"
    assert {path.name for path in (home / "published").iterdir()} == SEEN
