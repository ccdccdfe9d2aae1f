"""Runs with a full disk, a read-only folder, a file size limit, or a clock that is set back.

Each ends with a message for the operator, and the previous day is still published. Once the cause is gone, the same
command publishes what an undamaged run would have.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from conftest import DAY, YACP, clean_environment, query
from mount_namespace import MountNamespace, mount_namespace
from pipeline_runs import PUBLISHED_NAMES, PipelineRuns, published_state

from orchestration.settings import Settings
from orchestration.state.releases import releases

STILL_PUBLISHED = "The last good day is still published"
LANDING, MODELS, CHECKS, PUBLISHING = (
    "Landing IWDS",
    "Building and testing the models",
    "Checking sync status and dates",
    "Publishing",
)
DISK_SIZE = 400 << 20
# libfaketime breaks Python's sleep; everything else that asks for the time, DuckDB included, gets the fake one.
SLEEPING = "import select, time; time.sleep = lambda seconds: select.select([], [], [], seconds) and None"
LIVE_DAYS = "select distinct as_of_date from it.sections.dashboard"


def limit(largest_file: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))


class Run:
    """``yacp run`` for the day: its output and its end."""

    def __init__(
        self, home: Path, pipeline_runs: PipelineRuns, *prefix: str, largest_file: int | None = None, **variables: str
    ) -> None:
        self._output = home.with_name("output")
        with self._output.open("w") as stream:
            self._process = subprocess.Popen(
                [*prefix, str(YACP), "run", "--as-of", str(DAY)],
                env=clean_environment(home, pipeline_runs.sample.extracts, **variables),
                stdout=stream,
                stderr=stream,
                preexec_fn=partial(limit, largest_file) if largest_file else None,
            )

    @property
    def output(self) -> str:
        """Everything printed so far, on one line."""
        return " ".join(self._output.read_text().split())

    def wait_for(self, step: str) -> None:
        while step not in self.output:
            assert self._process.poll() is None, self.output
            time.sleep(0.02)

    def fails(self, *sentences: str) -> None:
        """With exit status 1 and a message, and without a stack trace."""
        assert self._process.wait(timeout=300) == 1, self.output
        for sentence in (*sentences, STILL_PUBLISHED):
            assert sentence in self.output
        assert "Traceback" not in self.output
        assert "failed unexpectedly" not in self.output

    def publishes(self) -> None:
        assert self._process.wait(timeout=300) == 0, self.output


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Another process takes every free byte, including those that the run frees."""
    ballast, is_done = disk / "ballast", threading.Event()
    with ballast.open("wb", buffering=0) as stream:

        def take() -> None:
            while not is_done.is_set():
                for piece in (1 << 20, 1 << 12):
                    with suppress(OSError):
                        while stream.write(bytes(piece)) == piece:
                            pass
                is_done.wait(0.01)

        taking = threading.Thread(target=take)
        taking.start()
        try:
            yield
        finally:
            is_done.set()
            taking.join()
    ballast.unlink()


@contextmanager
def read_only(namespace: MountNamespace, folder: Path) -> Iterator[None]:
    namespace.run("mount", "--bind", folder, folder)
    namespace.run("mount", "-o", "remount,bind,ro", folder)
    try:
        yield
    finally:
        namespace.run("umount", folder)


def test_a_full_disk_and_a_read_only_folder(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    """One run after the other on a small disk, which fills up too if a failed run leaves files behind."""
    home, copy = tmp_path / "home", tmp_path / "copy"
    home.mkdir()
    with mount_namespace() as namespace:
        namespace.run("mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", home)
        namespace.run("cp", "--archive", f"{pipeline_runs.sample.home_before}/.", home)
        disk = namespace.path_outside(home)

        def start() -> Run:
            return Run(home, pipeline_runs, *namespace.enter)

        def published() -> str:
            shutil.rmtree(
                copy, ignore_errors=True
            )  # DuckDB follows links to paths inside the namespace, so a copy is read
            shutil.copytree(disk / "published", copy / "published", symlinks=True)
            return published_state(copy, pipeline_runs)

        with full(disk):
            start().fails(f"{home} can't be written")
        assert published() == "before"
        for step in (LANDING, MODELS, CHECKS, PUBLISHING):
            run = start()
            run.wait_for(step)
            with full(disk):
                run.fails()
            assert published() == "before"
        with read_only(namespace, home / "published"):
            start().fails(f"Read-only file system: {home}/published")
        assert published() == "before"
        start().publishes()
        assert published() == "after"
        assert {path.name for path in (disk / "published").iterdir()} == PUBLISHED_NAMES
        assert not list((disk / "archive" / ".incoming").iterdir())


def test_a_file_size_limit(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    """The small limit stops Dagster's records, the large one the warehouse."""
    home = pipeline_runs.state_before(tmp_path / "home")
    for largest in (64 << 10, 2 << 20):
        Run(home, pipeline_runs, largest_file=largest).fails()
        assert published_state(home, pipeline_runs) == "before"
    Run(home, pipeline_runs).publishes()
    assert published_state(home, pipeline_runs) == "after"


def live_days(home: Path) -> list[date]:
    """The days that a reader of the live views sees."""
    return [day for (day,) in query(home / "published" / "following" / "dashboard.duckdb", LIVE_DAYS)]


def test_a_clock_that_is_set_back(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    """By more than a year. The clock is right again for the next run."""
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        pytest.skip("needs libfaketime (Debian: apt-get install faketime)")
    home, patches = pipeline_runs.state_before(tmp_path / "home"), tmp_path / "patches"
    patches.mkdir()
    (patches / "sitecustomize.py").write_text(SLEEPING)
    fake_time = {
        "LD_PRELOAD": str(library),
        "FAKETIME": "-400d",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": f"{patches}:{os.environ.get('PYTHONPATH', '')}",
    }
    Run(home, pipeline_runs, **fake_time).publishes()
    assert published_state(home, pipeline_runs) == "after"
    published_at = [release.published_at for release in releases(Settings(home=home))]
    assert len(published_at) == 2
    assert published_at[1] < published_at[0]
    assert live_days(home) == [DAY]

    Run(home, pipeline_runs).publishes()
    assert published_state(home, pipeline_runs) == "after"
    assert str((home / "published" / "current").readlink()) == f"releases/{DAY}-2"
    assert live_days(home) == [DAY]
