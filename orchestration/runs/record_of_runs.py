"""Dagster's record of runs when it is damaged: it is no data, so it never keeps a day from being published."""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from orchestration.failures import is_damage, reason_of_database
from orchestration.settings import Settings
from orchestration.state.set_aside import set_aside

_FOUND_BY = ("history/runs.db", "history/runs/*.db", "schedules/*.db")


def damaged_databases(config: Settings) -> list[Path]:
    """The databases of the record that can't be used."""
    return [path for path in _databases(config) if not _is_usable(path)]


def set_damaged_aside(config: Settings) -> str:
    """Sets damaged databases aside, so that Dagster creates new ones; returns what to say, empty when none was.

    The caller holds the warehouse.
    """
    damaged = damaged_databases(config)
    for path in damaged:
        for part in (path, *path.parent.glob(f"{path.name}-*")):  # SQLite's journals
            set_aside(config, part, "A database of Dagster's record of runs was damaged.")
    if not damaged:
        return ""
    names = ", ".join(str(path.relative_to(config.state)) for path in damaged)
    return (
        f"The record of runs was damaged and begins again: {names} is now under {config.set_aside}. Nothing that is "
        "published depends on it. If yacp daemon or yacp ui is running, restart it, and turn the sensor and the "
        "schedules on again if they are off."
    )


def errors_of_the_record() -> tuple[type[Exception], ...]:
    """What Dagster raises when it can't write the record."""
    from sqlalchemy.exc import DBAPIError

    postgresql = sys.modules.get("dagster_postgres.utils")
    return (DBAPIError, OSError, *((postgresql.DagsterPostgresException,) if postgresql else ()))


def can_not_be_written(config: Settings, error: BaseException, what_stays: str) -> str:
    """The sentence for an error of the record during a run."""
    if isinstance(error, OSError):
        reason = (error.strerror or type(error).__name__).lower()
    else:
        reason = reason_of_database(error)
        if config.secret("dagster_database"):
            return (
                f"The database with Dagster's record of runs can't be used: {reason}. {what_stays} Mend it, then run "
                "the day again."
            )
    if is_damage(error):
        return (
            f"Dagster's record of runs was damaged during the run: {reason}. {what_stays} Run the day again: the "
            "record is set aside first."
        )
    return (
        f"{config.state} can't be written: {reason}. {what_stays} Free space there, or give the user that runs yacp "
        "access, then run the day again."
    )


def _databases(config: Settings) -> Iterator[Path]:
    for pattern in _FOUND_BY:
        yield from sorted(config.dagster_home.glob(pattern))


def _is_usable(path: Path) -> bool:
    if not path.is_file() or not path.stat().st_size:
        return False
    try:
        connection = sqlite3.connect(path, timeout=5)
        try:
            return bool(connection.execute("pragma quick_check(1)").fetchone() == ("ok",))
        finally:
            connection.close()
    except sqlite3.OperationalError as error:  # locked, or the disk is full
        return "disk i/o" not in str(error) and "unable to open" not in str(error)
    except sqlite3.DatabaseError:
        return False
