"""What Python has no function for: redirecting a process's output, pausing its garbage collector, dying with its
parent.

Depends on CPython and Linux: file descriptors 1 and 2, ``gc.freeze``, and ``prctl``. When they change, Dagster's and
Java's output mixes with ours, commands take longer to start and end, and dbt outlives a killed run. Tried with Python
3.11 on Linux 6.
"""

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
    """Sends standard output and error to a file, no matter whether Python, Dagster, or Java writes them."""
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
            with suppress(OSError):  # on a full disk; the step that filled it reports it
                sys.stdout.flush()
                sys.stderr.flush()
            for number, copy in enumerate(saved, start=1):
                os.dup2(copy, number)
                os.close(copy)


@contextmanager
def without_gc() -> Iterator[None]:
    """For imports: their objects stay, so looking for garbage among them takes a second and finds none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def skip_final_gc() -> Iterator[None]:
    """For a whole program: Python's last collection would visit everything that was imported."""
    try:
        yield
    finally:
        gc.freeze()


def die_with_parent(parent: int) -> None:
    """Makes the kernel kill this process when ``parent``, which started it, dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call above
            raise SystemExit(1)
