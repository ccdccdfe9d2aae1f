"""Great Expectations prints no progress bars and has no analytics."""

import sys
from importlib.util import find_spec
from typing import Any

import great_expectations as gx
import pandas as pd
import pytest

from orchestration.internals.great_expectations_context import quiet_context


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


def test_no_analytics() -> None:
    quiet_context()
    assert find_spec("great_expectations.analytics") is None
    assert "posthog" not in sys.modules
