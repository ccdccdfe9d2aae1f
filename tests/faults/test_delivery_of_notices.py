"""With the daemon running, a run of the command line fails, and people are notified."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from conftest import DAY, YACP, Deliveries, clean_environment, yacp
from fake_receivers import PASSWORD, USER, certificate, mail_server, webhook_server

from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET

MARKS = {
    "first_name": "Zebulonia",
    "last_name": "Quillfeather",
    "date_of_birth": "1999-09-09",
    "ssn_last4": "72Q1",
    "email": "zq@personal.example",
    "phone": "217-555-0173",
}


def wait_for(what: Callable[[], bool], daemon: subprocess.Popen[bytes], log: Path) -> None:
    """Waits for as long as it takes on a busy machine, unless the daemon has died."""
    for _ in range(600):
        if what():
            return
        assert daemon.poll() is None, log.read_text()[-3000:]
        time.sleep(0.5)
    pytest.fail(f"nothing arrived: {log.read_text()[-3000:]}")


def test_the_daemon_sends_notices_of_a_run_of_the_command_line(
    tmp_path: Path, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, log = tmp_path / "home", tmp_path / "daemon.log"
    folder = deliveries.write(WORKNET, {"customers": [MARKS]})
    deliveries.write(IWDS, {"applications": [{name: MARKS[name] for name in ("first_name", "last_name", "ssn_last4")}]})
    (folder / "services.csv").write_text("".join((folder / "services.csv").read_text().splitlines(keepends=True)[:1]))
    tls = certificate(tmp_path / "tls")
    (tmp_path / "password").write_text(PASSWORD)
    with mail_server(tls) as mailbox, webhook_server() as webhook:
        (tmp_path / "url").write_text(webhook.url)
        given = {
            "YACP_EXTRACTS": str(deliveries.root),
            "YACP_LATE_AFTER": "00:00",
            "YACP_SMTP_HOST": "127.0.0.1",
            "YACP_SMTP_PORT": str(mailbox.port),
            "YACP_SMTP_USER": USER,
            "YACP_SMTP_PASSWORD_FILE": str(tmp_path / "password"),
            "YACP_MAIL_FROM": "yacp@example.org",
            "YACP_MAIL_TO": "night@example.org",
            "YACP_WEBHOOK_URL_FILE": str(tmp_path / "url"),
            "SSL_CERT_FILE": str(tls / "certificate.pem"),
        }
        with log.open("wb") as output:
            daemon = subprocess.Popen(
                [str(YACP), "daemon"],
                env=clean_environment(home, **given),
                stdout=output,
                stderr=output,
            )
        try:
            refused = yacp(home, "run", "--as-of", str(DAY), variables=given)
            assert refused.returncode == 2, refused.stderr
            failed = f"[yacp] The run of {DAY} failed"
            wait_for(lambda: failed in mailbox.subjects and len(webhook.posted) == len(mailbox.messages), daemon, log)
            text = dict(zip(mailbox.subjects, mailbox.texts, strict=True))[failed]
            assert "services.csv" in text
            assert "Nothing is published yet." in text
            assert any(subject.endswith("is late") for subject in mailbox.subjects)

            deliveries.write(WORKNET, {"customers": [MARKS]}, delivery=2)
            mended = yacp(home, "run", "--as-of", str(DAY), variables=given)
            assert mended.returncode == 0, mended.stderr
            now = f"[yacp] {DAY} is published now"
            wait_for(lambda: now in mailbox.subjects and len(webhook.posted) == len(mailbox.messages), daemon, log)
        finally:
            family = [psutil.Process(daemon.pid), *psutil.Process(daemon.pid).children(recursive=True)]
            daemon.send_signal(signal.SIGTERM)
            _, left = psutil.wait_procs(family, timeout=120)
            for process in left:
                process.kill()
    assert not left
    assert all(mailbox.encrypted)
    assert all(mailbox.signed_in)
    assert len(set(mailbox.subjects)) == len(mailbox.subjects)
    everything = f"{mailbox.subjects} {mailbox.texts} {webhook.posted} {log.read_text()}"
    assert not [mark for mark in [*MARKS.values(), PASSWORD, webhook.url] if mark in everything]
