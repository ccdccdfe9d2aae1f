"""The weekly verification in Dagster: its checks, and the run that fails so that somebody hears of it."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from conftest import DAY, DAY_BEFORE, Sample

from orchestration.health.weekly import files_are_as_written, verification
from orchestration.runs.run_requests import ARCHIVE_IS_WHOLE, RELEASE_IS_WHOLE
from orchestration.settings import settings


@pytest.fixture
def mine(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    mine = sample.copy(tmp_path)
    monkeypatch.setenv("YACP_HOME", str(mine.home))
    settings.cache_clear()
    yield mine
    settings.cache_clear()


def verified() -> tuple[dg.ExecuteInProcessResult, dict[str, bool]]:
    """The job's result and whether each check passed."""
    with dg.instance_for_test() as instance:
        assets = [dg.AssetSpec(key.asset_key) for key in (ARCHIVE_IS_WHOLE, RELEASE_IS_WHOLE)]
        definitions = dg.Definitions(assets=assets, asset_checks=[files_are_as_written], jobs=[verification])
        job = definitions.resolve_job_def(verification.name)
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        found = result.get_asset_check_evaluations()
        return result, {each.asset_check_key.to_user_string(): each.passed for each in found}


def test_a_home_that_is_whole_passes(mine: Sample) -> None:
    result, passed = verified()
    assert result.success
    assert set(passed.values()) == {True}
    assert len(passed) == 2


@pytest.mark.parametrize(
    ("damaged", "fails"),
    [
        (f"archive/worknet/{DAY_BEFORE}/0001/customers.parquet", ARCHIVE_IS_WHOLE),
        ("published/current/dashboard.duckdb", RELEASE_IS_WHOLE),
        (f"archive/iwds/{DAY}/0001/checksums.json", ARCHIVE_IS_WHOLE),
    ],
)
def test_a_turned_bit_fails_its_check_and_the_run(mine: Sample, damaged: str, fails: dg.AssetCheckKey) -> None:
    path = (mine.home / damaged).resolve()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.unlink()
    path.write_bytes(content)
    result, passed = verified()
    assert not result.success
    assert [key for key, is_whole in passed.items() if not is_whole] == [fails.to_user_string()]
    [failure] = result.get_step_failure_events()
    assert "yacp verify lists them" in str(failure.step_failure_data.user_failure_data.description)
