"""Output, the garbage collector, and the end of a process are what orchestration/internals/process.py says."""

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orchestration.internals.process import die_with_parent, redirect_output, skip_final_gc, without_gc


@pytest.mark.parametrize("truncate", [True, False])
def test_output_goes_to_the_file_whichever_process_writes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], truncate: bool
) -> None:
    log = tmp_path / "logs" / "run.log"
    log.parent.mkdir()
    log.write_text("before\n")
    with redirect_output(log, truncate=truncate):
        os.write(1, b"process\n")
        os.write(2, b"errors\n")
        subprocess.run(["/bin/sh", "-c", "echo child"], check=True)
    os.write(1, b"after\n")
    assert log.read_text() == ("" if truncate else "before\n") + "process\nerrors\nchild\n"
    assert capfd.readouterr().out == "after\n"


def test_the_garbage_collector_pauses() -> None:
    with without_gc():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_last_collection_visits_nothing() -> None:
    try:
        with skip_final_gc():
            pass
        assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()


def test_a_child_dies_with_its_parent() -> None:
    child = (
        "import sys, time; from orchestration.internals.process import die_with_parent;"
        "die_with_parent(int(sys.argv[1])); print('ready', flush=True); time.sleep(60)"
    )
    parent = (
        "import os, subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1], str(os.getpid())], stdout=subprocess.PIPE);"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(60)"
    )
    started = subprocess.Popen([sys.executable, "-c", parent, child], stdout=subprocess.PIPE)
    assert started.stdout is not None
    pid = int(started.stdout.readline())
    started.kill()
    started.wait()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlives its parent"
        time.sleep(0.02)


def test_a_child_of_a_dead_parent_ends() -> None:
    if sys.platform == "linux":
        script = "from orchestration.internals.process import die_with_parent; die_with_parent(1 << 30)"
        assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 1
    assert callable(die_with_parent)
