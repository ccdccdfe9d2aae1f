"""The Dagster UI works behind its guard, and another page in the same browser can't use it."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster_ui import served_ui
from playwright.sync_api import Browser, Response, expect

ATTACK = """<!doctype html><title>Free tickets</title><iframe src="UI/"></iframe>
<form action="UI/graphql?query=CHANGE" method="post" enctype="text/plain" target="hidden"></form>
<iframe name="hidden"></iframe>
<script>
  const tried = [
    fetch("UI/graphql?query=CHANGE", {mode: "no-cors"}),
    fetch("UI/graphql?query=CHANGE", {mode: "no-cors", method: "POST"}),
    new Promise(done => {
      const opened = new WebSocket("UI/graphql".replace("http", "ws"), "graphql-ws");
      opened.onopen = () => { document.title = "opened"; done(); };
      opened.onerror = done;
    }),
  ];
  document.forms[0].submit();
  Promise.allSettled(tried).then(() => document.body.append("done"));
</script>"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_ui("ui", tmp_path_factory.mktemp("ui") / "home") as (found, _):
        yield found


@pytest.fixture
def evil(address: str, tmp_path: Path) -> Iterator[str]:
    """A page on another port of this machine: to a browser the same site, but another origin."""
    text = ATTACK.replace("UI", address).replace("CHANGE", "mutation{setNuxSeen}")
    (tmp_path / "index.html").write_text(text)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_the_ui_works(browser: Browser, address: str) -> None:
    page = browser.new_page()
    answers: list[Response] = []
    sockets: list[str] = []
    page.on("response", lambda answer: answers.append(answer))
    page.on("websocket", lambda opened: opened.on("framereceived", lambda frame: sockets.append(str(frame))))
    page.goto(f"{address}/asset-groups")
    expect(page.get_by_text("Materialize all").first).to_be_visible(timeout=60_000)
    page.wait_for_timeout(1000)
    assert {answer.status for answer in answers if answer.url.startswith(address)} <= {200, 304}
    assert any("connection_ack" in frame for frame in sockets)
    page.close()


def test_another_page_gets_nothing(browser: Browser, address: str, evil: str) -> None:
    page = browser.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(evil)
    expect(page.get_by_text("done")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(500)
    assert page.title() == "Free tickets", "its WebSocket was opened"
    [*statuses] = [answer.status for answer in answers if answer.url.startswith(address)]
    assert len(statuses) >= 4, "a frame, a form, and two requests"
    assert set(statuses) == {403}
    page.close()
