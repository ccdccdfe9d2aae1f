"""Lists as files, written by a process of their own: a long one takes seconds of a processor, and pages don't wait.

The process is started for the first file, takes one job after the other as a line of JSON, and ends with the server,
however that ends. The file has no name: the server opens it, and the writer by way of the server, so that nothing of
a list stays on disk.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

import duckdb

from dashboard.exports import Column, as_csv, as_xlsx
from dashboard.store import Row, connect

_BATCH = 1000
_NICENESS = 10


class NotWritten(Exception):
    """The writer could not, or is gone; the next job starts another one."""


@dataclass(frozen=True)
class Job:
    """A file to be written: which rows of which release, and as what."""

    kind: str
    name: str
    columns: Sequence[Column]
    release: str
    sql: str
    values: Sequence[object]
    memory_limit: str
    threads: int


class Writer:
    """The server's side of it; for one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, job: Job) -> tuple[IO[bytes], int]:
        """The file and how many rows it has; ``NotWritten`` when there is none."""
        file = TemporaryFile()  # noqa: SIM115 - closed when it is sent
        target = f"/proc/{os.getpid()}/fd/{file.fileno()}"
        try:
            answer = self._ask({"target": target, **asdict(job)})
        except (OSError, ValueError):
            file.close()
            self.close()
            raise NotWritten("the process that writes files ended") from None
        if "failed" in answer:
            file.close()
            raise NotWritten(answer["failed"])
        return file, int(answer["rows"])

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        to, back = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        to.write(json.dumps(question).encode() + b"\n")
        to.flush()
        return cast(dict[str, Any], json.loads(back.readline()))

    def _start(self) -> subprocess.Popen[bytes]:
        here = str(Path(__file__).parent.parent)
        return subprocess.Popen(
            [sys.executable, "-m", "dashboard.writer"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def close(self) -> None:
        """Ends the process; nothing of it is left."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _written(job: Job, target: Path) -> int:
    rows = 0

    def counted(connection: duckdb.DuckDBPyConnection) -> Iterator[list[Row]]:
        nonlocal rows
        result = connection.execute(job.sql, list(job.values))
        names = [column[0] for column in result.description or ()]
        while found := result.fetchmany(_BATCH):
            rows += len(found)
            yield [dict(zip(names, row, strict=True)) for row in found]

    connection, _ = connect(Path(job.release), job.memory_limit, job.threads)
    with connection, target.open("r+b") as file:
        if job.kind == "csv":
            as_csv(file, job.columns, counted(connection))
        else:
            as_xlsx(file, job.columns, counted(connection), job.name)
    return rows


def main() -> None:
    """Writes what it is told to until nobody is there to tell it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which then ends this one
    os.nice(_NICENESS)
    for line in sys.stdin.buffer:
        question = json.loads(line)
        target = Path(question.pop("target"))
        question["columns"] = [Column(**column) for column in question["columns"]]
        try:
            answer: dict[str, object] = {"rows": _written(Job(**question), target)}
        except (OSError, duckdb.Error) as error:
            answer = {"failed": type(error).__name__}  # no more: a message may quote a value of somebody's row
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
