"""How a foreseeable failure looks in Dagster: its sentence, its exit status, and no retry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

import dagster as dg
import duckdb

from orchestration.failures import BuildFailed, YacpError, lacks_room, without_values
from orchestration.settings import PROJECT

EXIT_STATUS = "exit_status"
IS_FINAL = "is_final"
_OURS = PROJECT / "orchestration"


@contextmanager
def foreseen() -> Iterator[None]:
    """Turns a ``YacpError`` inside into a failure that Dagster shows as its sentence and never tries again.

    So is whatever DuckDB gives up at: Dagster would keep its words, which may quote a row.
    """
    try:
        yield
    except YacpError as error:
        raise _failure(error) from None
    except (duckdb.Error, MemoryError) as error:
        raise _failure(BuildFailed(_told(error))) from None
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        raise _failure(
            BuildFailed(
                f"{error.strerror or type(error).__name__}:{place}. Nothing was published and the last good day stays; "
                "mend it and run the day again."
            )
        ) from None


def _told(error: Exception) -> str:
    if lacks_room(error):
        return (
            "There was not enough memory or disk. Nothing was published and the last good day stays; free space under "
            "YACP_HOME or raise YACP_MEMORY_LIMIT, then run the day again."
        )
    *_, place = (frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_OURS))
    where = f"{Path(place.filename).relative_to(PROJECT)}, line {place.lineno}"
    return (
        f"DuckDB could not go on at {where}: {without_values(error)}. Nothing was published and the last good day "
        "stays; run the day again, and if it breaks again, tell whoever looks after yacp what this says."
    )


def _failure(error: YacpError) -> dg.Failure:
    metadata = {EXIT_STATUS: error.exit_status, IS_FINAL: error.is_final}
    return dg.Failure(description=str(error), metadata=metadata, allow_retries=False)
