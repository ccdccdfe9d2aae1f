"""Releases are published as fast as possible, and no reader is disturbed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import concurrent_readers
from conftest import DAY, Sample

from orchestration.state.releases import current

PUBLICATIONS = 30
PAUSES = {8: 0.2, 16: 0.6, 24: 1.0}  # after so many, the publisher is paused so many seconds into the next one
PROGRAM = str(Path(concurrent_readers.__file__))


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, PROGRAM, *map(str, arguments)], text=True, stdout=subprocess.PIPE)


def looks(log: Path) -> list[dict[str, str]]:
    if not log.exists():
        return []
    return [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]


def wait_for_looks(logs: Iterable[Path], more: int) -> None:
    """Waits until every reader has looked a number of times more."""
    wanted = {log: len(looks(log)) + more for log in logs}
    deadline = time.monotonic() + 300
    while waiting := [log.stem for log, count in wanted.items() if len(looks(log)) < count]:
        assert time.monotonic() < deadline, f"{waiting} wait for the writer"
        time.sleep(0.1)


def test_no_reader_is_disturbed(sample: Sample, tmp_path: Path) -> None:
    config = sample.copy(tmp_path).settings
    concurrent_readers.prepare(config)
    first, newest = DAY + timedelta(days=1), DAY + timedelta(days=1 + PUBLICATIONS)
    with start("publish", config.home, first, 1) as publisher:
        assert publisher.wait() == 0
    opened = current(config)
    assert opened is not None

    stop = tmp_path / "stop"
    logs = {kind.__name__: tmp_path / f"{kind.__name__}.log" for kind in concurrent_readers.READERS}
    assert len(logs) >= 8
    processes = [start(name, config.home, log, stop) for name, log in logs.items()]
    try:
        wait_for_looks(logs.values(), 1)
        with start("publish", config.home, first + timedelta(days=1), PUBLICATIONS) as publisher:
            processes.append(publisher)
            for number, _ in enumerate(publisher.stdout or (), start=1):
                if number in PAUSES:
                    time.sleep(PAUSES[number])
                    publisher.send_signal(signal.SIGSTOP)
                    wait_for_looks(logs.values(), 2)
                    publisher.send_signal(signal.SIGCONT)
        assert publisher.returncode == 0
        stop.touch()
        for process in processes:
            assert process.wait(timeout=300) == 0
    finally:
        for process in processes:
            process.kill()
            process.wait()

    for name, log in logs.items():
        wrong = [look["wrong"] for look in looks(log) if "wrong" in look]
        assert not wrong, f"{name}: {len(wrong)} of {len(looks(log))} looks, the first: {wrong[0]}"
        days = [look["day"] for look in looks(log)]
        if name == "holding_counts_open":
            assert set(days) == {str(first)}
            assert len(days) > 2 * len(concurrent_readers.COUNTS)
        else:
            assert days[-1] == str(newest), name
            assert len(set(days)) > 5, name
    assert not opened.folder.exists()
    kept = {path.name for path in (config.published / "releases").glob("2*")}
    assert kept == {f"{newest - timedelta(days=back)}-1" for back in range(config.releases_kept)}
