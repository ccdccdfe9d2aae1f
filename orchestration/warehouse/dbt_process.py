"""The command ``dbt`` as a run starts it: it dies with the run, and keeps values of rows out of dbt's log.

A killed run releases the lock on the warehouse; a dbt that outlived it would go on writing while the next run works.
Where Spark builds the models, the process holds Spark's session.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from orchestration.internals.process import die_with_parent, skip_final_gc, without_gc

PARENT_PROCESS = "YACP_STARTED_BY"
ENGINE = "YACP_ENGINE"


def main() -> None:
    """What the command ``dbt`` does."""
    die_with_parent(int(os.environ[PARENT_PROCESS]))
    with without_gc():
        from dbt.cli.main import cli

    sys.argv[0] = "dbt"
    with skip_final_gc():
        _run(cli)


def _run(cli: Callable[[], None]) -> None:
    if os.environ[ENGINE] == "spark":
        from orchestration.internals import dbt_spark_errors
        from orchestration.settings import settings
        from orchestration.spark.session import session

        dbt_spark_errors.hide_values()
        with session(settings()):
            cli()
    from orchestration.internals import dbt_duckdb_errors

    dbt_duckdb_errors.hide_values()
    cli()


if __name__ == "__main__":
    main()
