"""Opens DuckDB within the memory and thread limits of the settings, and builds SQL for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import duckdb

from orchestration.settings import Settings

SPILL = ".spill-"
PUBLISHED_VERSION = "v1.4.0"
PUBLISHED_FORMAT = f"storage_version '{PUBLISHED_VERSION}'"
"""For attaching a new file: DuckDB 1.4 and later read it, and an older one refuses it as it opens it."""
_spills = count()


def connect(settings: Settings, database: Path | None = None, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to a file, or to a database in memory. Timestamps are shown in Chicago time."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "threads": str(settings.threads),
    }
    if database is None:  # without this, DuckDB spills into the current directory
        config["temp_directory"] = str(settings.state / f"{SPILL}{os.getpid()}-{next(_spills)}")
    else:  # no other program reads it, so it can have the format of this version of DuckDB: smaller and faster
        config["storage_compatibility_version"] = "latest"
    connection = duckdb.connect(str(database) if database else ":memory:", read_only=read_only, config=config)
    connection.execute("set TimeZone = 'America/Chicago'")
    return connection


def is_usable(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a connection still answers; an internal error of DuckDB ends it."""
    try:
        connection.execute("select 1")
    except duckdb.Error:
        return False
    return True


def literal(value: object) -> str:
    """A value as a quoted SQL string, for statements that don't take parameters."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal_list(values: Iterable[object]) -> str:
    """Values as a list of quoted SQL strings, for table functions that read several files."""
    return f"[{', '.join(map(literal, values))}]"


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Writes the result of a query; the folder is created if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"copy ({query}) to {literal(path)} (format parquet, compression zstd)")


@dataclass(frozen=True)
class Table:
    """Named columns and their rows."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]

    def records(self) -> list[dict[str, object]]:
        """The rows as mappings from column to value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def select(self, *columns: str) -> Table:
        """Some of the columns, in this order."""
        indexes = [self.columns.index(column) for column in columns]
        return Table(columns, [tuple(row[index] for index in indexes) for row in self.rows])

    def where(self, is_wanted: Callable[[dict[str, object]], object]) -> Table:
        """The rows whose record is wanted."""
        return Table(self.columns, [row for row in self.rows if is_wanted(dict(zip(self.columns, row, strict=True)))])


def query(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object]) -> Table:
    """The result of a query."""
    result = connection.execute(sql, list(values))
    return Table(tuple(column[0] for column in result.description or ()), result.fetchall())
