"""How a foreseeable failure looks in Dagster: its sentence, its exit status, and no retry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from orchestration.failures import YacpError

EXIT_STATUS = "exit_status"


@contextmanager
def foreseen() -> Iterator[None]:
    """Turns a ``YacpError`` inside into a failure that Dagster shows as its sentence and never tries again."""
    try:
        yield
    except YacpError as error:
        raise dg.Failure(
            description=str(error), metadata={EXIT_STATUS: error.exit_status}, allow_retries=False
        ) from None
