"""Notices of checks of severity warn that failed."""

import json
from pathlib import Path

import dagster as dg
from conftest import DAY, DAY_BEFORE, Sample, yacp
from fake_receivers import Mailbox, WebhookInbox
from notice_setup import (
    configured,
    publish,
    run,
    succeeded,
)

from orchestration.notices.sensor import SendResult, send_notices
from orchestration.settings import Settings


def test_a_notice_names_the_failed_checks_and_what_they_observed(
    sample: Sample, tmp_path: Path, mailbox: Mailbox, webhook: WebhookInbox
) -> None:
    """Once for what was found on a day; what a backfill finds is for the person who started it."""
    mine = sample.copy(tmp_path)
    here = configured(mine.settings, mailbox, webhook)
    checks = json.loads(yacp(mine.home, "checks", "--as-of", str(DAY), "--failed", "--format", "json").stdout)
    assert len(checks) > 1
    with dg.DagsterInstance.from_config(str(mine.home / "dagster")) as instance:
        assert send_notices(here, instance) == SendResult(0, 0, ())  # the sample is a backfill
        run(instance, succeeded)
        assert send_notices(here, instance) == SendResult(2, 0, ())
        run(instance, succeeded)
        assert send_notices(here, instance) == SendResult(0, 0, ())
    (post,) = webhook.posted
    assert post["notice"]["event"] == "checks_warned"
    wanted = [{key: check[key] for key in ("name", "asset", "observed", "expected", "title")} for check in checks]
    assert post["notice"]["checks"] == wanted
    assert mailbox.subjects == [f"[yacp] {DAY} is published; checks that warn: {len(checks)}"]
    for check in wanted:
        assert "{title}: {observed}. {expected} ({name} on {asset})".format(**check) in mailbox.texts[0]
    assert f"yacp checks --as-of {DAY} --failed" in mailbox.texts[0]


def test_unreadable_checks_are_reported_and_do_not_delay_other_notices(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    here = configured(config, webhook=webhook)
    publish(config, DAY_BEFORE, DAY)
    (config.published / "current" / "dashboard.duckdb").write_text("no database")
    run(instance, succeeded, DAY_BEFORE)
    run(instance, succeeded)
    assert send_notices(here, instance).sent == 2
    assert webhook.subjects == [f"{day} is published; its checks can't be read" for day in (DAY_BEFORE, DAY)]
    assert "can't be opened as a DuckDB file" in webhook.posted[0]["notice"]["happened"]
