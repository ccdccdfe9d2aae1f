"""The channels that notices are sent on: mail, a webhook, or both. None is used until it is configured."""

from orchestration.notices.mail import Mail
from orchestration.notices.webhook import Webhook
from orchestration.settings import Settings

Channel = Mail | Webhook
"""Both have ``name``, ``send`` and ``reach``, which return a remark for the operator or raise ``NotSent``, and
``session``, in which messages may share a connection."""


def channels(config: Settings) -> list[Channel]:
    """The channels that are configured."""
    found: list[Channel] = []
    if config.smtp_host:
        found.append(Mail(config))
    if config.webhook_url.get_secret_value() or config.webhook_url_file:
        found.append(Webhook(config))
    return found
