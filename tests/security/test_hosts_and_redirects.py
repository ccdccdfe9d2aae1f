"""Where a request leads never comes from a header, and a Host header is one plain host or the request is refused."""

import socket
from pathlib import Path

import pytest
from conftest import Sample
from dashboard_site import Person, Site, served

from dashboard.serving import StartError, serve
from orchestration.notices.send_errors import NotSent
from orchestration.notices.webhook import Webhook
from orchestration.settings import Settings

BAD_HOSTS = [
    "[",
    "evil.example@127.0.0.1",
    "localhost/evil",
    "localhost\\evil",
    "127.0.0.1:80:80",
    "",
    " ",
    "a b",
    "[::1",
    "x?y",
    "[::1]evil",
]


@pytest.mark.parametrize("path", ["/checks/", "/lines/not_synced/", "/static/dashboard.css/", "/customers"])
@pytest.mark.parametrize("host", ["evil.example", "localhost"])
def test_nothing_is_redirected(site: Site, super_user: Person, path: str, host: str) -> None:
    answer = site.get(path, super_user.email, Host=host)
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_host_that_is_not_plain_is_refused(site: Site, super_user: Person, host: str) -> None:
    answer = site.get("/", super_user.email, Host=host)
    assert answer.status_code == 400
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", [*BAD_HOSTS, "evil.example", "localhost.evil.example", "127.0.0.1.evil.example"])
def test_as_answers_only_under_this_machines_own_names(
    sample: Sample, tmp_path: Path, super_user: Person, host: str
) -> None:
    with served(sample.home / "published", tmp_path, as_email=super_user.email) as address:
        port = int(address.rpartition(":")[2])
        assert _status(port, f"Host: {host}") in (400, 403)
        assert _status(port, "Host: localhost") == 200
        assert _status(port, f"Host: localhost:{port}") == 200
        assert _status(port, "Host: localhost\r\nHost: evil.example") == 400


def _status(port: int, headers: str) -> int:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("email", ["", "somebody", "a@b@c", "a@example.org, b@example.org", "a@example.org\n"])
def test_as_takes_one_plain_address(tmp_path: Path, email: str) -> None:
    with pytest.raises(StartError, match="--as takes the e-mail address"):
        serve(email or "@", published=tmp_path)


@pytest.mark.parametrize(
    "url",
    ["https://hooks.example.org@127.0.0.1/x", "https://u:secret@hooks.example.org/x", "https:/hooks.example.org", "https://",
     "https://hooks.example.org\\@evil.example/", "file:///etc/passwd"],
)  # fmt: skip
def test_an_address_of_a_webhook_is_plain_too(url: str) -> None:
    with pytest.raises(NotSent, match="YACP_WEBHOOK_URL is not an address") as raised:
        Webhook(Settings(webhook_url=url)).reach()
    assert "secret" not in str(raised.value)
