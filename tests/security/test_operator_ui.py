"""Nobody drives the Dagster UI from elsewhere: neither a web page nor somebody whom no proxy has signed in."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from dagster_ui import served_ui
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.identity import Identity
from dashboard.settings import Settings as DashboardSettings
from orchestration.failures import UsageError
from orchestration.operator_ui.guard import Guard
from orchestration.operator_ui.serving import serve_ui
from orchestration.settings import PROJECT, Settings

CHANGE = "mutation { setNuxSeen }"
SOMEBODY_ELSES = [
    {"Host": "evil.example"},
    {"Host": "evil.example@127.0.0.1"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "["},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"X-Forwarded-For": "203.0.113.7"},
]
A_LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_ui("dev", tmp_path_factory.mktemp("ui") / "home") as (found, process):
        yield found
        started = psutil.Process(process.pid).children(recursive=True)
        names = " ".join(" ".join(child.cmdline()) for child in started)
        assert "dagster-daemon" in names
        assert " ui " in names
    _, left = psutil.wait_procs(started, timeout=30)
    assert not left, "yacp dev left something running"
    assert not (PROJECT / "home").exists(), "a process took the state's name for one in the checkout"


def post(address: str, query: str, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{address}/graphql", json={"query": query}, headers=headers, timeout=30)


@pytest.mark.parametrize("headers", SOMEBODY_ELSES, ids=str)
def test_another_site_gets_nothing_and_starts_nothing(address: str, headers: dict[str, str]) -> None:
    refused = [post(address, CHANGE, headers)]
    for path in ("/", "/server_info", "/runs", "/graphql", "/debug/x", f"/graphql?query={CHANGE}"):
        refused.append(httpx.get(address + path, headers=headers))
    refused.append(httpx.post(f"{address}/report_asset_materialization/deliveries", headers=headers))
    assert {answer.status_code for answer in refused} == {403}
    assert not any("dagster_version" in answer.text for answer in refused)
    assert upgrade(address, headers) == 403


def test_two_host_headers_are_refused(address: str) -> None:
    here = address.removeprefix("http://")
    assert upgrade(address, {"Host": f"{here}\r\nHost: evil.example"}) in (400, 403)


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "//graphql", "/%67raphql"])
def test_a_query_is_a_post_of_json(address: str, path: str) -> None:
    for answer in (
        httpx.get(f"{address}{path}?query={CHANGE}"),
        httpx.head(f"{address}{path}?query={CHANGE}"),
        httpx.post(f"{address}{path}?query={CHANGE}", headers={"Content-Type": "text/plain"}),
        httpx.post(f"{address}{path}?query={CHANGE}"),
        httpx.post(f"{address}{path}", data={"query": CHANGE}),
    ):
        assert answer.status_code == 403
        assert "setNuxSeen" not in answer.text


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_ui_itself_works(address: str, name: str) -> None:
    here = f"{name}:{address.rpartition(':')[2]}"
    own = {"Host": here, "Origin": f"http://{here}", "Sec-Fetch-Site": "same-origin"}
    assert post(address, "{ version }", own).json()["data"]["version"]
    assert post(address, CHANGE, own).json()["data"]["setNuxSeen"] is True
    page = httpx.get(address, headers={"Host": here, "Sec-Fetch-Site": "none"})
    assert page.status_code == 200
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert upgrade(address, {"Origin": f"http://{here}", "Host": here}) == 101


def test_a_link_from_elsewhere_opens_a_page_and_nothing_more(address: str) -> None:
    assert httpx.get(f"{address}/runs/x", headers=A_LINK).status_code == 200
    assert httpx.get(f"{address}/graphql", headers={**A_LINK, "Accept": "text/html"}).status_code == 403
    assert httpx.post(f"{address}/report_asset_materialization/x", headers=A_LINK).status_code == 403


def upgrade(address: str, headers: dict[str, str]) -> int:
    """The status of a WebSocket's handshake; 101 is yes."""
    port = int(address.rpartition(":")[2])
    lines = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "graphql-ws",
        **headers,
    }
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        request = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"GET /graphql HTTP/1.1\r\n{request}\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


PROXIED = DashboardSettings(published=Path("published"), proxies="10.1.2.0/24")
OPERATOR = "operator@example.org"


def behind_proxy(client: str = "10.1.2.3") -> TestClient:
    """The guard as it stands behind a proxy, in front of an application that says yes to everything."""

    async def accept(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    yes = Starlette(routes=[Route("/", lambda _: PlainTextResponse("yes")), WebSocketRoute("/", accept)])
    guard = Guard(yes, Identity(PROXIED), {"ops.example.org"}, {OPERATOR})
    return TestClient(guard, base_url="https://ops.example.org", client=(client, 1))


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("10.1.2.3", {"X-Forwarded-Email": OPERATOR}, 200),
        ("10.1.2.3", {"X-Forwarded-Email": OPERATOR.upper()}, 200),
        ("10.1.2.3", {"X-Forwarded-Email": OPERATOR, "Origin": "https://ops.example.org"}, 200),
        ("10.1.2.3", {"X-Forwarded-Email": OPERATOR, "Origin": "https://evil.example"}, 403),
        ("10.1.2.3", {"X-Forwarded-Email": OPERATOR, "Host": "evil.example"}, 403),
        ("10.1.2.3", {"X-Forwarded-Email": "planner@example.org"}, 403),
        ("10.1.2.3", {"X-Forwarded-Email": f"x,{OPERATOR}"}, 403),
        ("10.1.2.3", {}, 403),
        ("10.1.9.9", {"X-Forwarded-Email": OPERATOR}, 403),
        ("127.0.0.1", {"X-Forwarded-Email": OPERATOR}, 403),
    ],
)
def test_behind_a_proxy_only_its_users_get_in(client: str, headers: dict[str, str], status: int) -> None:
    tester = behind_proxy(client)
    assert tester.get("/", headers=headers).status_code == status
    if status == 200:
        with tester.websocket_connect("wss://ops.example.org/", headers=headers):
            pass
    else:
        with pytest.raises(WebSocketDisconnect), tester.websocket_connect("wss://ops.example.org/", headers=headers):
            pass


@pytest.mark.parametrize(
    ("settings", "proxies", "reason"),
    [
        ({"ui_hosts": "ops.example.org"}, "", "YACP_UI_USERS must say who"),
        ({"ui_users": OPERATOR}, "", "name it in YACP_DASHBOARD_PROXIES"),
        ({"ui_users": "operator"}, "10.1.2.3", "must be e-mail addresses"),
        ({"ui_users": OPERATOR}, "0.0.0.0/0", "YACP_DASHBOARD_PROXIES"),
    ],
)
def test_settings_that_would_let_in_anybody_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], proxies: str, reason: str
) -> None:
    monkeypatch.setenv("YACP_DASHBOARD_PROXIES", proxies)
    with pytest.raises(UsageError, match=reason):
        serve_ui(Settings(home=tmp_path, **settings), 0)
