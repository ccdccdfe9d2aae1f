"""Notices of late days. 2026-11-23 is in winter: eight in Chicago is 14:00 UTC."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries
from fake_receivers import Mailbox, WebhookInbox
from notice_setup import configured, publish, refused, run

from orchestration.notices.sensor import send_notices
from orchestration.settings import Settings

AT_EIGHT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_people_are_notified_of_a_late_day_once_and_when_it_is_published(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox, deliveries: Deliveries, systems
) -> None:
    here = configured(config, mailbox, late_after="08:00")
    publish(config, DAY_BEFORE)
    deliveries.write(systems["worknet"])
    assert send_notices(here, instance, AT_EIGHT - timedelta(minutes=1)).sent == 0
    assert send_notices(here, instance, AT_EIGHT).sent == 1
    assert send_notices(here, instance, AT_EIGHT + timedelta(hours=1)).sent == 0
    assert mailbox.subjects == ["[yacp] 2026-11-23 is late"]
    for part in (
        "2026-11-23 is not on the dashboard, and it is 2026-11-24 08:00 CST",
        "Illinois workNet has delivered it. IWDS has not delivered it yet. No run of it was started.",
        "The dashboard shows 2026-11-22",
        "yacp run --as-of 2026-11-23",
        "yacp doctor",
    ):
        assert part in mailbox.texts[0]
    publish(config, DAY_BEFORE, DAY)
    assert send_notices(here, instance, AT_EIGHT + timedelta(hours=2)).sent == 1
    assert send_notices(here, instance, AT_EIGHT + timedelta(hours=3)).sent == 0
    assert mailbox.subjects[1:] == ["[yacp] 2026-11-23 is published now"]
    assert "The dashboard shows 2026-11-23" in mailbox.texts[1]


def test_days_of_the_weekend_can_be_late_too(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    here = configured(config, webhook=webhook, late_after="08:00")
    for days in range(3, 6):
        send_notices(here, instance, AT_EIGHT + timedelta(days=days))
    assert webhook.subjects == [f"2026-11-{number} is late" for number in (26, 27, 28)]


@pytest.mark.parametrize(
    ("late_after", "at", "is_late"),
    [
        ("08:00", datetime(2026, 7, 1, 12, 59, tzinfo=UTC), False),
        ("08:00", datetime(2026, 7, 1, 13, 0, tzinfo=UTC), True),  # in summer
        ("06:30", datetime(2026, 11, 24, 12, 29, tzinfo=UTC), False),
        ("06:30", datetime(2026, 11, 24, 12, 30, tzinfo=UTC), True),
        ("08:00", datetime(2026, 11, 24, 5, 59, tzinfo=UTC), True),  # before midnight it is still the 22nd's morning
        ("08:00", datetime(2026, 11, 24, 6, 0, tzinfo=UTC), False),
    ],
)
def test_lateness_follows_the_clock_in_chicago(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox, late_after: str, at: datetime, is_late: bool
) -> None:
    send_notices(configured(config, webhook=webhook, late_after=late_after), instance, at)
    assert len(webhook.posted) == is_late


def test_a_late_notice_names_an_invalid_manifest_a_failed_run_or_a_damaged_release(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox, deliveries: Deliveries, systems
) -> None:
    here = configured(config, webhook=webhook, late_after="08:00")
    for system in systems.values():
        deliveries.write(system)
    (deliveries.root / "iwds" / str(DAY) / "manifest.json").write_text("[]")
    run(instance, refused)
    send_notices(here, instance, AT_EIGHT)
    happened = webhook.posted[-1]["notice"]["happened"]
    assert "manifest.json is not a manifest" in happened
    assert "Its last run: failure." in happened
    publish(config, DAY_BEFORE)
    (config.published / "current" / "release.json").write_text("{")
    send_notices(here, instance, AT_EIGHT + timedelta(days=1))
    assert "release.json is damaged" in webhook.posted[-1]["notice"]["happened"]
