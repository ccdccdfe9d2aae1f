"""How a notice leaves the house: by mail over SMTP, and as JSON posted to a webhook. Off until configured.

A message holds no personal data, but addresses and passwords are secrets: no error here repeats what was sent, what
a server answered, or where a webhook is.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import IO, Protocol
from urllib.parse import urlsplit

from orchestration.failures import YacpError
from orchestration.notices.outbox import Notice
from orchestration.settings import Settings

_TIMEOUT_SECONDS = 10
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_MESSAGE_NOT_TAKEN = (400, 413, 422)


class NotSent(YacpError):
    """The notice did not go out. ``is_refused``: it was this message that was not wanted, others may be."""

    exit_status = 1

    def __init__(self, sentence: str, *, is_refused: bool = False, is_answered: bool = False) -> None:
        super().__init__(sentence)
        self.is_refused = is_refused
        self.is_answered = is_answered


class Channel(Protocol):
    """A way to people."""

    name: str

    def send(self, notice: Notice) -> str:
        """Tells it, or raises ``NotTold``; the answer is a remark for the operator, mostly empty."""

    def reach(self) -> str:
        """Tries everything but sending, or raises ``NotTold``; says what was reached."""


def channels(config: Settings) -> list[Channel]:
    """Those that are configured."""
    found: list[Channel] = []
    if config.smtp_host:
        found.append(Mail(config))
    if config.webhook_url.get_secret_value() or config.webhook_url_file:
        found.append(Webhook(config))
    return found


class Mail:
    """Plain text to everybody in ``YACP_MAIL_TO``. With STARTTLS asked for, nothing is sent without it."""

    name = "mail"

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._host = config.smtp_host
        self._port = config.smtp_port or _PORTS[config.smtp_security]
        self._to = [address.strip() for address in config.mail_to.split(",")]

    def send(self, notice: Notice) -> str:
        """One message to all; a server that takes some of the addresses has taken it."""
        message = EmailMessage()
        message["From"] = self._config.mail_from
        message["To"] = ", ".join(self._to)
        message["Subject"] = f"[yacp] {notice.subject}"
        message["Date"] = format_datetime(notice.at)
        # The same at every try, so that a mail program shows once what a broken connection made us send twice.
        identity = hashlib.sha256(f"{notice.key} {notice.at}".encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{identity}@{self._config.mail_from.rsplit('@', 1)[-1].strip('> ')}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text, cte="quoted-printable")
        with self._session() as server:
            refused = server.send_message(message)
        return f"{len(refused)} of {len(self._to)} addresses of YACP_MAIL_TO were refused" if refused else ""

    def reach(self) -> str:
        """Connects and signs in."""
        with self._session() as server:
            server.noop()
        signed_in = ", signed in" if self._config.smtp_user else ""
        return f"{self._host}:{self._port}, {self._config.smtp_security}{signed_in}"

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        where = f"{self._host}:{self._port}"
        try:
            server = self._connected()
            try:
                if self._config.smtp_user:
                    self._sign_in(server, where)
                yield server
            finally:
                with suppress(smtplib.SMTPException, OSError):  # what was taken is taken
                    server.quit()
        except smtplib.SMTPNotSupportedError:
            raise NotSent(
                f"{where} offers no {self._config.smtp_security.upper()} or no way to sign in; "
                "check YACP_SMTP_PORT and YACP_SMTP_SECURITY"
            ) from None
        except smtplib.SMTPSenderRefused as error:
            raise NotSent(f"{where} refuses YACP_MAIL_FROM (status {error.smtp_code})") from None
        except smtplib.SMTPRecipientsRefused:
            raise NotSent(f"{where} refuses every address of YACP_MAIL_TO") from None
        except smtplib.SMTPDataError as error:
            raise NotSent(f"{where} refuses the message (status {error.smtp_code})", is_refused=True) from None
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"{where} refuses the session (status {error.smtp_code})") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{where} can't be used: {_reason(error)}") from None

    def _sign_in(self, server: smtplib.SMTP, where: str) -> None:
        try:
            server.login(self._config.smtp_user, self._config.secret("smtp_password"))
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPServerDisconnected):
            raise NotSent(f"{where} refuses YACP_SMTP_USER with YACP_SMTP_PASSWORD") from None

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._config.smtp_security == "tls":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_SECONDS, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        if self._config.smtp_security == "starttls":
            try:
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server


class Webhook:
    """A JSON POST: ``text`` for chat tools, and the same in its parts as ``notice`` for programs."""

    name = "webhook"

    def __init__(self, config: Settings) -> None:
        self._config = config

    def send(self, notice: Notice) -> str:
        """Any answer of 200 to 299 says that it was taken."""
        content = {
            "text": f"[yacp] {notice.subject}\n\n{notice.text}",
            "notice": notice.model_dump(mode="json"),
        }
        self._open("POST", json.dumps(content).encode())
        return ""

    def reach(self) -> str:
        """Asks without posting; any answer will do."""
        try:
            self._open("HEAD", None)
        except NotSent as error:
            if not error.is_answered:
                raise
        return "answers; nothing was posted"

    def _open(self, method: str, content: bytes | None) -> None:
        url = self._config.secret("webhook_url")
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise NotSent("YACP_WEBHOOK_URL is no address that begins with https://")
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            url, data=content, method=method, headers={"Content-Type": "application/json", "User-Agent": "yacp"}
        )
        try:
            urllib.request.build_opener(_NoDetour).open(request, timeout=_TIMEOUT_SECONDS).close()
        except urllib.error.HTTPError as error:
            error.close()
            raise NotSent(
                f"the webhook answers with status {error.code}",
                is_refused=error.code in _MESSAGE_NOT_TAKEN,
                is_answered=True,
            ) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise NotSent(f"the webhook can't be used: {_reason(reason)}") from None


class _NoDetour(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET with nothing in it, and its answer would look like success."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:  # fmt: skip
        """Nowhere else."""


def _reason(error: object) -> str:
    """What the system says; nothing that a server wrote."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS ({error.reason})"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it hung up"
    if isinstance(error, TimeoutError):
        return f"no answer in {_TIMEOUT_SECONDS} seconds"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
