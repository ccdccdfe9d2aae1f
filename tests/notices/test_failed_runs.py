"""Notices of failed runs, in a real Dagster instance, to a mail server and a webhook on loopback."""

import os
import shutil
import signal
import threading
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from conftest import DAY, DAY_BEFORE
from fake_receivers import Mailbox, WebhookInbox
from notice_setup import (
    MARK,
    SENTENCE,
    configured,
    crashed,
    failed_elsewhere,
    in_minutes,
    publish,
    refused,
    run,
    succeeded,
)

from orchestration.notices import findings
from orchestration.notices.sensor import SendResult, send_notices
from orchestration.runs.instance import write_instance
from orchestration.settings import Settings


def test_people_are_notified_of_a_failed_run_once_on_every_channel(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox, webhook: WebhookInbox
) -> None:
    publish(config, DAY_BEFORE)
    run_id = run(instance, refused)
    here = configured(config, mailbox, webhook)
    assert send_notices(here, instance) == SendResult(2, 0, ())
    assert send_notices(here, instance, in_minutes()) == SendResult(0, 0, ())
    assert mailbox.subjects == ["[yacp] The run of 2026-11-23 failed"]
    assert mailbox.messages[0]["To"] == "night@example.org, morning@example.org"
    (text,) = mailbox.texts
    for part in (
        SENTENCE,
        "The dashboard shows 2026-11-22, published 2026-11-23 06:04 CST",
        "yacp run --as-of 2026-11-23",
        "yacp checks --failed",
        run_id,
    ):
        assert part in text
    (posted,) = webhook.posted
    assert posted["text"] == f"{mailbox.subjects[0]}\n\n{text}"
    assert posted["notice"]["event"] == "run_failed"
    assert posted["notice"]["day"] == "2026-11-23"
    assert posted["notice"]["run_id"] == run_id


@pytest.mark.parametrize("op", [crashed, failed_elsewhere])
def test_a_notice_of_an_unexpected_error_does_not_quote_it(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox, webhook: WebhookInbox, op: dg.OpDefinition
) -> None:
    """Its message may quote a row."""
    run(instance, op)
    send_notices(configured(config, mailbox, webhook), instance)
    assert "failed unexpectedly" in mailbox.texts[0]
    assert not any(word in str((mailbox.texts, webhook.posted)) for word in MARK.split())


def test_a_run_stopped_during_a_query_is_reported_as_stopped(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    """DuckDB handles the signal itself and raises an error of its own."""

    @dg.op
    def stopped() -> None:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with duckdb.connect(config={"threads": 1}) as connection:  # with others at work, DuckDB checks for signals late
            connection.execute("select count(*) from range(100000000000) as a(n) where hash(n) = 1").fetchall()

    run(instance, stopped)
    send_notices(configured(config, mailbox), instance)
    assert "Stopped. Nothing was published" in mailbox.texts[0]


def test_a_killed_run_is_reported(config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox) -> None:
    @dg.job(name="nightly")
    def nightly() -> None:
        succeeded()

    record = instance.create_run_for_job(nightly, tags={"dagster/partition": str(DAY)})
    instance.report_run_failed(record)
    send_notices(configured(config, mailbox), instance)
    assert "its process was killed" in mailbox.texts[0]


def test_a_run_that_fails_before_its_first_step_is_reported(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    @dg.resource
    def broken() -> None:
        raise ValueError(MARK)

    @dg.op(required_resource_keys={"broken"})
    def needs() -> None:
        pass

    @dg.job(name="nightly", resource_defs={"broken": broken})
    def nightly() -> None:
        needs()

    nightly.execute_in_process(instance=instance, tags={"dagster/partition": str(DAY)}, raise_on_error=False)
    send_notices(configured(config, mailbox), instance)
    assert "failed unexpectedly" in mailbox.texts[0]
    assert not any(word in mailbox.texts[0] for word in MARK.split())


def test_a_job_without_a_day_is_reported_by_its_name(
    config: Settings, instance: dg.DagsterInstance, mailbox: Mailbox
) -> None:
    run(instance, refused, day=None)
    send_notices(configured(config, mailbox), instance)
    assert mailbox.subjects == ["[yacp] The job nightly failed"]
    assert "Nothing is published yet" in mailbox.texts[0]


def test_a_failed_backfill_from_the_ui_is_reported_once(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    for day in (DAY_BEFORE, DAY):
        run(instance, refused, day, **{"dagster/backfill": "abcdefgh"})
    assert send_notices(configured(config, webhook=webhook), instance) == SendResult(1, 0, ())


def test_people_are_notified_when_a_failed_day_is_published(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox
) -> None:
    here = configured(config, webhook=webhook)
    publish(config, DAY_BEFORE, DAY)  # a correction of a published day has failed
    run(instance, succeeded)
    run(instance, refused)
    run(instance, refused)
    send_notices(here, instance)
    assert webhook.subjects == ["The run of 2026-11-23 failed"] * 2
    run(instance, succeeded, DAY_BEFORE)
    assert send_notices(here, instance).sent == 0
    run(instance, succeeded)
    run(instance, succeeded)
    assert send_notices(here, instance).sent == 1
    assert webhook.subjects[2:] == ["2026-11-23 is published now"]


def test_new_records_of_runs_are_read_from_the_beginning(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox, tmp_path: Path, dagster_home: Path
) -> None:
    here = configured(config, webhook=webhook)
    for _ in range(3):
        run(instance, refused)
    send_notices(here, instance)
    elsewhere = Settings(home=tmp_path / "another")
    shutil.copytree(dagster_home, elsewhere.dagster_home)
    write_instance(elsewhere)
    with dg.DagsterInstance.from_config(str(elsewhere.dagster_home)) as another:
        run(another, refused)
        assert send_notices(here, another).sent == 1


def test_many_failed_runs_are_reported_over_several_ticks(
    config: Settings, instance: dg.DagsterInstance, webhook: WebhookInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "_RECORDS_AT_ONCE", 2)
    here = configured(config, webhook=webhook)
    ids = [run(instance, refused) for _ in range(3)]
    assert [send_notices(here, instance).sent for _ in range(3)] == [2, 1, 0]
    assert [post["notice"]["run_id"] for post in webhook.posted] == ids
