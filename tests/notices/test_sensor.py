"""The sensor that sends notices."""

from collections.abc import Iterator

import dagster as dg
import pytest
from fake_receivers import WebhookInbox
from notice_setup import NEVER, configured, refused, run

from orchestration.notices import sensor
from orchestration.notices.sensor import send_notices
from orchestration.settings import Settings, settings


def test_the_sensor_sends_notices_and_starts_no_run(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YACP_HOME", str(config.home))
    monkeypatch.setenv("YACP_WEBHOOK_URL", webhook.url)
    monkeypatch.setenv("YACP_LATE_AFTER", NEVER)
    settings.cache_clear()
    run(instance, refused)
    try:
        tick = sensor.notices.evaluate_tick(dg.build_sensor_context(instance=instance))
    finally:
        settings.cache_clear()
    assert tick.skip_message == "1 sent, 0 waiting"
    assert not tick.run_requests
    assert webhook.subjects == ["The run of 2026-11-23 failed"]


@pytest.mark.parametrize("step", ["successful_runs", "write_digests"])
def test_an_unexpected_error_is_shown_and_does_not_delay_other_notices(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*_: object) -> Iterator[None]:
        raise KeyError("of our own making")

    monkeypatch.setattr(sensor, step, broken)
    run(instance, refused)
    with pytest.raises(KeyError):
        send_notices(configured(config, webhook=webhook), instance)
    assert len(webhook.posted) == 1
