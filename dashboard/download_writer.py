"""Writes downloads in a process of its own: a long list takes seconds of processor time, and pages shouldn't wait.

The server starts the process for the first download and sends it one job after the other, each as a line of JSON. The
process ends when the server does, even if the server is killed. The file has no name: the server opens it, and the
writer reaches it through the server, so that nothing of a list stays on disk.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

import duckdb

from dashboard.database import connect, rows
from dashboard.file_formats import Column, write_csv, write_xlsx

_NICENESS = 10


class DownloadFailed(Exception):
    """The file could not be written, or the process died; the next job starts a new process."""


@dataclass(frozen=True)
class DownloadJob:
    """A file to write: its format and columns, and the rows of a release that go into it."""

    file_format: str
    name: str
    columns: Sequence[Column]
    release_folder: str
    sql: str
    values: Sequence[object]
    memory_limit: str
    threads: int


class DownloadWriter:
    """The server's side of the process; for one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, job: DownloadJob) -> tuple[IO[bytes], int]:
        """The file and how many rows it has; ``DownloadFailed`` when it could not be written."""
        file = TemporaryFile()  # noqa: SIM115 - closed when it was sent
        target = f"/proc/{os.getpid()}/fd/{file.fileno()}"
        try:
            result = self._send({"target": target, **asdict(job)})
        except (OSError, ValueError):
            self.close()
            result = {"error": "the process that writes downloads ended"}
        if "error" in result:
            file.close()
            raise DownloadFailed(result["error"])
        return file, int(result["rows"])

    def _send(self, message: dict[str, Any]) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            package_root = str(Path(__file__).parent.parent)
            python_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.download_writer"],
                env={**os.environ, "PYTHONPATH": python_path},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        stdin, stdout = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        stdin.write(json.dumps(message).encode() + b"\n")
        stdin.flush()
        return cast(dict[str, Any], json.loads(stdout.readline()))

    def stop(self) -> None:
        """Gives up the file that is being written; called from another thread than ``write``."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _write(job: DownloadJob, target: Path) -> int:
    connection, _ = connect(Path(job.release_folder), job.memory_limit, job.threads)
    with connection, target.open("r+b") as file:
        found = rows(connection.execute(job.sql, list(job.values)))
        if job.file_format == "csv":
            return write_csv(file, job.columns, found)
        return write_xlsx(file, job.columns, found, job.name)


def main() -> None:
    """Writes one job after the other until the server closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which then ends this process
    os.nice(_NICENESS)
    for line in sys.stdin.buffer:
        message = json.loads(line)
        target = Path(message.pop("target"))
        message["columns"] = [Column(**column) for column in message["columns"]]
        try:
            result: dict[str, object] = {"rows": _write(DownloadJob(**message), target)}
        except (OSError, duckdb.Error) as error:
            result = {"error": type(error).__name__}  # not its message, which may quote a value from a row
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
