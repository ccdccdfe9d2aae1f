"""The ``dbt`` command as a run starts it: it dies with the run, and keeps values of rows out of dbt's log.

A killed run releases its lock on the warehouse; a dbt that outlived it would still write while the next run does. When
Spark builds the models, this process holds Spark's session.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen

from orchestration.internals.process import die_with_parent, skip_final_gc, without_gc

PARENT_PROCESS = "YACP_STARTED_BY"
ENGINE = "YACP_ENGINE"
"""The variables that this process reads; ``dbt_project.environment`` sets them."""


def main() -> None:
    """Runs dbt with the arguments of this process."""
    die_with_parent(int(os.environ[PARENT_PROCESS]))
    with without_gc():
        from dbt.cli.main import cli

    sys.argv[0] = "dbt"
    with skip_final_gc(), _ready(os.environ[ENGINE]):
        cli()


@contextmanager
def end_with_step(dbt: Popen[bytes]) -> Iterator[None]:
    """Stops dbt if the step ends first, for example because an event couldn't be stored."""
    try:
        yield
    finally:
        if dbt.poll() is None:
            dbt.terminate()
            dbt.wait()


@contextmanager
def _ready(engine: str) -> Iterator[None]:
    """Hides values in the engine's errors, and holds the session that dbt-spark expects."""
    if engine == "spark":
        from orchestration.internals import dbt_spark_errors
        from orchestration.settings import settings
        from orchestration.spark.session import session

        dbt_spark_errors.hide_values()
        with session(settings()):
            yield
    else:
        from orchestration.internals import dbt_duckdb_errors

        dbt_duckdb_errors.hide_values()
        yield


if __name__ == "__main__":
    main()
