"""Foreseeable failures as types: each has the message for the operator and the exit status.

Dagster never retries one of them: an immediate retry would not help, and a lost connection, where it does, was retried
before the failure was raised. Messages name files, rows and columns, never a value from a row.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

EXIT_STATUS = "exit_status"
IS_FINAL = "is_final"
"""Metadata of a failure in Dagster: the exit status of the command line, and whether running again is pointless."""

STILL_PUBLISHED = "The last good day is still published."
NOTHING_PUBLISHED = f"Nothing was published. {STILL_PUBLISHED}"
NOTHING_LOADED = f"Nothing was loaded. {STILL_PUBLISHED}"
"""What stays safe when a run fails, in the same words everywhere."""

_OURS = Path(__file__).resolve().parent
_NAMES_SHOWN = 5
_LONGEST_NAME = 60


class YacpError(Exception):
    """A foreseeable failure. Its text is the whole message: what is wrong, what stays safe, what to do.

    One that ``is_final`` happens again however often the same delivery is run. Others may pass: a full disk, a crash.
    """

    exit_status = 2
    is_final = False


class UsageError(YacpError):
    """Something in the command or the settings doesn't exist or can't be used: a scope, a line, a day, a folder."""


class RootDenied(YacpError):
    """Where deliveries come from can't be used as configured: access is denied, or the server is not the known one."""


class RootUnreachable(YacpError):
    """Where deliveries come from doesn't answer or closes the connection, in every retry."""

    exit_status = 1


class SourceError(UsageError):
    """A source profile, or what it reads, can't be used as it is: somebody has to change the profile or the source."""


class SourceUnreachable(RootUnreachable):
    """A source doesn't answer or closes the connection, in every retry."""


class DeliveryRefused(YacpError):
    """A delivery breaks the contract as a whole; nothing of it was loaded. ``checksums`` are those of its files."""

    is_final = True

    def __init__(self, message: str, checksums: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.checksums = dict(checksums or {})


class DeliveryHeld(DeliveryRefused):
    """A delivery lost so many rows that it may be incomplete; somebody has to accept it, or ask for a new one."""


class ChecksBlocked(YacpError):
    """Checks of severity error failed; nothing was published."""

    exit_status = 1
    is_final = True


class StateDamaged(YacpError):
    """Files under ``YACP_HOME`` are not as they were written; nothing was made from them."""

    exit_status = 1
    is_final = True


class BuildFailed(YacpError):
    """A step failed for a reason that is neither in the delivery nor in the command; nothing was published."""

    exit_status = 1


_ASK_VERIFY = "yacp verify says which files are damaged, and what mends them."
_UNREADABLE = (
    "corrupt", "checksum", "not a valid duckdb", "magic bytes", "parquet file", "malformed", "not a database",
    "thrift", "deserializ", "serialization", "footer", "decompress", "could not read", "zstd", "snappy",
)  # fmt: skip
_NO_ROOM = ("no space left", "file too large", "disk quota exceeded", "disk is full")
# Their messages are about the SQL, a file or the machine. Those of DuckDB's other errors quote the value at fault.
_QUOTES_NO_VALUE = {
    "BinderException", "CatalogException", "ConnectionException", "DependencyException", "IOException",
    "InterruptException", "NotImplementedException", "OutOfMemoryException", "ParserException", "PermissionException",
    "TransactionException",
}  # fmt: skip


def lacks_room(error: BaseException) -> bool:
    """Whether memory or disk space ran out, judged by the messages of DuckDB, SQLite and the system."""
    is_of_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"
    return is_of_memory or any(words in str(error).lower() for words in _NO_ROOM)


def is_damage(error: BaseException) -> bool:
    """Whether a file can't be read as what it is, judged by the messages of DuckDB and SQLite."""
    return any(words in str(error).lower() for words in _UNREADABLE)


def failure_behind(error: Exception) -> YacpError | None:
    """The failure behind an error of DuckDB or of Dagster's databases; ``None`` for others, which are mistakes of ours.

    For commands: whatever they read was written whole, so what can't be read any more is damaged.
    """
    library = type(error).__module__.partition(".")[0].removeprefix("_")
    if library == "duckdb":
        if lacks_room(error):
            return BuildFailed("There was not enough memory or disk. Free space under YACP_HOME and try again.")
        return StateDamaged(f"A file can't be read: {_first_line(without_values(error))}. {_ASK_VERIFY}")
    if library in ("sqlalchemy", "sqlite3", "dagster_postgres"):
        reason = reason_of_database(error)
        if is_damage(error):
            return StateDamaged(
                f"Dagster's record of runs is damaged: {reason}. Nothing that is published depends on it. yacp repair "
                "sets it aside, and the next run begins a new one."
            )
        return BuildFailed(f"Dagster's record of runs can't be used: {reason}.")
    return None


def reason_of_database(error: BaseException) -> str:
    """What the database said, behind an error of SQLAlchemy or of Dagster's storage, on one line."""
    return _first_line(str(getattr(error, "orig", None) or getattr(error.__cause__, "orig", error)))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip(".")


def without_values(error: Exception) -> str:
    """The message of a DuckDB error, or only its type if the message may quote a row."""
    kind = type(error).__name__
    if kind in _QUOTES_NO_VALUE:
        return str(error)
    return f"{kind.removesuffix('Exception')} Error: its text is left out because it may quote a row"


def name_list(names: Sequence[str]) -> str:
    """Names from outside, made fit for a message: only a few, short, and with escapes for what can't be printed."""
    shown = ["".join(map(_printable, name[:_LONGEST_NAME])) or "(no name)" for name in names]
    return ", ".join(shown[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def size_text(count: int) -> str:
    """A number of bytes, for a message."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (1 << 10, "KiB")):
        if count >= unit:
            return f"{count / unit:g} {name}"
    return f"{count} bytes"


@contextmanager
def as_dagster_failure() -> Iterator[None]:
    """Turns a ``YacpError`` into a failure that Dagster shows as its message and never retries.

    Errors of DuckDB and the system too: Dagster would record their messages, which may quote a row.
    """
    import dagster as dg  # here, so that processes without DuckDB and Dagster can use this module
    import duckdb

    try:
        yield
        return
    except YacpError as error:
        failure = error
    except (duckdb.Error, MemoryError) as error:
        failure = BuildFailed(_duckdb_message(error))
    except OSError as error:
        file = f" {error.filename}" if error.filename else ""
        failure = BuildFailed(
            f"{error.strerror or type(error).__name__}:{file}. {NOTHING_PUBLISHED} Fix it and run the day again."
        )
    metadata = {EXIT_STATUS: failure.exit_status, IS_FINAL: failure.is_final}
    raise dg.Failure(description=str(failure), metadata=metadata, allow_retries=False) from None


def _duckdb_message(error: Exception) -> str:
    if lacks_room(error):
        return (
            f"There was not enough memory or disk. {NOTHING_PUBLISHED} Free space under "
            "YACP_HOME or raise YACP_MEMORY_LIMIT, then run the day again."
        )
    *_, frame = (frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_OURS))
    where = f"{Path(frame.filename).relative_to(_OURS.parent)}, line {frame.lineno}"
    if is_damage(error):
        return f"A file is damaged: {without_values(error)}. {NOTHING_PUBLISHED} {_ASK_VERIFY}"
    return (
        f"DuckDB failed at {where}: {without_values(error)}. {NOTHING_PUBLISHED} Run the day again. If it fails again, "
        "yacp verify says whether a file is damaged; if none is, report this message to the maintainers of yacp."
    )
