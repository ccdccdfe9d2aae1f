"""Notices: one sensor finds what people should know, writes it to the outbox, and sends it on every channel.

Dagster's own run-failure sensor is not used. It goes on to the next run even when the notice of this one could not be
sent, so a mail server that is down for a minute would cost a notice. ``yacp notify`` does the same once, for an
installation without the daemon.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from orchestration.failures import YacpError
from orchestration.notices.channels import Channel, channels
from orchestration.notices.digest import digests, write_digests
from orchestration.notices.findings import failed_runs, late_days, successful_runs
from orchestration.notices.outbox import Outbox, exclusive_sender
from orchestration.notices.send_errors import NotSent
from orchestration.settings import Settings, settings

_SENDING_SECONDS = 30  # a tick has a minute


@dataclass(frozen=True)
class SendResult:
    """How many messages were sent, how many are still waiting, and any problems on the way."""

    sent: int
    waiting: int
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join([f"{self.sent} sent, {self.waiting} waiting", *self.remarks])


def send_notices(config: Settings, instance: dg.DagsterInstance, now: datetime | None = None) -> SendResult:
    """Looks for something new once, and sends on every configured channel what was not sent there yet."""
    now = now or datetime.now(UTC)
    configured = channels(config)
    if not configured:
        return SendResult(0, 0, ("no notices are sent: neither YACP_SMTP_HOST nor YACP_WEBHOOK_URL is set",))
    with exclusive_sender(config) as is_ours:
        if not is_ours:
            return SendResult(0, 0, ("another process is sending right now",))
        outbox = Outbox.read(config, now)
        remarks, unexpected = _collect(config, instance, outbox, [channel.name for channel in configured], now)
        outbox.save(config, now)
        try:
            write_digests(config, outbox, now)
        except YacpError as error:
            remarks.append(str(error))
        except Exception as error:
            unexpected.append(error)
        sent = _send(config, outbox, configured, now, remarks)
        waiting = sum(len(outbox.waiting(channel.name, now)) for channel in configured)
    if unexpected:
        raise unexpected[0]  # the tick shows it, and everything else was sent
    return SendResult(sent, waiting, tuple(dict.fromkeys(remarks)))


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notifies people by mail and webhook of failed runs, late days and checks that warn, and sends the "
    "morning digest. Does nothing until YACP_SMTP_HOST or YACP_WEBHOOK_URL is set.",
)
def notices(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Starts no run; the tick's message says what was sent."""
    return dg.SkipReason(str(send_notices(settings(), context.instance)))


def _collect(
    config: Settings, instance: dg.DagsterInstance, outbox: Outbox, names: list[str], now: datetime
) -> tuple[list[str], list[Exception]]:
    """Adds what is new to the outbox. A problem with one kind of notice doesn't stop the others."""
    remarks: list[str] = []
    unexpected: list[Exception] = []
    for find in (failed_runs, successful_runs, late_days, digests):
        try:
            for notice in find(config, instance, outbox, now):
                outbox.add(notice, names)
        except YacpError as error:
            remarks.append(str(error))
        except Exception as error:
            unexpected.append(error)
    return remarks, unexpected


def _send(config: Settings, outbox: Outbox, configured: list[Channel], now: datetime, remarks: list[str]) -> int:
    """Sends what is due on every channel, and returns how many messages that was."""
    started, sent = time.monotonic(), 0
    for channel in configured:
        with channel.session():
            try:
                sent += _send_on(channel, config, outbox, now, started, remarks)
            finally:
                outbox.save(config, now)
    return sent


def _send_on(
    channel: Channel, config: Settings, outbox: Outbox, now: datetime, started: float, remarks: list[str]
) -> int:
    """Each attempt is saved before it is made, so a crash doesn't repeat it immediately.

    What came of it is saved with the next attempt, and by the caller at the end.
    """
    sent = 0
    for entry in outbox.due(channel.name, now):
        if time.monotonic() - started > _SENDING_SECONDS:
            break
        if (letter := entry.letter) is None:
            continue
        entry.postpone(channel.name, now)
        outbox.save(config, now)
        try:
            remark = channel.send(letter)
        except YacpError as error:
            remarks.append(f"{channel.name}: {error}")
            entry.waiting[channel.name].problem = str(error)
            if isinstance(error, NotSent) and error.is_refused:
                continue
            for other in outbox.due(channel.name, now):  # a receiver that is down is tried once, to keep the order
                other.waiting[channel.name] = entry.waiting[channel.name].model_copy()
            break
        outbox.sent(entry, channel.name, now)
        sent += 1
        remarks.extend([remark] if remark else [])
    return sent
