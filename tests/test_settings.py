"""Settings: what is refused, and what is never shown."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from orchestration.failures import UsageError
from orchestration.settings import Settings


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"smtp_host": "mail.example.org"}, "mail_from"),
        ({"smtp_host": "mail.example.org", "mail_from": "yacp@example.org"}, "mail_to"),
        ({"smtp_user": "night", "smtp_security": "none"}, "smtp_user"),
        ({"smtp_port": 0}, "smtp_port"),
        ({"late_after": "noon"}, "late_after"),
        ({"digest_to": "digest.txt"}, "digest_url"),
        ({"digest_url": "dashboard.example.org"}, "digest_url"),
        ({"digest_url": "https://dashboard.example.org/?scope=statewide"}, "digest_url"),
        ({"digest_url": "javascript:alert()//dashboard"}, "digest_url"),
        ({"customer_url": "http://portal.example.org/{customer_id}"}, "customer_url"),
        ({"customer_url": "https://portal.example.org/"}, "customer_url"),
        ({"customer_url": "https://{customer_id}.example.org/"}, "customer_url"),
        ({"customer_url": "https://portal.example.org/{customer_id}/{customer_id}"}, "customer_url"),
        ({"customer_url": "https://portal.example.org/{name}/{customer_id}"}, "customer_url"),
        ({"customer_url": "https://user:secret@portal.example.org/{customer_id}"}, "customer_url"),
        ({"customer_url": "https://portal.example.org/{customer_id}' or 1=1"}, "customer_url"),
        ({"customer_url": 'https://portal.example.org/"><b>{customer_id}'}, "customer_url"),
        ({"customer_url": "javascript:alert({customer_id})"}, "customer_url"),
    ],
)
def test_invalid_settings_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings(**given)
    assert says in {error["loc"][0] for error in raised.value.errors()}


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    here = Settings(**{"smtp_password": "open sesame", "webhook_url": "https://hooks.example.org/secret-part"})
    assert not any(secret in f"{here!r} {here.model_dump_json()}" for secret in ("open sesame", "secret-part"))
    with pytest.raises(UsageError, match=r"YACP_SMTP_PASSWORD_FILE: .* can't be read"):
        Settings(smtp_password_file=tmp_path / "nowhere").secret("smtp_password")
