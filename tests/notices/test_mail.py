"""Mail goes out encrypted, and an error says nothing that is secret."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_receivers import PASSWORD, USER, Mailbox, certificate, mail_server
from notice_setup import configured

from orchestration.notices import mail
from orchestration.notices.mail import Mail
from orchestration.notices.outbox import example_notice
from orchestration.notices.send_errors import NotSent
from orchestration.settings import Settings


@pytest.mark.parametrize(
    ("security", "user", "password", "trusted", "says"),
    [
        ("starttls", USER, PASSWORD, True, None),
        ("tls", USER, PASSWORD, True, None),
        ("starttls", USER, PASSWORD, False, "its certificate is not trusted (self-signed certificate)"),
        ("tls", USER, PASSWORD, False, "its certificate is not trusted (self-signed certificate)"),
        ("starttls", USER, "wrong", True, "refuses YACP_SMTP_USER with YACP_SMTP_PASSWORD"),
        ("starttls", "", "", True, "refuses YACP_MAIL_FROM (status 530)"),
        ("none", "", "", True, "refuses YACP_MAIL_FROM (status 530)"),
    ],
)
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_mail_is_sent_encrypted_after_signing_in(
    config: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    security: str,
    user: str,
    password: str,
    trusted: bool,
    says: str | None,
) -> None:
    folder = certificate(tmp_path / "tls")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    (tmp_path / "password").write_text(f"{password}\n")
    with mail_server(folder, implicit=security == "tls") as mailbox:
        here = configured(
            config, mailbox, smtp_security=security, smtp_user=user, smtp_password_file=tmp_path / "password"
        )
        if says is None:
            assert "signed in" in Mail(here).reach()
            assert Mail(here).send(example_notice(datetime.now(UTC))) == ""
            assert mailbox.signed_in == [True]
        else:
            with pytest.raises(NotSent) as raised:
                Mail(here).send(example_notice(datetime.now(UTC)))
            assert says in str(raised.value)
            assert password not in str(raised.value) or not password
            assert mailbox.messages == []


def test_nothing_is_sent_without_starttls(config: Settings, mailbox: Mailbox) -> None:
    """An attacker between us and the server could remove it from what the server offers."""
    with pytest.raises(NotSent, match="doesn't offer STARTTLS"):
        Mail(configured(config, mailbox, smtp_security="starttls")).send(example_notice(datetime.now(UTC)))
    assert mailbox.messages == []


def test_a_mail_server_refuses_the_message(config: Settings, mailbox: Mailbox) -> None:
    mailbox.answer = "554 Zebulon is not wanted here"
    with pytest.raises(NotSent, match=r"refuses the message \(status 554\)$") as raised:
        Mail(configured(config, mailbox)).send(example_notice(datetime.now(UTC)))
    assert raised.value.is_refused


def test_the_messages_of_a_session_share_a_connection_as_long_as_it_lasts(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also past two messages, which some servers take no more of, and a connection that was lost in between."""
    monkeypatch.setattr(mail, "_MESSAGES_A_CONNECTION", 2)
    notice = example_notice(datetime.now(UTC))
    with mail_server() as mailbox:
        channel = Mail(configured(config, mailbox))
        with channel.session():
            for _ in range(3):
                channel.send(notice)
            assert len(mailbox.messages) == 3
            assert [mailbox.connections[0] == other for other in mailbox.connections] == [True, True, False]
            assert channel._kept
            assert channel._kept.sock
            channel._kept.sock.shutdown(socket.SHUT_RDWR)  # as by a server that is restarted
            channel.send(notice)
            assert len(mailbox.messages) == 4
        channel.send(notice)
        channel.send(notice)
        assert len(set(mailbox.connections)) == 5  # outside, each message has its own
