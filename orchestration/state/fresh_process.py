"""Calls a function in a process that has held nothing else in memory yet.

DuckDB doesn't clear memory before it writes it to a database: the unused end of a block, and the gaps between its
parts, are written with whatever was there before, in each of its storage formats. In a process that has read customers,
that is their names, and the database may be one of counts. So every published database is written in a process of its
own, which reads nothing but what may be in it.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from orchestration.failures import NOTHING_PUBLISHED, BuildFailed
from orchestration.internals.process import die_with_parent
from orchestration.settings import Settings
from orchestration.state.database import PUBLISHED_FORMAT, connect, literal

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def in_fresh_process(
    function: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result:
    """What the function returns or raises. The process dies with this one."""
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=pickle.dumps((os.getpid(), function, arguments, named)),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise BuildFailed(
            f"The process that writes the published files ended with status {done.returncode}; a negative one is the "
            "signal that ended it, and 9 usually means that the machine ran out of memory. "
            f"{NOTHING_PUBLISHED} Free memory or lower YACP_MEMORY_LIMIT, then run the day again."
        )
    outcome: tuple[Result, Exception | None] = pickle.loads(done.stdout)  # noqa: S301 - written by ourselves, below
    result, error = outcome
    if error is not None:
        raise error
    return result


def write_database(settings: Settings, path: Path, script: str) -> None:
    """Creates a database in the published format with the statements of a script."""
    with connect(settings) as connection:
        connection.execute(f"attach {literal(path)} as written ({PUBLISHED_FORMAT})")
        connection.execute("use written")
        connection.execute(script)


def main() -> None:
    """Reads from standard input what to call, and writes to standard output what came of it."""
    parent, function, arguments, named = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by ourselves, above
    die_with_parent(parent)
    result, error = None, None
    try:
        result = function(*arguments, **named)
    except Exception as raised:
        error = raised.with_traceback(None)
    sys.stdout.buffer.write(pickle.dumps((result, error)))


if __name__ == "__main__":
    main()
