"""The morning digest of 2,000 people: a process that is killed in the middle, and what the next one sends."""

import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
from conftest import clean_environment
from digest_setup import SATURDAY, SUNDAY, morning, publish_lists, red_since, with_digest
from fake_receivers import Mailbox

from orchestration.notices.outbox import OUTBOX, Outbox
from orchestration.notices.sensor import send_notices
from orchestration.settings import Settings

PEOPLE = [f"person{number}@example.org" for number in range(2000)]
SEND = """
import sys, dagster as dg
from datetime import datetime
from orchestration.notices import outbox, sensor
from orchestration.settings import settings
{0}
with dg.DagsterInstance.from_config(str(settings().dagster_home)) as instance:
    print(sensor.send_notices(settings(), instance, datetime.fromisoformat(sys.argv[1])))
"""
DIES_WRITING = """
import os
def dies(path, content):
    path.with_name(".half").write_text(content[:1000])
    os.kill(os.getpid(), 9)
outbox.write_whole = dies
"""


def sending(here: Settings, at: datetime, *, first: str = "") -> subprocess.Popen[bytes]:
    """Another process that sends what is due."""
    names = ("smtp_host", "smtp_port", "smtp_security", "mail_from", "mail_to", "late_after", "digest_to", "digest_url")
    given = {f"YACP_{name.upper()}": str(getattr(here, name)) for name in names}
    return subprocess.Popen(
        [sys.executable, "-c", SEND.format(first), at.isoformat()],
        env=clean_environment(here.home, **given),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def publish_for_all(config: Settings) -> None:
    staff = [(name, name, "provider", "P1", True) for name in PEOPLE]
    publish_lists(config, SATURDAY, SUNDAY, staff=staff, **red_since("c", SUNDAY))


def test_killed_while_the_outbox_is_filled_nobody_is_left_out(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    publish_for_all(config)
    here = with_digest(config, mailbox, *PEOPLE[:20])
    died = sending(here, morning(23), first=DIES_WRITING)
    output, _ = died.communicate(timeout=120)
    assert died.returncode == -signal.SIGKILL, output.decode()
    assert not (here.dagster_home / OUTBOX).exists()
    assert mailbox.messages == []
    assert send_notices(here, instance, morning(23, 6, 1)).sent == 20
    assert sorted(mailbox.receivers) == sorted(PEOPLE[:20])


def test_killed_while_sending_nobody_is_left_out_and_nobody_gets_two(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox, tmp_path: Path
) -> None:
    """The one message that was under way may arrive again, with its Message-ID, by which mail programs show it once."""
    publish_for_all(config)
    here = with_digest(config, mailbox, *PEOPLE)
    killed = sending(here, morning(23))
    for _ in range(1200):
        if len(mailbox.messages) >= 200:
            break
        assert killed.poll() is None, killed.stdout and killed.stdout.read().decode()
        time.sleep(0.1)
    killed.kill()
    killed.communicate(timeout=120)
    arrived = len(mailbox.messages)
    assert 200 <= arrived < len(PEOPLE)
    left = Outbox.peek(here, morning(23))
    assert len(left.digested) in (arrived - 1, arrived)

    at = morning(23, 6, 1)
    while send_notices(here, instance, at).waiting:
        at += timedelta(minutes=1)
        assert at < morning(23, 7)
    assert set(mailbox.receivers) == set(PEOPLE)
    received = Counter(message["Message-ID"] for message in mailbox.messages)
    assert len(received) == len(PEOPLE)
    assert sum(received.values()) <= len(PEOPLE) + 1
    assert all("- Late: 1 turned red" in text for text in mailbox.texts)
    assert send_notices(here, instance, morning(23, 9)).sent == 0
