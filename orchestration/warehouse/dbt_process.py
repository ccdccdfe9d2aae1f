"""The ``dbt`` command as a run starts it: it dies with the run, and keeps values of rows out of dbt's log.

A killed run releases its lock on the warehouse; a dbt that outlived it would still write while the next run does. When
Spark builds the models, this process holds Spark's session.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from subprocess import Popen

from orchestration.internals.dbt_debug_events import skip_unwanted_events
from orchestration.internals.process import die_with_parent, skip_final_gc, without_gc

PARENT_PROCESS = "YACP_STARTED_BY"
ENGINE = "YACP_ENGINE"
"""The variables that this process reads; ``dbt_project.environment`` sets them."""


def main() -> None:
    """Runs dbt with the arguments of this process."""
    die_with_parent(int(os.environ[PARENT_PROCESS]))
    with without_gc():
        from dbt.cli.main import cli
    skip_unwanted_events()

    sys.argv[0] = "dbt"
    engine: AbstractContextManager[None] = nullcontext()
    if os.environ[ENGINE] == "spark":
        from orchestration.internals.dbt_spark_errors import hide_values
        from orchestration.settings import settings
        from orchestration.spark.session import session

        engine = session(settings())  # which dbt-spark expects in its process
    else:
        from orchestration.internals.dbt_duckdb_errors import hide_values
    hide_values()
    with skip_final_gc(), engine:
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


if __name__ == "__main__":
    main()
