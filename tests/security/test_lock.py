"""No other account can hold up the runs, and a run doesn't wait forever or blame somebody who is gone."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.failures import UsageError
from orchestration.runs.warehouse_lock import hold_warehouse
from orchestration.settings import Settings

HOLDER = """
import fcntl, sys, time
with open(sys.argv[1], "a") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("holding", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def held(tmp_path: Path):
    """The lock, held by a process that doesn't say so in the file."""
    path = tmp_path / "warehouse.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    yield path
    holder.kill()
    holder.wait()


def test_the_lock_is_for_its_owner_alone_whatever_it_was_before(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.lock"
    previous = os.umask(0)
    try:
        for made_before in (False, True):
            if made_before:
                path.chmod(0o666)
            with hold_warehouse(Settings(home=tmp_path), "a run", print):
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(previous)


def test_a_wait_has_a_limit(held: Path) -> None:
    config, messages = Settings(home=held.parent, lock_wait_minutes=0.01), list[str]()
    with (
        pytest.raises(
            UsageError, match=r"still holds .*warehouse\.lock after 0\.01 minutes \(YACP_LOCK_WAIT_MINUTES\)"
        ),
        hold_warehouse(config, "a run", messages.append),
    ):
        pass
    assert messages == ["Waiting for another process to finish."]


def test_nobody_is_named_who_does_not_live(held: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    config, messages = Settings(home=held.parent, lock_wait_minutes=0.01), list[str]()
    for content in ({"who": "the run of 2026-11-20", "process": gone.pid, "since": "06:00:00"}, [], {"process": "x"}):
        held.write_text(json.dumps(content))
        refused = pytest.raises(UsageError, match=r"^another process still holds")
        with refused, hold_warehouse(config, "a run", messages.append):
            pass
    held.write_text(json.dumps({"who": "the run of 2026-11-21", "process": os.getpid(), "since": "06:00:00"}))
    named = rf"the run of 2026-11-21 \(process {os.getpid()}, since 06:00:00\) still holds"
    with pytest.raises(UsageError, match=named), hold_warehouse(config, "a run", messages.append):
        pass
