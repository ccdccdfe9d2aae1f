"""Foreseeable failures as types: each carries the sentence that the operator reads, and its exit status.

None of them is mended by trying again at once, so no retry is allowed to turn one green: what a retry can mend, a
lost connection, has been tried again by then. Messages name files, rows and columns, never a value from a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

EXIT_STATUS = "exit_status"
IS_FINAL = "is_final"
"""Metadata of a failure in Dagster: what the command line exits with, and whether another try is pointless."""

STILL_PUBLISHED = "The last good day is still published."
NOTHING_PUBLISHED = f"Nothing was published. {STILL_PUBLISHED}"
NOTHING_LOADED = f"Nothing was loaded. {STILL_PUBLISHED}"
"""What stays safe when a run fails, in the same words everywhere."""

_OURS = Path(__file__).resolve().parent
_NAMES_SHOWN = 5
_LONGEST_NAME = 60


class YacpError(Exception):
    """A failure we foresaw. Its text is the whole message: what is wrong, what stays safe, what to do.

    One that ``is_final`` comes again however often the same delivery is run; others may pass: a full disk, a crash.
    """

    exit_status = 2
    is_final = False


class UsageError(YacpError):
    """What was asked for does not exist: a scope, a line, a day, a folder."""


class RootDenied(YacpError):
    """The place that deliveries come from can't be used as it is set up: no right to it, or no proof that it is it."""


class RootUnreachable(YacpError):
    """The place that deliveries come from doesn't answer, or hangs up, however often it is tried."""

    exit_status = 1


class DeliveryRefused(YacpError):
    """A delivery breaks the contract as a whole; nothing of it was loaded."""

    is_final = True


class ChecksBlocked(YacpError):
    """Checks of severity error failed; nothing was published."""

    exit_status = 1
    is_final = True


class BuildFailed(YacpError):
    """A step broke in a way that no delivery or argument explains; nothing was published."""

    exit_status = 1


_NO_ROOM = ("no space left", "file too large", "disk quota exceeded", "disk is full")
# Their words are about the SQL, a file or the machine. Those of DuckDB's other errors quote the value at fault.
_ABOUT_NO_VALUE = {
    "BinderException", "CatalogException", "ConnectionException", "DependencyException", "IOException",
    "InterruptException", "NotImplementedException", "OutOfMemoryException", "ParserException", "PermissionException",
    "TransactionException",
}  # fmt: skip


def lacks_room(error: BaseException) -> bool:
    """Whether memory or disk ran out, as DuckDB, SQLite or the system say it."""
    is_of_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"
    return is_of_memory or any(words in str(error).lower() for words in _NO_ROOM)


def without_values(error: Exception) -> str:
    """What DuckDB says of an error, unless it may quote a row; the kind of the error then."""
    kind = type(error).__name__
    if kind in _ABOUT_NO_VALUE:
        return str(error)
    return f"{kind.removesuffix('Exception')} Error: its words are left out, as they may quote a row"


def name_list(names: Sequence[str]) -> str:
    """Names as somebody else gave them, fit for a message: a few, short, of signs that can be seen."""
    shown = ["".join(sign for sign in name if sign.isprintable())[:_LONGEST_NAME] or "(no name)" for name in names]
    return ", ".join(shown[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")


def size_text(count: int) -> str:
    """A size for a message."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (1 << 10, "KiB")):
        if count >= unit:
            return f"{count / unit:g} {name}"
    return f"{count} bytes"


@contextmanager
def as_dagster_failure() -> Iterator[None]:
    """Turns a ``YacpError`` inside into a failure that Dagster shows as its sentence and never tries again.

    So is whatever DuckDB gives up at: Dagster would keep its words, which may quote a row.
    """
    import duckdb  # here, so that processes without Dagster or DuckDB can use this module

    try:
        yield
    except YacpError as error:
        raise _failure(error) from None
    except (duckdb.Error, MemoryError) as error:
        raise _failure(BuildFailed(_duckdb_message(error))) from None
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        raise _failure(
            BuildFailed(
                f"{error.strerror or type(error).__name__}:{place}. {NOTHING_PUBLISHED} Fix it and run the day again."
            )
        ) from None


def _duckdb_message(error: Exception) -> str:
    if lacks_room(error):
        return (
            f"There was not enough memory or disk. {NOTHING_PUBLISHED} Free space under "
            "YACP_HOME or raise YACP_MEMORY_LIMIT, then run the day again."
        )
    *_, place = (frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_OURS))
    where = f"{Path(place.filename).relative_to(_OURS.parent)}, line {place.lineno}"
    return (
        f"DuckDB failed at {where}: {without_values(error)}. {NOTHING_PUBLISHED} Run the day again; if it fails again, "
        "report this message to the maintainers of yacp."
    )


def _failure(error: YacpError) -> dg.Failure:
    import dagster as dg

    metadata = {EXIT_STATUS: error.exit_status, IS_FINAL: error.is_final}
    return dg.Failure(description=str(error), metadata=metadata, allow_retries=False)
