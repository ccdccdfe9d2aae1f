"""Nobody becomes somebody else by letters that look or fold alike, by two headers, or by a proxy that is everybody."""

from pathlib import Path

import pytest
from conftest import Sample
from dashboard_site import HEADER, PROXY, Person, settings_of
from starlette.testclient import TestClient

from dashboard.app import create_app
from dashboard.identity import plain_address
from dashboard.settings import Settings


@pytest.fixture(scope="module")
def client(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    settings = settings_of(sample.home / "published", tmp_path_factory.mktemp("site"))
    return TestClient(create_app(settings), client=PROXY, raise_server_exceptions=False)


def variants(email: str) -> list[bytes]:
    name, _, host = email.partition("@")
    return [
        f"\x85{email}".encode("latin-1"),
        f"\x85{email}".encode(),
        f"\u00a0{email}".encode("latin-1"),
        f"\u2003{email}".encode(),
        f"{email}\u200b".encode(),
        email.replace("s", "\u017f").encode(),
        email.replace("k", "\u212a", 1).encode() if "k" in email else f"\u212a{email}".encode(),
        email.replace("i", "\u0130").encode() if "i" in email else f"\u0130{email}".encode(),
        f"{name}\xad@{host}".encode("latin-1"),
        f"{email},{email}".encode(),
        f"<{email}>".encode(),
        f"Ada {email}".encode(),
        f"{email} x".encode(),
        f"{name}@{host}@{host}".encode(),
        f"{name}%40{host}".encode(),
        b"@",
        b"",
    ]


def test_only_the_plain_address_signs_in(client: TestClient, super_user: Person) -> None:
    for value in variants(super_user.email):
        answer = client.get("/", headers=[(HEADER.encode(), value)])
        assert answer.status_code == 403, value
    for value in (super_user.email, super_user.email.upper()):
        assert client.get("/", headers={HEADER: value}).status_code == 200


def test_two_headers_sign_nobody_in(client: TestClient, super_user: Person, planner: Person) -> None:
    headers = [(HEADER, super_user.email), (HEADER, planner.email)]
    assert client.get("/", headers=headers).status_code == 403
    assert client.get("/", headers=[(HEADER, super_user.email)] * 2).status_code == 403


def test_only_ascii_letters_are_folded() -> None:
    assert plain_address("Ada.Example@Example.ORG") == "ada.example@example.org"
    assert plain_address("\u212aim@example.org") is None


@pytest.mark.parametrize("proxies", ["0.0.0.0/0", "::/0", "10.0.0.1,0.0.0.0/0"])
def test_a_network_of_everybody_is_no_proxy(tmp_path: Path, proxies: str) -> None:
    with pytest.raises(ValueError, match="would let anybody say who they are"):
        Settings(published=tmp_path, proxies=proxies)
