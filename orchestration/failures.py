"""Foreseeable failures as types: each carries the sentence that the operator reads, and its exit status.

None of them is mended by trying again at once, so no retry is allowed to turn one green: what a retry can mend, a
lost connection, has been tried again by then. Messages name files, rows and columns, never a value from a row.
"""

from __future__ import annotations


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
    """A delivery breaks the contract as a whole; nothing of it was taken, the last good day stays published."""

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
