"""After yacp repair and the steps that it names, what is published is what it would have been."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import DAY, DAY_BEFORE, Sample, yacp
from damaged_homes import FILES, Home, halved, linked_copy, turned
from pipeline_runs import PipelineRuns, content


@pytest.fixture
def home(sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Home:
    return Home(linked_copy(sample, tmp_path), capsys, monkeypatch)


def do_what_remains(home: Home, err: str) -> list[str]:
    """Runs the commands that a repair names."""
    steps = [line.strip().split("   ")[0] for line in err.splitlines() if line.startswith("  yacp ")]
    steps = [step for step in steps if not step.endswith(":")]
    for step in steps:
        done = yacp(home.sample.home, *step.split()[1:], extracts=home.sample.extracts)
        assert done.returncode == 0, done.stderr
    return steps


def test_a_release_is_published_again_on_the_one_before(home: Home, pipeline_runs: PipelineRuns) -> None:
    home.damage("counts", turned)
    status, _, err = home.run("repair", "--yes")
    assert status == 1
    assert do_what_remains(home, err) == [f"yacp backfill {DAY} {DAY}"]
    assert content(home.sample.home / "published/current") == pipeline_runs.after
    assert home.run("verify")[0] == 0


def test_parquet_of_an_older_day_is_written_again(home: Home, pipeline_runs: PipelineRuns) -> None:
    home.damage("lists of an older day", turned)
    status, _, err = home.run("repair", "--yes")
    assert status == 1
    assert do_what_remains(home, err) == [f"yacp backfill {DAY_BEFORE} {DAY_BEFORE}"]
    assert content(home.sample.home / "published/current") == pipeline_runs.after
    assert home.run("verify")[0] == 0


def test_the_same_delivery_once_more_heals_the_archive(home: Home, pipeline_runs: PipelineRuns) -> None:
    home.damage("archived extract", turned)
    done = yacp(home.sample.home, "run", "--as-of", str(DAY), extracts=home.sample.extracts)
    assert done.returncode == 0, done.stderr
    assert content(home.sample.home / "published/current") == pipeline_runs.after
    assert home.run("verify")[0] == 0
    reasons = [path.read_text() for path in (home.sample.home / "set_aside").glob("*/reason.txt")]
    assert ["landed again" in reason for reason in reasons] == [True]


def test_without_its_source_a_damaged_delivery_stays_and_its_system_is_named(home: Home, tmp_path: Path) -> None:
    home.damage("archived extract", turned)
    home.sample = Sample(home.sample.home, tmp_path / "nowhere")
    status, _, err = home.run("repair", "--yes")
    assert status == 1
    assert f"ask Illinois workNet for the same delivery 1 of {DAY} once more" in err
    assert (home.sample.home / FILES["archived extract"]).exists()


def test_a_damaged_record_of_runs_keeps_no_day_from_being_published(home: Home, pipeline_runs: PipelineRuns) -> None:
    for kind in ("runs", "events"):
        home.damage(kind, halved)
    done = yacp(home.sample.home, "run", "--as-of", str(DAY), extracts=home.sample.extracts)
    assert done.returncode == 0, done.stderr
    assert "The record of runs was damaged and begins again" in done.stderr
    assert content(home.sample.home / "published/current") == pipeline_runs.after


def test_a_lost_link_costs_no_history(home: Home, pipeline_runs: PipelineRuns) -> None:
    (home.sample.home / "published/current").unlink()
    done = yacp(home.sample.home, "run", "--as-of", str(DAY), extracts=home.sample.extracts)
    assert done.returncode == 0, done.stderr
    assert "current is lost; going on from" in done.stderr
    assert content(home.sample.home / "published/current") == pipeline_runs.after
    assert len(json.loads((home.sample.home / "published/current/release.json").read_text())["days"]) == 2


def test_state_of_an_earlier_version_is_accepted(home: Home, pipeline_runs: PipelineRuns) -> None:
    for path in [*home.sample.home.glob("archive/**/checksums.json"), *home.sample.home.glob("**/checksums.json")]:
        path.unlink(missing_ok=True)
    shutil.rmtree(home.sample.home / "published/releases/.spare", ignore_errors=True)
    assert home.run("verify")[0] == 0
    done = yacp(home.sample.home, "run", "--as-of", str(DAY), extracts=home.sample.extracts)
    assert done.returncode == 0, done.stderr
    assert (home.sample.home / "published/current/checksums.json").exists()
    assert content(home.sample.home / "published/current") == pipeline_runs.after
