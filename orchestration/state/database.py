"""Opening DuckDB the same way everywhere: within the memory and thread limits of the settings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import duckdb

from orchestration.settings import Settings

SPILL = ".spill-"
# The newer formats leave in a block's unused end what was in memory before: names, in a file of counts.
PUBLISHED_FORMAT = "storage_version 'v1.0.0'"
_spills = count()


def connect(settings: Settings, database: Path | None = None, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to a file, or to a database in memory; timestamps are shown in Chicago wall time."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "threads": str(settings.threads),
    }
    if database is None:  # else DuckDB spills into the folder the command was called from
        config["temp_directory"] = str(settings.state / f"{SPILL}{os.getpid()}-{next(_spills)}")
    else:  # nobody else reads it, so it may be written as only this version of DuckDB reads it: smaller and sooner
        config["storage_compatibility_version"] = "latest"
    connection = duckdb.connect(str(database) if database else ":memory:", read_only=read_only, config=config)
    connection.execute("set TimeZone = 'America/Chicago'")
    return connection


def literal(value: object) -> str:
    """A value as a quoted SQL string, for statements that take no parameters."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal_list(values: Iterable[object]) -> str:
    """Values as a list of SQL strings, for the table functions that read several files."""
    return f"[{', '.join(map(literal, values))}]"


@dataclass(frozen=True)
class Table:
    """Named columns and their rows."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]

    def records(self) -> list[dict[str, object]]:
        """The rows as mappings from column to value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def query(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object]) -> Table:
    """A query's answer."""
    result = connection.execute(sql, list(values))
    columns = tuple(column[0] for column in result.description or ())
    return Table(columns, result.fetchall())
