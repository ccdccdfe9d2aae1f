"""dbt, dying with the process that started it; where Spark builds the models, in a process that has Spark's session.

The lock on the warehouse goes when a run is killed. Its dbt would go on writing while the next run has its turn.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

STARTED_BY = "YACP_STARTED_BY"
ENGINE = "YACP_ENGINE"
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """What the command ``dbt`` does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(os.environ[STARTED_BY]):  # died before this one asked to be told
            raise SystemExit(1)
    from dbt.cli.main import cli

    sys.argv[0] = "dbt"
    if os.environ[ENGINE] == "spark":
        from orchestration.settings import settings
        from orchestration.spark.session import session

        with session(settings()):
            cli()
    cli()


if __name__ == "__main__":
    main()
