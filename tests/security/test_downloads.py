"""Nobody's downloads hold up everybody's: three a person, no queue for a refusal, and none for who hangs up."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import httpx
import pytest
from conftest import Sample
from dashboard_site import HEADER, Person, served

from dashboard.download_writer import DownloadFailed, DownloadJob, DownloadWriter

CSV = "/lines/not_synced.csv"


class SlowWriter:
    """Writes a file only when it may; ``started`` has the jobs that were started."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.started: list[str] = []
        self.files: list[IO[bytes]] = []
        self.stopped = 0

    def write(self, _: DownloadWriter, job: DownloadJob) -> tuple[IO[bytes], int]:
        self.started.append(job.name)
        stopped = self.stopped
        while not self.may.is_set():
            if self.stopped > stopped:
                raise DownloadFailed("stopped")
            time.sleep(0.01)
        file = TemporaryFile()  # noqa: SIM115 - the response closes it
        file.write(b"x" * 4_000_000)
        self.files.append(file)
        return file, 1

    def stop(self, _: DownloadWriter) -> None:
        self.stopped += 1


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowWriter:
    writer = SlowWriter()
    monkeypatch.setattr(DownloadWriter, "write", lambda self, job: writer.write(self, job))
    monkeypatch.setattr(DownloadWriter, "stop", lambda self: writer.stop(self))
    return writer


@pytest.fixture
def address(sample: Sample, tmp_path: Path, slow: SlowWriter) -> Iterator[str]:
    with served(sample.home / "published", tmp_path) as found:
        yield found
        slow.may.set()


def get(address: str, path: str, person: Person) -> int:
    return httpx.get(address + path, headers={HEADER: person.email}, timeout=30).status_code


def eventually(condition: object) -> None:
    until = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.02)


def test_forty_at_once_hold_up_neither_a_refusal_nor_somebody_else(
    address: str, slow: SlowWriter, super_user: Person, planner: Person, provider_staff: Person
) -> None:
    with ThreadPoolExecutor(50) as pool:
        many = [pool.submit(get, address, CSV, super_user) for _ in range(40)]
        eventually(lambda: sum(one.done() for one in many) == 37)
        assert {one.result() for one in many if one.done()} == {429}
        assert get(address, CSV, provider_staff) == 403
        assert get(address, f"/lines/nothing.csv?scope={planner.scope}", planner) == 404
        assert get(address, "/", provider_staff) == 200
        own = pool.submit(get, address, f"{CSV}?scope={planner.scope}", planner)
        slow.may.set()
        assert own.result() == 200
        assert sorted(one.result() for one in many) == [200] * 3 + [429] * 37
    assert len(slow.started) == 4
    eventually(lambda: all(file.closed for file in slow.files))
    assert get(address, CSV, super_user) == 200


def test_what_nobody_waits_for_is_not_written(address: str, slow: SlowWriter, super_user: Person) -> None:
    port = int(address.rpartition(":")[2])
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    for turn in range(3):
        written = _ask(port, super_user)
        eventually(lambda turn=turn: len(slow.started) == turn + 1)
        for connection in (_ask(port, super_user), _ask(port, super_user), written):
            time.sleep(0.3)
            connection.close()
        eventually(lambda turn=turn: slow.stopped == turn + 1)
    slow.may.set()
    eventually(lambda: get(address, CSV, super_user) == 200)
    assert len(slow.started) == 4
    eventually(lambda: len(list(Path("/proc/self/fd").iterdir())) <= open_files + 2)


def test_who_hangs_up_while_it_is_sent_leaves_no_file_open(address: str, slow: SlowWriter, super_user: Person) -> None:
    slow.may.set()
    connection = _ask(int(address.rpartition(":")[2]), super_user)
    connection.recv(1000)
    connection.close()
    eventually(lambda: slow.files and all(file.closed for file in slow.files))


def _ask(port: int, person: Person) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(f"GET {CSV} HTTP/1.1\r\nHost: localhost\r\n{HEADER}: {person.email}\r\n\r\n".encode())
    return connection
