"""Python's collector of garbage, where looking for it costs a second and finds nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """For imports: what is imported stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def left_at_the_end() -> Iterator[None]:
    """For a whole program: what it still has as it ends goes with the process, looked through by nobody."""
    try:
        yield
    finally:
        gc.freeze()
