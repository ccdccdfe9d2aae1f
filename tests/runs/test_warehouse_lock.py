import re
import subprocess
import sys
import time
from pathlib import Path

from orchestration.runs.warehouse_lock import hold_warehouse
from orchestration.settings import Settings

HOLDER = """
import sys, time
from pathlib import Path
from orchestration.runs.warehouse_lock import hold_warehouse
from orchestration.settings import Settings
with hold_warehouse(Settings(home=Path(sys.argv[1])), "the run of 2026-11-22", print):
    print("holding", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(home: Path, seconds: float) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    return holder


def test_the_second_run_waits_and_says_for_which(tmp_path: Path) -> None:
    holder = hold(tmp_path, 2)
    messages: list[str] = []
    with hold_warehouse(Settings(home=tmp_path), "the run of 2026-11-23", messages.append):
        assert holder.wait(timeout=5) == 0
    assert len(messages) == 1
    assert re.fullmatch(
        rf"Waiting for the run of 2026-11-22 \(process {holder.pid}, since [0-9:]{{8}}\) to finish\.", messages[0]
    )


def test_a_killed_holder_does_not_block(tmp_path: Path) -> None:
    holder = hold(tmp_path, 600)
    holder.kill()
    holder.wait()
    messages: list[str] = []
    started = time.monotonic()
    with hold_warehouse(Settings(home=tmp_path), "the run of 2026-11-23", messages.append):
        pass
    assert messages == []
    assert time.monotonic() - started < 60


def test_a_process_can_hold_it_twice(tmp_path: Path) -> None:
    config = Settings(home=tmp_path)
    with hold_warehouse(config, "outer", print), hold_warehouse(config, "inner", print):
        pass
