"""Modes are set, whatever umask a command was started with, and what is wider than it should be is named."""

import grp
import os
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import DAY, YACP, Sample, clean_environment

from orchestration.health.doctor import examine
from orchestration.sample.generator import generate
from orchestration.settings import Settings
from orchestration.state.permissions import too_wide


def test_nothing_is_wider_than_it_should_be_under_a_umask_of_0(tmp_path: Path) -> None:
    home, extracts = tmp_path / "home", tmp_path / "extracts"
    generate(extracts, customers=1000, as_of=DAY, seed=5)
    subprocess.run(
        [str(YACP), "run", "--as-of", str(DAY)],
        env=clean_environment(home, extracts), umask=0, check=True, capture_output=True,
    )  # fmt: skip
    assert list(too_wide(Settings(home=home))) == []
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert modes["warehouse.lock"] == 0o600
    assert modes["dagster"] == modes["dbt"] == modes["archive"] == 0o700
    assert modes["published"] == 0o755
    open_to_all = {path for path in home.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o004}
    assert all("published" in path.relative_to(home).parts[:1] for path in open_to_all)
    for path in (home / "published").rglob("dashboard.duckdb"):
        assert stat.S_IMODE(path.resolve().stat().st_mode) == 0o644


def test_the_doctor_names_what_is_too_wide(sample: Sample, tmp_path: Path) -> None:
    mine = sample.copy(tmp_path)
    release = (mine.home / "published/current").resolve()
    for path in mine.home.rglob("*"):  # a copy may have lost the modes
        if not path.is_symlink() and "published" not in path.relative_to(mine.home).parts:
            path.chmod(0o700 if path.is_dir() else 0o600)
    assert list(too_wide(mine.settings)) == []
    opened = [
        mine.home / "warehouse.duckdb",
        release / "customers.duckdb",
        next((mine.home / "archive").rglob("*.parquet")),
    ]
    for path in opened:
        path.chmod(0o644)
    (release / "dashboard.duckdb").chmod(0o666)
    assert {path for path, _ in too_wide(mine.settings)} == {*opened, release / "dashboard.duckdb"}
    [row] = [row for row in examine(mine.settings).records() if row["what"] == "modes of files"]
    assert row["ok"] is False
    assert all(f"{path} 0644" in str(row["found"]) for path in opened)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to any group")
def test_files_of_the_group_may_be_open_to_it_and_others_not(sample: Sample, tmp_path: Path) -> None:
    mine = sample.copy(tmp_path)
    group, other = [found for found in grp.getgrall() if found.gr_gid != 0][:2]
    config = mine.settings.model_copy(update={"group": group.gr_name})
    lists = (mine.home / "published/current").resolve() / "customers.duckdb"
    lists.chmod(0o640)
    os.chown(lists, -1, group.gr_gid)
    assert lists not in {path for path, _ in too_wide(config)}
    os.chown(lists, -1, other.gr_gid)
    assert lists in {path for path, _ in too_wide(config)}
