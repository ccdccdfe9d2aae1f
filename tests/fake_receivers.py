"""A mail server and a webhook on loopback, for the notices that are sent to people."""

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "night", "open sesame"


@dataclass
class Mailbox:
    """``answer`` is the server's reply to a message; ``unknown`` are addresses that it refuses."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    signed_in: list[bool] = field(default_factory=list)
    connections: list[object] = field(default_factory=list)
    answer: str = "250 OK"
    unknown: set[str] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            assert envelope.original_content
            self.messages.append(message_from_bytes(envelope.original_content, policy=policy.default))
            self.encrypted.append(session.ssl is not None)
            self.signed_in.append(bool(session.authenticated))
            self.connections.append(session.peer)
        return self.answer

    @property
    def subjects(self) -> list[str]:
        return [message["Subject"] for message in self.messages]

    @property
    def receivers(self) -> list[str]:
        return [message["To"] for message in self.messages]

    @property
    def texts(self) -> list[str]:
        return [message.get_content().replace("\r\n", "\n") for message in self.messages]


@contextmanager
def mail_server(tls: Path | None = None, *, implicit: bool = False, port: int | None = None) -> Iterator[Mailbox]:
    """With ``tls``, a folder that ``certificate`` filled, it requires a login, and STARTTLS or TLS from the start."""
    mailbox = Mailbox(port or free_port())
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "certificate.pem", tls / "key.pem")
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=mailbox.port,
        ssl_context=context if implicit else None,
        **({"tls_context": context, "require_starttls": True} if context and not implicit else {}),
        **({"authenticator": _authenticate, "auth_required": True, "auth_require_tls": not implicit} if tls else {}),
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@dataclass
class WebhookInbox:
    """``statuses`` are the next answers; after them, it is 200."""

    url: str
    posted: list[dict[str, Any]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def subjects(self) -> list[str]:
        return [post["notice"]["subject"] for post in self.posted]


@contextmanager
def webhook_server(port: int = 0, *, tls: Path | None = None) -> Iterator[WebhookInbox]:
    """With ``tls``, a folder that ``certificate`` filled, it is an HTTPS server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if not webhook.statuses and self.headers["Content-Type"] == "application/json":
                webhook.posted.append(json.loads(content))
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def _answer(self) -> None:
            webhook.methods.append(self.command)
            status = webhook.statuses.pop(0) if webhook.statuses else 200
            self.send_response(status)
            if status in (301, 302, 303, 307):
                self.send_header("Location", webhook.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "certificate.pem", tls / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    webhook = WebhookInbox(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/services/T0/secret-part")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield webhook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def certificate(folder: Path) -> Path:
    """A folder with a key and a self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir()
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder
