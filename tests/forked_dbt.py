"""dbt in a process that is forked from one that has imported it, which takes longer than most of its runs."""

import multiprocessing
import os
from datetime import date

from orchestration.settings import Settings
from orchestration.warehouse.dbt_project import environment

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["dbt.cli.main", "dbt.adapters.duckdb"])


def run_dbt(config: Settings, day: date, *arguments: str) -> None:
    """Runs a dbt command for a day in the state folder of the settings."""
    process = _FORKS.Process(target=_dbt, args=(environment(config, str(day)), arguments))
    process.start()
    process.join()
    assert process.exitcode == 0


def _dbt(variables: dict[str, str], arguments: tuple[str, ...]) -> None:
    from dbt.cli.main import dbtRunner

    os.environ.update(variables)
    result = dbtRunner().invoke(["--quiet", *arguments])
    raise SystemExit(0 if result.success else f"dbt failed: {result.exception or result.result}")
