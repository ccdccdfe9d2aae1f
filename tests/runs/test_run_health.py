import subprocess
import sys
import time
from pathlib import Path

from orchestration.runs.run_health import is_alive, mark_alive
from orchestration.settings import Settings

RUN = """
import sys, time
from pathlib import Path
from orchestration.runs.run_health import mark_alive
from orchestration.settings import Settings
mark_alive(Settings(home=Path(sys.argv[1])), "a-run")
print("marked", flush=True)
time.sleep(600)
"""


def test_a_run_is_alive_until_its_process_is_killed(tmp_path: Path) -> None:
    config = Settings(home=tmp_path)
    run = subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "marked\n"
    assert is_alive(config, "a-run", None)
    run.kill()
    run.wait()
    assert not is_alive(config, "a-run", time.time())


def test_a_run_of_this_process_is_alive(tmp_path: Path) -> None:
    config = Settings(home=tmp_path)
    mark_alive(config, "a-run-of-this-process")
    mark_alive(config, "a-run-of-this-process")
    assert is_alive(config, "a-run-of-this-process", None)


def test_a_run_that_just_started_is_alive(tmp_path: Path) -> None:
    config = Settings(home=tmp_path)
    assert is_alive(config, "not-marked-yet", time.time())
    assert not is_alive(config, "not-marked-yet", time.time() - 3600)
    assert not is_alive(config, "not-marked-yet", None)
