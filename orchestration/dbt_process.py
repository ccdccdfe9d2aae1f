"""dbt, dying with the process that started it; where Spark builds the models, in a process that has Spark's session.

The lock on the warehouse goes when a run is killed. Its dbt would go on writing while the next run has its turn.
And what an engine says of a value that it can't convert, dbt would keep in its log and its results.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from orchestration.failures import without_values
from orchestration.garbage import left_at_the_end, uncollected

STARTED_BY = "YACP_STARTED_BY"
ENGINE = "YACP_ENGINE"
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """What the command ``dbt`` does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(os.environ[STARTED_BY]):  # died before this one asked to be told
            raise SystemExit(1)
    with uncollected():
        from dbt.cli.main import cli

    sys.argv[0] = "dbt"
    with left_at_the_end():
        _run(cli)


def _run(cli: Callable[[], None]) -> None:
    if os.environ[ENGINE] == "spark":
        from orchestration.settings import settings
        from orchestration.spark.session import keep_values_to_itself, session

        keep_values_to_itself()
        with session(settings()):
            cli()
    _keep_values_to_itself()
    cli()


def _keep_values_to_itself() -> None:
    """Every statement of dbt's goes through the adapter's handler of errors."""
    import duckdb
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    handled = DuckDBConnectionManager.exception_handler

    @contextmanager
    def exception_handler(self: Any, sql: str, connection_name: str = "master") -> Iterator[None]:
        with handled(self, sql, connection_name):
            try:
                yield
            except duckdb.Error as error:
                raise RuntimeError(without_values(error)) from None

    DuckDBConnectionManager.exception_handler = exception_handler  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
