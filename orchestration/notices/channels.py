"""The channels that notices are sent on: mail, a webhook, or both. None is used until it is configured."""

from __future__ import annotations

from typing import Protocol

from orchestration.notices.mail import Mail
from orchestration.notices.outbox import Notice
from orchestration.notices.webhook import Webhook
from orchestration.settings import Settings


class Channel(Protocol):
    """Sends notices to people."""

    name: str

    def send(self, notice: Notice) -> str:
        """Sends a notice, or raises ``NotSent``; returns a remark for the operator, usually empty."""

    def reach(self) -> str:
        """Tries everything except sending, or raises ``NotSent``; returns what was reached."""


def channels(config: Settings) -> list[Channel]:
    """The channels that are configured."""
    found: list[Channel] = []
    if config.smtp_host:
        found.append(Mail(config))
    if config.webhook_url.get_secret_value() or config.webhook_url_file:
        found.append(Webhook(config))
    return found
