"""Foreseeable mistakes end with one clear line and exit status 2, without a stack trace."""

import os
from pathlib import Path

import pytest
from conftest import DAY, Deliveries, Sample, yacp

from orchestration.contract.worknet import WORKNET


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "There is no day that both systems have delivered in full"),
        (["run", "--as-of", "2026-11-23"], "Illinois workNet and IWDS have not delivered 2026-11-23 yet"),
        (["run", "--as-of", "tomorrow"], "tomorrow is not a day"),
        (["backfill", "2026-11-23", "2026-11-20"], "FROM 2026-11-23 is after TO 2026-11-20"),
        (["backfill", "2026-11-20", "2026-11-23"], "No day from 2026-11-20 to 2026-11-23 was delivered"),
        (["show"], "Nothing is published"),
        (["list", "not_synced"], "Nothing is published"),
        (["quarantine", "--as-of", "2026-11-23"], "No delivery of 2026-11-23 was landed"),
        (["accept", "worknet", "2026-11-23", "--why", "x"], "No Illinois workNet delivery of 2026-11-23 is held"),
        (["accept", "worknet", "2026-11-23", "--why", " "], "--why is empty"),
        (["generate", "--customers", "100", "--faults"], "at least 1000 customers"),
    ],
)
def test_in_an_empty_state_folder(tmp_path: Path, arguments: list[str], says: str) -> None:
    _expect(yacp(tmp_path / "home", *arguments), says)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "somewhere"], "There is no section somewhere; the sections are: application_status"),
        (["show", "--scope", "county:1"], "county:1 is not a scope"),
        (["show", "--scope", "provider:P999999"], "There is no provider P999999 on the dashboard"),
        (
            ["show", "--as-of", "2019-01-01"],
            "2019-01-01 was not published; the newest published days are: 2026-11-23, 2026-11-22",
        ),
        (["changes", "--as-of", "2026-11-22"], "2026-11-22 is the first day published"),
        (["sync-problems", "--scope", "lwia:98"], "There is no lwia 98 on the dashboard"),
        (["list", "synced"], "There is no line synced; did you mean not_synced?"),
    ],
)
def test_what_is_not_published(sample: Sample, arguments: list[str], says: str) -> None:
    _expect(yacp(sample.home, *arguments), says)


def test_a_file_instead_of_the_deliveries_folder(tmp_path: Path) -> None:
    (tmp_path / "extracts").write_text("not a folder")
    _expect(yacp(tmp_path / "home", "run", extracts=tmp_path / "extracts"), "There is no day that both systems")


def test_a_refused_delivery(tmp_path: Path, deliveries: Deliveries, systems) -> None:
    deliveries.write(systems["iwds"])
    folder = deliveries.write(WORKNET)
    (folder / "staff.csv").unlink()
    result = yacp(tmp_path / "home", "run", "--as-of", str(DAY), extracts=deliveries.root)
    _expect(result, "staff.csv is in the manifest, but not in the folder")
    assert "The last good day is still published" in _flat(result.stderr)


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/sbin/runuser").exists(), reason="root can read anything")
def test_lists_without_access(sample: Sample, tmp_path: Path) -> None:
    mine = sample.copy(tmp_path)
    release = (mine.home / "published" / "current").resolve()
    # A folder in place of the file can't be opened either, not even by root.
    (release / "customers.duckdb").unlink()
    (release / "customers.duckdb").mkdir()
    result = yacp(mine.home, "list", "not_synced")
    _expect(result, "customers.duckdb can't be opened")
    assert yacp(mine.home, "show").returncode == 0


def test_a_wrong_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    from conftest import YACP

    result = subprocess.run(
        [str(YACP), "show"],
        env={**os.environ, "YACP_HOME": str(tmp_path), "YACP_MAX_QUARANTINED_SHARE": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    _expect(result, "YACP_MAX_QUARANTINED_SHARE")


def test_doctor_says_what_is_missing(tmp_path: Path) -> None:
    result = yacp(tmp_path / "home", "doctor", "--format", "csv")
    assert result.returncode == 2
    assert "Illinois workNet deliveries,false" in result.stdout
    assert "Python,true" in result.stdout


def test_doctor_finds_nothing_wrong_after_runs(sample: Sample) -> None:
    result = yacp(sample.home, "doctor", extracts=sample.extracts)
    assert result.returncode == 0, result.stdout


def _expect(result, says: str) -> None:
    assert result.returncode == 2, result.stderr
    assert says in _flat(result.stderr)
    assert "Traceback" not in result.stderr


def _flat(text: str) -> str:
    return " ".join(text.split())
