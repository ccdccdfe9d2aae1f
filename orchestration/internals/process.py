"""What Python doesn't offer for a process as a whole: its output, its garbage collector, and dying with its parent.

Leans on CPython and Linux: file descriptors 1 and 2, ``gc.freeze`` and ``prctl``.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1


@contextmanager
def redirect_output(log: Path, *, truncate: bool = False) -> Iterator[None]:
    """Sends standard output and error to a file, whoever writes there: Python, Dagster or Java."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with log.open("wb" if truncate else "ab") as target:
        os.dup2(target.fileno(), 1)
        os.dup2(target.fileno(), 2)
        try:
            yield
        finally:
            with suppress(OSError):  # what failed because the disk is full reports it
                sys.stdout.flush()
                sys.stderr.flush()
            for number, copy in enumerate(saved, start=1):
                os.dup2(copy, number)
                os.close(copy)


@contextmanager
def without_gc() -> Iterator[None]:
    """For imports, whose objects stay: looking for garbage among them costs a second and finds none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def skip_final_gc() -> Iterator[None]:
    """For a whole program: Python's last collection would look through everything that was imported."""
    try:
        yield
    finally:
        gc.freeze()


def die_with_parent(parent: int) -> None:
    """The kernel kills this process when ``parent``, which started it, dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call above
            raise SystemExit(1)
