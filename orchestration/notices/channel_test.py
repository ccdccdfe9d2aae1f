"""A test message on every channel, for ``yacp notify --test``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from orchestration.contract.dates import CHICAGO
from orchestration.failures import YacpError
from orchestration.notices.channels import channels
from orchestration.notices.outbox import example_notice
from orchestration.settings import Settings


@dataclass(frozen=True)
class ChannelResult:
    """What happened on one channel: ``problem`` is empty when the message was sent."""

    channel: str
    problem: str = ""
    remark: str = ""


def send_test_message(config: Settings) -> Iterator[ChannelResult]:
    """One message per channel, so that a broken one doesn't hide another."""
    for channel in channels(config):
        try:
            remark = channel.send(example_notice(datetime.now(ZoneInfo(CHICAGO))))
        except YacpError as error:
            yield ChannelResult(channel.name, problem=str(error))
        else:
            yield ChannelResult(channel.name, remark=remark)
