"""Pulls from files: what becomes a delivery, with which number, and what a pull that fails leaves."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE
from written_deliveries import IWDS_VALUES
from written_profiles import FILES, WrittenProfile
from yacp_command import clean_environment

from orchestration.failures import SourceError
from orchestration.landing.intake import land
from orchestration.pulling.due import NotPulled, due_pulls, pull_for_run
from orchestration.pulling.pull import pull, pull_newest
from orchestration.state.crash_cleanup import remove_leftovers

ROW = IWDS_VALUES["applications"]
ALL = "select * from app"


def manifest(written_profile: WrittenProfile, day: date = DAY) -> dict[str, object]:
    path = Path(written_profile.settings.extracts_root) / "iwds" / str(day) / "manifest.json"
    content: dict[str, object] = json.loads(path.read_text())
    return content


def test_a_pull_is_a_delivery_that_landing_takes(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES, applications=ALL)
    written_profile.export_table("app", [ROW, {**ROW, "iwds_application_id": "I2"}])
    pulled = pull_newest(written_profile.settings, written_profile.system)
    assert (pulled.day, pulled.delivery, pulled.is_new, pulled.rows["applications"]) == (DAY, 1, True, 2)
    landed = land(written_profile.settings, written_profile.system, DAY)
    path = landed.parquet(written_profile.system.extract("applications"))
    assert duckdb.sql(f"select iwds_application_id from '{path}' order by 1").fetchall() == [("I1",), ("I2",)]
    assert not any("extra column" in warning for warning in landed.warnings)


def test_the_same_rows_are_no_new_delivery_whatever_their_order(written_profile: WrittenProfile) -> None:
    rows = [{**ROW, "iwds_application_id": f"I{number}"} for number in range(5)]
    written_profile.write(FILES, applications=ALL.replace("*", "* exclude (_file, _line)"))
    written_profile.export_table("app", rows)
    assert pull(written_profile.settings, written_profile.system, DAY).is_new
    first = manifest(written_profile)
    written_profile.export_table("app", rows[::-1])
    again = pull(written_profile.settings, written_profile.system, DAY)
    assert (again.is_new, again.delivery) == (False, 1)
    assert {**manifest(written_profile), "source": ""} == {**first, "source": ""}
    written_profile.export_table("app", rows[1:])
    changed = pull(written_profile.settings, written_profile.system, DAY)
    assert (changed.is_new, changed.delivery) == (True, 2)


def test_the_number_follows_the_archive_when_the_folder_is_gone(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES, applications=ALL)
    written_profile.export_table("app", [ROW])
    pull(written_profile.settings, written_profile.system, DAY)
    folder = Path(written_profile.settings.extracts_root) / "iwds" / str(DAY)
    land(written_profile.settings, written_profile.system, DAY)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert pull(written_profile.settings, written_profile.system, DAY).delivery == 2


def test_the_quarantine_names_the_file_and_line_of_the_source(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES, applications=ALL)
    rows = [{**ROW, "iwds_application_id": f"I{number}"} for number in range(300)]
    rows[7] = {**rows[7], "application_date": "soon", "first_name": "two\nlines"}
    rows[9] = {**rows[9], "application_date": "later"}
    written_profile.export_table("app", rows)
    pull(written_profile.settings, written_profile.system, DAY)
    landed = land(written_profile.settings, written_profile.system, DAY)
    found = duckdb.sql(f"select file, line_number, column_name, reason from '{landed.quarantine}' order by 2")
    assert found.fetchall() == [
        (f"app_{DAY}.csv", 9, "application_date", "bad_type"),
        (f"app_{DAY}.csv", 12, "application_date", "bad_type"),
    ]


def test_a_pull_that_fails_leaves_nothing(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES, applications=ALL, credentials="select nothing from app")
    written_profile.export_table("app", [ROW])
    with pytest.raises(SourceError, match=r"credentials\.sql, line 1: Binder Error"):
        pull(written_profile.settings, written_profile.system, DAY)
    left = {path.name for path in Path(written_profile.settings.extracts_root).rglob("*")}
    assert left == {".pull-iwds.lock"}


def test_what_a_killed_pull_leaves_is_removed(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES, applications=ALL, services="select * from range(100000000000) where range < 0")
    written_profile.export_table("app", [ROW])
    root = Path(written_profile.settings.extracts_root)
    killed = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli.main", "pull", "iwds"],
        env=clean_environment(written_profile.settings.state),
        stderr=subprocess.DEVNULL,
    )
    while not list(root.glob(".pull-iwds-*/applications.parquet")):
        assert killed.poll() is None
    killed.kill()
    killed.wait()
    assert not (root / "iwds").exists()
    remove_leftovers(written_profile.settings)
    assert {path.name for path in root.iterdir()} == {".pull-iwds.lock"}


def test_files_are_readable_by_their_owner_only(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES, applications=ALL)
    written_profile.export_table("app", [ROW])
    pull(written_profile.settings, written_profile.system, DAY)
    modes = {oct(path.stat().st_mode & 0o077) for path in Path(written_profile.settings.extracts_root).rglob("*")}
    assert modes == {"0o0"}


def test_a_day_waits_until_a_file_says_that_it_is_complete(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES + '\n[ready]\nfile = "done_{day:%Y%m%d}"\n', applications=ALL)
    written_profile.export_table("app", [ROW])
    with pytest.raises(SourceError, match=f"not complete for {DAY} yet: there is no file like done_"):
        pull(written_profile.settings, written_profile.system, DAY)
    written_profile.export("done_20261123", "")
    assert pull_newest(written_profile.settings, written_profile.system).day == DAY


def test_a_day_waits_until_its_files_are_old_enough(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES + "\n[ready]\nage_minutes = 30\n", applications=ALL)
    path = written_profile.export_table("app", [ROW])
    with pytest.raises(SourceError, match="changed in the last 30 minutes"):
        pull(written_profile.settings, written_profile.system, DAY)
    old = path.stat().st_mtime - timedelta(minutes=31).total_seconds()
    os.utime(path, (old, old))
    assert pull(written_profile.settings, written_profile.system, DAY).is_new


def test_a_pull_is_due_until_it_was_made_and_again_when_something_changed(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES, applications=ALL)
    assert due_pulls(written_profile.settings, pytest.fail) == {}
    written_profile.export_table("app", [ROW])
    assert due_pulls(written_profile.settings, pytest.fail)["iwds"][0] == DAY
    pull(written_profile.settings, written_profile.system, DAY)
    assert due_pulls(written_profile.settings, pytest.fail) == {}
    written_profile.export_table("app", [ROW, {**ROW, "iwds_application_id": "I2"}])
    assert due_pulls(written_profile.settings, pytest.fail)["iwds"][0] == DAY
    pull(written_profile.settings, written_profile.system, DAY)
    (written_profile.folder / "credentials.sql").write_text("select 1 as one")
    assert due_pulls(written_profile.settings, pytest.fail)["iwds"][0] == DAY
    problems: list[str] = []
    (written_profile.folder / "source.toml").write_text("[files]\n")
    assert due_pulls(written_profile.settings, problems.append) == {}
    assert len(problems) == 1


def test_a_day_that_the_source_no_longer_has_is_built_from_the_archive(written_profile: WrittenProfile) -> None:
    written_profile.write(FILES, applications=ALL)
    path = written_profile.export_table("app", [ROW], DAY_BEFORE)
    with pytest.raises(SourceError, match="no file for the table app"):
        pull_for_run(written_profile.settings, written_profile.system, DAY, lambda _: None)
    pull(written_profile.settings, written_profile.system, DAY_BEFORE)
    land(written_profile.settings, written_profile.system, DAY_BEFORE)
    path.unlink()
    outcome = pull_for_run(written_profile.settings, written_profile.system, DAY_BEFORE, lambda _: None)
    assert isinstance(outcome, NotPulled)
    assert "doesn't have that day now" in outcome.reason
