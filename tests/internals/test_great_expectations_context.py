"""Great Expectations prints no progress bars, has no analytics, and does without PySpark."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orchestration.internals.great_expectations_context import load_great_expectations, quiet_context

gx = load_great_expectations()


def printed(context: Any, capfd: pytest.CaptureFixture[str]) -> str:
    batch = (
        context.data_sources.add_pandas("warehouse")
        .add_dataframe_asset("table")
        .add_batch_definition_whole_dataframe("day")
        .get_batch({"dataframe": pd.DataFrame({"share": [0.5]})})
    )
    expected = gx.expectations.ExpectColumnValuesToBeBetween(column="share", min_value=0, max_value=1)
    assert batch.validate(gx.ExpectationSuite(name="suite", expectations=[expected])).success
    return "".join(capfd.readouterr())


def test_no_progress_bars(capfd: pytest.CaptureFixture[str]) -> None:
    assert "Calculating Metrics" in printed(gx.get_context(mode="ephemeral"), capfd), "there are none; delete ours"
    assert printed(quiet_context(), capfd) == ""


def test_a_pyspark_that_ends_the_process_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pyspark.py").write_text("raise SystemExit(3)")
    ours = "from orchestration.internals.great_expectations_context import load_great_expectations as load"
    ended = []
    for load in ("import great_expectations", f"{ours}; load(); import pyspark", f"{ours}; load().get_context"):
        started = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {load}"]
        ended.append(subprocess.run(started, capture_output=True, check=False).returncode)
    assert ended == [3, 3, 0], "the first is Great Expectations alone: if it doesn't end either, delete ours"


def test_no_analytics() -> None:
    quiet_context()
    assert find_spec("great_expectations.analytics") is None
    assert "posthog" not in sys.modules
