"""DuckDB over the files of one release: read-only, and able to open nothing else."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
_BATCH_SIZE = 1000
_log = logging.getLogger("dashboard")


def sql_string(value: object) -> str:
    """A value as a quoted SQL string, where SQL takes no parameter."""
    return "'" + str(value).replace("'", "''") + "'"


def connect(folder: Path, memory_limit: str, threads: int) -> tuple[duckdb.DuckDBPyConnection, bool]:
    """A connection to a release, as ``counts`` and ``customers``; and whether the latter may be read."""
    connection = duckdb.connect(
        config={
            "memory_limit": memory_limit,
            "threads": str(threads),
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    try:
        connection.execute(f"attach {sql_string(folder / 'dashboard.duckdb')} as counts (read_only)")
        try:
            connection.execute(f"attach {sql_string(folder / 'customers.duckdb')} as customers (read_only)")
            lists_are_readable = True
        except duckdb.IOException as error:
            lists_are_readable = False
            _log.error(
                "Can't read %s: %s. It holds the entitlements, so every request is refused. Give the account that runs "
                "the dashboard read access to it.",
                folder / "customers.duckdb",
                error,
            )
        connection.execute(f"set allowed_directories = [{sql_string(folder)}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection, lists_are_readable


def rows(result: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    """The rows of a query as mappings, read a batch at a time."""
    names = [column[0] for column in result.description or ()]
    while batch := result.fetchmany(_BATCH_SIZE):
        for row in batch:
            yield dict(zip(names, row, strict=True))
