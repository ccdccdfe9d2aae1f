"""``yacp notify``, and what ``yacp doctor`` says about the channels."""

import json
from pathlib import Path

from conftest import yacp
from fake_receivers import Mailbox, WebhookInbox, free_port


def examined(home: Path, given: dict[str, str]) -> dict[str, dict[str, object]]:
    rows = json.loads(yacp(home, "doctor", "--format", "json", variables=given).stdout)
    return {row["what"]: row for row in rows}


def test_the_command_sends_notices(tmp_path: Path, mailbox: Mailbox, webhook: WebhookInbox) -> None:
    given = {
        "YACP_SMTP_HOST": "127.0.0.1",
        "YACP_SMTP_PORT": str(mailbox.port),
        "YACP_SMTP_SECURITY": "none",
        "YACP_MAIL_FROM": "yacp@example.org",
        "YACP_MAIL_TO": "night@example.org",
        "YACP_WEBHOOK_URL": webhook.url,
        "YACP_LATE_AFTER": "00:00",
    }
    assert examined(tmp_path, given)["notices are sent"]["found"] == "never"
    tested = yacp(tmp_path, "notify", "--test", variables=given)
    assert tested.returncode == 0, tested.stderr
    assert mailbox.subjects == ["[yacp] a test"]
    assert webhook.subjects == ["a test"]
    notified = yacp(tmp_path, "notify", variables=given)
    assert notified.returncode == 0, notified.stderr
    assert "2 sent, 0 waiting" in notified.stderr
    assert mailbox.subjects[1].endswith("is late")
    doctor = {
        row["what"]: row for row in json.loads(yacp(tmp_path, "doctor", "--format", "json", variables=given).stdout)
    }
    assert doctor["notices by mail"]["ok"]
    assert doctor["notices by webhook"]["ok"]
    assert doctor["notices are sent"]["ok"]
    assert len(webhook.posted) == 2  # the doctor posts nothing

    given["YACP_SMTP_PORT"] = str(free_port())
    tested = yacp(tmp_path, "notify", "--test", variables=given)
    assert tested.returncode == 1
    assert "mail: not sent" in tested.stderr
    assert "webhook: sent" in tested.stderr
    doctor = {
        row["what"]: row for row in json.loads(yacp(tmp_path, "doctor", "--format", "json", variables=given).stdout)
    }
    assert not doctor["notices by mail"]["ok"]
    assert "connection refused" in str(doctor["notices by mail"]["found"])


def test_the_command_says_what_to_configure(tmp_path: Path) -> None:
    result = yacp(tmp_path / "home", "notify")
    assert result.returncode == 2
    assert "set YACP_SMTP_HOST" in result.stderr
    doctor = examined(tmp_path, {})
    assert doctor["notices by mail"] == {
        "what": "notices by mail", "ok": True, "found": "off: YACP_SMTP_HOST is not set", "mend": "",
    }  # fmt: skip
