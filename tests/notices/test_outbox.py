"""Each notice is sent once on every channel, in order, whatever is down in between."""

import stat
from datetime import UTC, datetime, timedelta

import dagster as dg
from fake_receivers import Mailbox, WebhookInbox, free_port, mail_server
from notice_setup import configured, crashed, in_minutes, refused, run

from orchestration.notices.outbox import OUTBOX, exclusive_sender
from orchestration.notices.sensor import SendResult, send_notices
from orchestration.settings import Settings


def test_nothing_is_sent_until_a_channel_is_configured(config: Settings, instance: dg.DagsterInstance) -> None:
    run(instance, refused)
    assert "no notices are sent" in str(send_notices(config, instance))
    assert not (config.dagster_home / OUTBOX).exists()


def test_a_receiver_that_is_down_gets_everything_later_in_order(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    """The other receiver gets everything immediately, and only once."""
    port = free_port()
    here = configured(config, Mailbox(port), webhook)
    for _ in range(3):
        run(instance, refused)
    first = send_notices(here, instance)
    assert (first.sent, first.waiting) == (3, 3)
    assert f"mail: 127.0.0.1:{port} can't be used: connection refused" in str(first)
    assert len(first.remarks) == 1  # a receiver that is down is tried once
    at = datetime.now(UTC)
    tries = 1
    while tries < 10:
        at += timedelta(minutes=1)
        again = send_notices(here, instance, at)
        assert (again.sent, again.waiting) == (0, 3)
        tries += len(again.remarks)
    assert at - datetime.now(UTC) > timedelta(hours=3)  # it is tried less and less often
    with mail_server(port=port) as mailbox:
        assert send_notices(here, instance, at) == SendResult(0, 3, ())
        last = send_notices(here, instance, at + timedelta(hours=1))
        assert (last.sent, last.waiting) == (3, 0)
    assert [text.split("run ")[-1] for text in mailbox.texts] == [
        post["notice"]["more"].split("run ")[-1] + "\n" for post in webhook.posted
    ]
    assert len({message["Message-ID"] for message in mailbox.messages}) == 3


def test_a_refused_message_does_not_delay_others(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    webhook.statuses = [400]
    first, second = run(instance, refused), run(instance, refused)
    here = configured(config, webhook=webhook)
    result = send_notices(here, instance)
    assert result == SendResult(1, 1, ("webhook: the webhook answers with status 400",))
    assert send_notices(here, instance, in_minutes(2)) == SendResult(1, 0, ())
    assert [post["notice"]["run_id"] for post in webhook.posted] == [second, first]


def test_a_new_channel_gets_no_old_notices(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox, webhook: WebhookInbox
) -> None:
    run(instance, refused)
    send_notices(configured(config, mailbox), instance)
    run(instance, crashed)
    send_notices(configured(config, mailbox, webhook), instance)
    assert (len(mailbox.messages), len(webhook.posted)) == (2, 1)


def test_after_a_week_a_notice_is_not_sent(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    here = configured(config, webhook=webhook)
    webhook.statuses = [503]
    run(instance, refused)
    assert send_notices(here, instance).waiting == 1
    assert send_notices(here, instance, in_minutes() + timedelta(days=7)) == SendResult(0, 0, ())
    assert webhook.posted == []


def test_notices_are_sent_despite_a_damaged_outbox(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    (config.dagster_home / OUTBOX).write_text('{"since":')
    run(instance, refused)
    assert send_notices(configured(config, webhook=webhook), instance).sent == 1
    assert (config.dagster_home / f"{OUTBOX}.damaged").exists()


def test_two_processes_at_once_send_one_notice(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    run(instance, refused)
    here = configured(config, webhook=webhook)
    with exclusive_sender(here) as is_ours:
        assert is_ours
        assert send_notices(here, instance) == SendResult(0, 0, ("another process is sending right now",))
    assert send_notices(here, instance).sent == 1


def test_the_outbox_is_private_and_has_no_addresses_in_it(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox, webhook: WebhookInbox
) -> None:
    run(instance, refused)
    send_notices(configured(config, mailbox, webhook), instance)
    outbox = config.dagster_home / OUTBOX
    assert stat.S_IMODE(outbox.stat().st_mode) == 0o600
    assert "secret-part" not in outbox.read_text()
    assert "example.org" not in outbox.read_text()
