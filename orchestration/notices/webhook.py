"""Notices as JSON, posted to a webhook."""

import json
import logging
import ssl
from contextlib import AbstractContextManager, nullcontext

import httpx

from orchestration.notices.outbox import Notice
from orchestration.notices.send_errors import TIMEOUT_SECONDS, NotSent, reason
from orchestration.settings import Settings

_MESSAGE_REFUSED = (400, 413, 422)

for _name in ("httpx", "httpcore"):  # they log the address, which is the secret of most webhooks
    logging.getLogger(_name).setLevel(logging.WARNING)


class Webhook:
    """Posts ``text`` for chat tools, and the parts of the same message as ``notice`` for programs."""

    name = "webhook"

    def __init__(self, config: Settings) -> None:
        self._config = config

    def session(self) -> AbstractContextManager[None]:
        """Each message has a connection of its own."""
        return nullcontext()

    def send(self, notice: Notice) -> str:
        """Posts the notice; a status from 200 to 299 means that it was accepted."""
        content = {
            "text": f"[yacp] {notice.subject}\n\n{notice.text}",
            "notice": notice.model_dump(mode="json"),
        }
        self._request("POST", json.dumps(content).encode())
        return ""

    def reach(self) -> str:
        """Asks without posting anything; any answer will do."""
        try:
            self._request("HEAD", None)
        except NotSent as error:
            if not error.is_answered:
                raise
        return "answers; nothing was posted"

    def _request(self, method: str, content: bytes | None) -> None:
        """Follows no redirect: it would turn the POST into an empty GET, whose answer looks like success."""
        headers = {"Content-Type": "application/json", "User-Agent": "yacp"}
        trusted = ssl.create_default_context()  # the machine's certificates, where httpx brings its own
        try:
            with (
                httpx.Client(verify=trusted, timeout=TIMEOUT_SECONDS) as client,
                client.stream(method, self._url(), content=content, headers=headers) as response,
            ):
                status, is_success = response.status_code, response.is_success
        except httpx.TimeoutException:
            raise NotSent(f"the webhook can't be used: {reason(TimeoutError())}") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ImportError, ValueError) as error:  # also a proxy's
            raise NotSent(f"the webhook can't be used: {reason(_cause(error))}") from None
        if not is_success:
            raise NotSent(
                f"the webhook answers with status {status}",
                is_refused=status in _MESSAGE_REFUSED,
                is_answered=True,
            )

    def _url(self) -> httpx.URL:
        problem = NotSent("YACP_WEBHOOK_URL is not an address that begins with https://")
        try:
            url = httpx.URL(self._config.secret("webhook_url"))
        except httpx.InvalidURL:
            raise problem from None
        if url.scheme not in ("http", "https") or not url.host or url.userinfo or "\\" in str(url):
            raise problem
        return url


def _cause(error: BaseException) -> BaseException:
    """The operating system's error behind that of httpx, if there is one."""
    behind: BaseException | None = error
    while behind and not isinstance(behind, OSError):
        behind = behind.__cause__ or behind.__context__
    return behind or error
