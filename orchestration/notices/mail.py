"""Notices by mail over SMTP."""

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime

from orchestration.notices.outbox import Notice
from orchestration.notices.send_errors import TIMEOUT_SECONDS, NotSent, reason
from orchestration.settings import Settings

_MESSAGES_A_CONNECTION = 50  # some servers take no more
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Mail:
    """Plain text to everybody in ``YACP_MAIL_TO``, a digest to its person alone.

    If STARTTLS is required, nothing is sent without it.
    """

    name = "mail"

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._host = config.smtp_host
        self._port = config.smtp_port or _PORTS[config.smtp_security]
        self._server = f"{self._host}:{self._port}"
        self._to = [address.strip() for address in config.mail_to.split(",")]
        self._in_session = False
        self._kept: smtplib.SMTP | None = None
        self._sent = 0

    @contextmanager
    def session(self) -> Iterator[None]:
        """The messages that are sent in it share connections: a digest has thousands."""
        self._in_session = True
        try:
            yield
        finally:
            self._in_session = False
            self._hang_up()

    def send(self, notice: Notice) -> str:
        """Sends one message to all addresses. It counts as sent if the server accepts some of them."""
        message = EmailMessage()
        message["From"] = self._config.mail_from
        to = [notice.to] if notice.to else self._to
        message["To"] = ", ".join(to)
        message["Subject"] = f"[yacp] {notice.subject}"
        message["Date"] = format_datetime(notice.at)
        # The same in every attempt, so that a mail program shows a message once if a lost connection made us resend it.
        identity = hashlib.sha256(f"{notice.key} {notice.at}".encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{identity}@{self._config.mail_from.rsplit('@', 1)[-1].strip('> ')}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text, cte="quoted-printable")
        with self._connection() as server:
            try:
                refused = server.send_message(message)
            except smtplib.SMTPRecipientsRefused:
                if not notice.to:
                    raise
                raise NotSent(f"{self._server} refuses an address in YACP_DIGEST_TO", is_refused=True) from None
        return f"{len(refused)} of {len(to)} addresses in YACP_MAIL_TO were refused" if refused else ""

    def reach(self) -> str:
        """Connects and signs in."""
        with self._connection() as server:
            server.noop()
        signed_in = ", signed in" if self._config.smtp_user else ""
        return f"{self._server}, {self._config.smtp_security}{signed_in}"

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """A connection that is signed in, the one before if it is still good. After an error it is not."""
        try:
            try:
                yield self._open()
            except BaseException:
                self._hang_up()
                raise
            if not self._in_session:
                self._hang_up()
        except smtplib.SMTPNotSupportedError:
            raise NotSent(
                f"{self._server} doesn't offer {self._config.smtp_security.upper()}, or no way to sign in; "
                "check YACP_SMTP_PORT and YACP_SMTP_SECURITY"
            ) from None
        except smtplib.SMTPSenderRefused as error:
            raise NotSent(f"{self._server} refuses YACP_MAIL_FROM (status {error.smtp_code})") from None
        except smtplib.SMTPRecipientsRefused:
            raise NotSent(f"{self._server} refuses every address in YACP_MAIL_TO") from None
        except smtplib.SMTPDataError as error:
            raise NotSent(f"{self._server} refuses the message (status {error.smtp_code})", is_refused=True) from None
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"{self._server} refuses the session (status {error.smtp_code})") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"{self._server} can't be used: {reason(error)}") from None

    def _open(self) -> smtplib.SMTP:
        """Asks before it uses a connection again: a message that may have arrived would have to be sent twice."""
        self._sent += 1
        if self._kept and (self._sent > _MESSAGES_A_CONNECTION or not _answers(self._kept)):
            self._hang_up()
        if self._kept is None:
            self._kept, self._sent = self._connect(), 1
            self._sign_in(self._kept)
        return self._kept

    def _hang_up(self) -> None:
        if self._kept:
            with suppress(smtplib.SMTPException, OSError):  # an accepted message stays accepted
                self._kept.quit()
        self._kept = None

    def _connect(self) -> smtplib.SMTP:
        if self._config.smtp_security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_SECONDS, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
        if self._config.smtp_security == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server

    def _sign_in(self, server: smtplib.SMTP) -> None:
        if not self._config.smtp_user:
            return
        try:
            server.login(self._config.smtp_user, self._config.secret("smtp_password"))
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPServerDisconnected):
            raise NotSent(f"{self._server} refuses YACP_SMTP_USER with YACP_SMTP_PASSWORD") from None


def _answers(server: smtplib.SMTP) -> bool:
    try:
        status, _ = server.noop()
    except (smtplib.SMTPException, OSError):
        return False
    return status == 250
