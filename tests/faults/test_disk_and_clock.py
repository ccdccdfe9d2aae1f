"""PipelineRuns on a machine with troubles: a disk that is full, a folder that can't be written, a clock that is set back.

Each ends with a sentence for the operator and the day before whole; and once the trouble is gone, the same command
publishes what an undisturbed run would have.
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
from apart import Apart, apart
from conftest import DAY, YACP, clean_environment, query
from pipeline_runs import SEEN, PipelineRuns, standing

from orchestration.settings import Settings
from orchestration.state.releases import releases

STAYS = "The last good day is still published"
LANDING, MODELS, CHECKS, PUBLISHING = (
    "Landing IWDS",
    "Building and testing the models",
    "Checking sync status and dates",
    "Publishing",
)
ROOM = 400 << 20
# What Python sleeps by, the library spoils; all else that asks for the time, DuckDB too, gets the false one.
SLEEPING = "import select, time; time.sleep = lambda seconds: select.select([], [], [], seconds) and None"
FOLLOWED = "select distinct as_of_date from it.sections.dashboard"


def limit(largest_file: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))


class Run:
    """``yacp run`` for the day: what it says, and how it ends."""

    def __init__(
        self, home: Path, pipeline_runs: PipelineRuns, *before: str, largest_file: int | None = None, **variables: str
    ) -> None:
        self._said = home.with_name("said")
        with self._said.open("w") as output:
            self._process = subprocess.Popen(
                [*before, str(YACP), "run", "--as-of", str(DAY)],
                env=clean_environment(home, pipeline_runs.sample.extracts, **variables),
                stdout=output,
                stderr=output,
                preexec_fn=partial(limit, largest_file) if largest_file else None,
            )

    @property
    def said(self) -> str:
        """On one line."""
        return " ".join(self._said.read_text().split())

    def comes_to(self, step: str) -> None:
        while step not in self.said:
            assert self._process.poll() is None, self.said
            time.sleep(0.02)

    def fails(self, *sentences: str) -> None:
        """With the status of a run that published nothing, and in words."""
        assert self._process.wait(timeout=300) == 1, self.said
        for sentence in (*sentences, STAYS):
            assert sentence in self.said
        assert "Traceback" not in self.said
        assert "failed unexpectedly" not in self.said

    def publishes(self) -> None:
        assert self._process.wait(timeout=300) == 0, self.said


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Somebody else takes every byte there is, also those that the run gives back."""
    ballast, is_over = disk / "ballast", threading.Event()
    with ballast.open("wb", buffering=0) as stream:

        def take() -> None:
            while not is_over.is_set():
                for piece in (1 << 20, 1 << 12):
                    with suppress(OSError):
                        while stream.write(bytes(piece)) == piece:
                            pass
                is_over.wait(0.01)

        taking = threading.Thread(target=take)
        taking.start()
        try:
            yield
        finally:
            is_over.set()
            taking.join()
    ballast.unlink()


@contextmanager
def read_only(place: Apart, folder: Path) -> Iterator[None]:
    place.run("mount", "--bind", folder, folder)
    place.run("mount", "-o", "remount,bind,ro", folder)
    try:
        yield
    finally:
        place.run("umount", folder)


def test_a_disk_that_is_full_and_a_folder_that_cant_be_written(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    """One night after the other on one small disk; nothing that a failed run left may fill it either."""
    home, copy = tmp_path / "home", tmp_path / "copy"
    home.mkdir()
    with apart() as place:
        place.run("mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", home)
        place.run("cp", "--archive", f"{pipeline_runs.sample.evening}/.", home)
        disk = place.seen(home)

        def run() -> Run:
            return Run(home, pipeline_runs, *place.let_in)

        def published() -> str:
            shutil.rmtree(copy, ignore_errors=True)  # DuckDB finds its files by their names, which are others there
            shutil.copytree(disk / "published", copy / "published", symlinks=True)
            return standing(copy, pipeline_runs)

        with full(disk):
            run().fails(f"{home} can't be written")
        assert published() == "before"
        for step in (LANDING, MODELS, CHECKS, PUBLISHING):
            night = run()
            night.comes_to(step)
            with full(disk):
                night.fails()
            assert published() == "before"
        with read_only(place, home / "published"):
            run().fails(f"Read-only file system: {home}/published")
        assert published() == "before"
        run().publishes()
        assert published() == "after"
        assert {path.name for path in (disk / "published").iterdir()} == SEEN
        assert not list((disk / "archive" / ".incoming").iterdir())


def test_files_that_may_not_grow(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    """A quota, say. Small files are Dagster's record, large ones the warehouse."""
    home = pipeline_runs.begin(tmp_path / "home")
    for largest in (64 << 10, 2 << 20):
        Run(home, pipeline_runs, largest_file=largest).fails()
        assert standing(home, pipeline_runs) == "before"
    Run(home, pipeline_runs).publishes()
    assert standing(home, pipeline_runs) == "after"


def followed(home: Path) -> list[date]:
    """The days that somebody sees who has followed the newest release all the time."""
    return [day for (day,) in query(home / "published" / "following" / "dashboard.duckdb", FOLLOWED)]


def test_a_clock_that_is_set_back(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    """By more than a year; the next run has the right time again."""
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        pytest.skip("needs libfaketime (Debian: apt-get install faketime)")
    home, patches = pipeline_runs.begin(tmp_path / "home"), tmp_path / "patches"
    patches.mkdir()
    (patches / "sitecustomize.py").write_text(SLEEPING)
    false = {
        "LD_PRELOAD": str(library),
        "FAKETIME": "-400d",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "PYTHONPATH": f"{patches}:{os.environ.get('PYTHONPATH', '')}",
    }
    Run(home, pipeline_runs, **false).publishes()
    assert standing(home, pipeline_runs) == "after"
    made = [release.published_at for release in releases(Settings(home=home))]
    assert len(made) == 2
    assert made[1] < made[0]
    assert followed(home) == [DAY]

    Run(home, pipeline_runs).publishes()
    assert standing(home, pipeline_runs) == "after"
    assert str((home / "published" / "current").readlink()) == f"releases/{DAY}-2"
    assert followed(home) == [DAY]
