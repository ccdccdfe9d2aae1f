"""The process's standard output and error, sent elsewhere for a while, whoever writes there: Python, Dagster, Java."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def output_to(log: Path, *, is_anew: bool = False) -> Iterator[None]:
    """Sends it to a file, at its end or to one begun anew."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("wb" if is_anew else "ab") as target:
        os.dup2(target.fileno(), 1)
        os.dup2(target.fileno(), 2)
        try:
            yield
        finally:
            with suppress(OSError):  # a full disk is told by what failed for it
                sys.stdout.flush()
                sys.stderr.flush()
            for number, copy in enumerate(kept, start=1):
                os.dup2(copy, number)
                os.close(copy)
