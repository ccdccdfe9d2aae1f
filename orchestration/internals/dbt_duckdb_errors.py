"""dbt-duckdb's errors without the values that DuckDB quotes in them: dbt would write those to its log and results.

Depends on ``DuckDBConnectionManager.exception_handler``, which every statement of dbt goes through. When that changes,
a failed conversion writes a value from a row into dbt.log. Tried with dbt-duckdb 1.11.1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from orchestration.failures import without_values


def hide_values() -> None:
    """Hides values from here on, in this process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    original = DuckDBConnectionManager.exception_handler

    @contextmanager
    def exception_handler(self: Any, sql: str, connection_name: str = "master") -> Iterator[None]:
        with original(self, sql, connection_name):
            try:
                yield
            except duckdb.Error as error:
                raise RuntimeError(without_values(error)) from None

    DuckDBConnectionManager.exception_handler = exception_handler  # type: ignore[method-assign]
