"""A webhook gets the notice or an error is raised, and an error says nothing that is secret."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_receivers import WebhookInbox, certificate, free_port, webhook_server
from notice_setup import configured

from orchestration.notices.outbox import example_notice
from orchestration.notices.send_errors import NotSent
from orchestration.notices.webhook import Webhook
from orchestration.settings import Settings


@pytest.mark.parametrize("status", [301, 302, 303, 307, 404, 500])
def test_a_notice_is_posted_only_if_the_webhook_confirms_it(
    config: Settings, webhook: WebhookInbox, status: int
) -> None:
    """A redirect would turn the POST into a GET, whose answer looks like success."""
    webhook.statuses = [status]
    with pytest.raises(NotSent, match=f"status {status}$"):
        Webhook(configured(config, webhook=webhook)).send(example_notice(datetime.now(UTC)))
    assert webhook.methods == ["POST"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "hooks.example.org/secret-part", "https:///secret-part"])
def test_the_address_of_a_webhook_is_http_or_https(config: Settings, tmp_path: Path, url: str) -> None:
    (tmp_path / "url").write_text(url)
    with pytest.raises(NotSent, match="YACP_WEBHOOK_URL is not an address") as raised:
        Webhook(configured(config, webhook_url_file=tmp_path / "url")).send(example_notice(datetime.now(UTC)))
    assert "secret-part" not in str(raised.value)


def test_a_webhook_that_is_down(config: Settings) -> None:
    here = configured(config, webhook_url=f"http://127.0.0.1:{free_port()}/services/T0/secret-part")
    with pytest.raises(NotSent, match=r"^the webhook can't be used: connection refused$"):
        Webhook(here).send(example_notice(datetime.now(UTC)))


@pytest.mark.parametrize("is_trusted", [False, True])
def test_a_webhook_needs_a_trusted_certificate(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    folder = certificate(tmp_path / "tls")
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    with webhook_server(tls=folder) as webhook:
        here = Webhook(configured(config, webhook=webhook))
        if is_trusted:
            assert here.reach() == "answers; nothing was posted"
            assert here.send(example_notice(datetime.now(UTC))) == ""
            assert webhook.methods == ["HEAD", "POST"]
        else:
            with pytest.raises(NotSent, match=r"its certificate is not trusted \(self-signed certificate\)$"):
                here.send(example_notice(datetime.now(UTC)))


def test_the_address_of_a_webhook_is_not_logged(
    config: Settings, webhook: WebhookInbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    Webhook(configured(config, webhook=webhook)).send(example_notice(datetime.now(UTC)))
    assert len(webhook.posted) == 1
    assert "secret-part" not in caplog.text
