"""What is wider than it should be is named, and a repair closes it.

That a run under a umask of 0 leaves nothing that is, tests/faults/test_permissions.py shows.
"""

import grp
import os
import stat
from pathlib import Path

import pytest
from conftest import Sample

from orchestration.health.doctor import examine
from orchestration.health.repair import plan
from orchestration.state.permissions import too_wide


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
    repair = plan(mine.settings)
    assert [what for what, _ in repair.actions] == [
        "close what more accounts can open than should: 4 files and folders"
    ]
    repair.do()
    assert list(too_wide(mine.settings)) == []
    assert [stat.S_IMODE(path.stat().st_mode) for path in opened] == [0o600] * 3
    assert stat.S_IMODE((release / "dashboard.duckdb").stat().st_mode) == 0o644
    assert plan(mine.settings).actions == []


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
