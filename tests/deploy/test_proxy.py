"""The real nginx with the example's file, before the real dashboard: nobody says themselves who they are."""

import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import httpx
import pytest
from conftest import Sample
from dashboard_site import Person, served
from fake_receivers import free_port

from orchestration.settings import PROJECT

EXAMPLE = PROJECT / "deploy" / "proxy" / "nginx.conf"
NAME = "dashboard.example.org"
pytestmark = pytest.mark.skipif(not (which("nginx") and which("openssl")), reason="needs nginx (Debian: nginx-light)")


class SignIn(ThreadingHTTPServer):
    """Answers as oauth2-proxy does: 202 with the address of the person with the session cookie, or 401."""

    def __init__(self, sessions: dict[str, str]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                email = sessions.get(self.headers.get("Cookie", ""))
                self.send_response(202 if email else 401)
                if email:
                    self.send_header("X-Auth-Request-Email", email)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)


@dataclass(frozen=True)
class Proxy:
    address: str

    def get(self, path: str, *headers: tuple[str, str], host: str = NAME) -> httpx.Response:
        given = [("Host", host), *headers]
        return httpx.get(f"{self.address}{path}", headers=given, verify=False, timeout=30)  # noqa: S501 - our own


@contextmanager
def _nginx(folder: Path, dashboard: str, sign_in: int) -> Iterator[str]:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-days", "2",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    port = free_port()
    changes = {
        "/etc/yacp/tls": str(folder), "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "127.0.0.1:8080": dashboard.removeprefix("http://"), "127.0.0.1:4180": f"127.0.0.1:{sign_in}",
    }  # fmt: skip
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy"))
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/errors;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}{text}}}\n"
    )
    process = subprocess.Popen(["nginx", "-e", folder / "errors", "-p", folder, "-c", folder / "nginx.conf"])
    try:
        _wait_for(port, process, folder / "errors")
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes], errors: Path) -> None:
    for _ in range(100):
        assert process.poll() is None, errors.read_text()
        try:
            ssl.get_server_certificate(("127.0.0.1", port))
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(errors.read_text())


@pytest.fixture(scope="module")
def proxy(
    sample: Sample, tmp_path_factory: pytest.TempPathFactory, super_user: Person, planner: Person
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("proxy")
    folder.chmod(0o755)
    sign_in = SignIn({"session=super": super_user.email, "session=planner": planner.email})
    thread = threading.Thread(target=sign_in.serve_forever)
    thread.start()
    with (
        served(sample.home / "published", folder) as dashboard,
        _nginx(folder, dashboard, sign_in.server_address[1]) as address,
    ):
        yield Proxy(address)
    sign_in.shutdown()
    sign_in.server_close()
    thread.join()


def test_who_is_signed_in_sees_what_is_theirs(proxy: Proxy) -> None:
    assert proxy.get("/?scope=statewide", ("Cookie", "session=super")).status_code == 200
    assert proxy.get("/?scope=statewide", ("Cookie", "session=planner")).status_code == 403


def test_who_is_not_signed_in_is_sent_to_sign_in(proxy: Proxy) -> None:
    answer = proxy.get("/changes?scope=statewide")
    assert answer.status_code == 302
    assert answer.headers["location"].endswith(f"/oauth2/start?rd=https://{NAME}/changes?scope=statewide")


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Email", "x-forwarded-email", "X_Forwarded_Email", "X-Auth-Request-Email"]
)
def test_an_address_that_a_browser_sends_does_not_survive(proxy: Proxy, super_user: Person, name: str) -> None:
    forged = [(name, super_user.email)] * 2
    assert proxy.get("/?scope=statewide", *forged).status_code == 302
    assert proxy.get("/?scope=statewide", ("Cookie", "session=planner"), *forged).status_code == 403
    assert proxy.get("/?scope=statewide", ("Cookie", "session=planner"), forged[0]).status_code == 403


def test_another_name_gets_no_answer(proxy: Proxy) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        proxy.get("/", ("Cookie", "session=super"), host="elsewhere.example.org")
