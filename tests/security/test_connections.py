"""Headers without an end and clients without haste cost nothing, and honest visitors don't notice them."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from conftest import Sample
from dashboard_site import HEADER, Person, served

from dashboard import connections


@pytest.fixture
def port(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 2.0)
    with served(sample.home / "published", tmp_path) as address:
        yield int(address.rpartition(":")[2])


def connect(port: int, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(data)
    return connection


def is_closed_after(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def sent_before_the_end(connection: socket.socket, piece: bytes, pause: float, most: int) -> int:
    """How many bytes the server takes before it hangs up."""
    sent = 0
    with suppress(OSError):
        while sent < most:
            connection.sendall(piece)
            sent += len(piece)
            time.sleep(pause)
    return sent


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nX: ", b"GET /", b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_header_without_an_end_is_cut_off(port: int, start: bytes) -> None:
    piece = b"A: b\r\n" * 200 if start.endswith(b"\r\n") else b"a" * 1000
    with connect(port, start) as connection:
        assert sent_before_the_end(connection, piece, 0.0005, 50_000_000) < 5_000_000


def test_a_large_header_is_refused_and_a_usual_one_is_not(port: int, super_user: Person) -> None:
    url, signed_in = f"http://127.0.0.1:{port}/", {HEADER: super_user.email}
    assert httpx.get(url, headers=signed_in | {"X-More": "a" * 8_000}).status_code == 200
    assert httpx.get(url, headers=signed_in | {"X-More": "a" * 20_000}).status_code == 431
    with httpx.Client() as client:
        assert [client.get(url, headers=signed_in).status_code for _ in range(30)] == [200] * 30


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_request_that_is_never_finished_is_closed(port: int, sent: bytes) -> None:
    with connect(port, sent) as connection:
        assert not is_closed_after(connection, 0.5)
        assert is_closed_after(connection, 5)


def test_a_second_request_has_to_be_finished_too(port: int, super_user: Person) -> None:
    request = f"GET /healthz HTTP/1.1\r\nHost: localhost\r\n{HEADER}: {super_user.email}\r\n\r\n".encode()
    with connect(port, request + b"GET / HT") as connection:
        connection.settimeout(5)
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
        while connection.recv(4096):
            pass  # until it is closed


def test_one_byte_at_a_time_is_a_request_only_while_there_is_time(port: int) -> None:
    with connect(port, b"GET / HTTP/1.1\r\nX: ") as connection:
        assert sent_before_the_end(connection, b"a", 0.05, 200) < 100


def test_twenty_honest_people_do_not_notice_four_hundred_who_are_not(
    port: int, super_user: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 300)
    half_sent = [connect(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n") for _ in range(400)]

    def visit(number: int) -> list[int]:
        with httpx.Client(headers={HEADER: super_user.email}, timeout=20) as client:
            pages = ("/", "/checks", "/lines/not_synced", "/changes")
            return [client.get(f"http://127.0.0.1:{port}{pages[(number + n) % 4]}").status_code for n in range(8)]

    with ThreadPoolExecutor(20) as people:
        assert list(people.map(visit, range(20))) == [[200] * 8] * 20
    assert all(is_closed_after(connection, 5) for connection in half_sent)
    for connection in half_sent:
        connection.close()
