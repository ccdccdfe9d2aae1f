"""How a foreseeable failure looks in Dagster: its sentence, its exit status, and no retry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from orchestration.failures import BuildFailed, YacpError

EXIT_STATUS = "exit_status"
IS_FINAL = "is_final"


@contextmanager
def foreseen() -> Iterator[None]:
    """Turns a ``YacpError`` inside into a failure that Dagster shows as its sentence and never tries again."""
    try:
        yield
    except YacpError as error:
        raise _failure(error) from None
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        raise _failure(
            BuildFailed(
                f"{error.strerror or type(error).__name__}:{place}. Nothing was published and the last good day stays; "
                "mend it and run the day again."
            )
        ) from None


def _failure(error: YacpError) -> dg.Failure:
    metadata = {EXIT_STATUS: error.exit_status, IS_FINAL: error.is_final}
    return dg.Failure(description=str(error), metadata=metadata, allow_retries=False)
