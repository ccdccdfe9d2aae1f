"""What the tests of notices use: a Dagster instance, runs that end in several ways, a release, and receivers."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from conftest import DAY
from fake_receivers import Mailbox, WebhookInbox, mail_server, webhook_server

from orchestration.runs.instance import prepare_instance, write_instance
from orchestration.settings import Settings

NEVER = "23:59:59.999999"
MARK = "Zebulon 123-45-6789"
SENTENCE = "The IWDS delivery of 2026-11-23 is refused: services.csv is in the manifest, but not in the folder."


@dg.op
def refused() -> None:
    raise dg.Failure(SENTENCE, metadata={"exit_status": 2}, allow_retries=False)


@dg.op
def crashed() -> None:
    raise ValueError(MARK)


@dg.op
def failed_elsewhere() -> None:
    raise dg.Failure(MARK)


@dg.op
def succeeded() -> None:
    pass


@pytest.fixture(scope="module")
def dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Dagster instance without runs; creating one takes a second or more of waiting for the disk."""
    config = Settings(home=tmp_path_factory.mktemp("instance"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # restored afterwards
        prepare_instance(config)
        with dg.DagsterInstance.get() as instance:
            instance.get_runs(limit=1)
            instance.fetch_run_status_changes(dg.DagsterEventType.RUN_FAILURE, limit=1)
    return config.dagster_home


@pytest.fixture
def instance(config: Settings, dagster_home: Path) -> Iterator[dg.DagsterInstance]:
    shutil.copytree(dagster_home, config.dagster_home)
    write_instance(config)
    with dg.DagsterInstance.from_config(str(config.dagster_home)) as instance:
        yield instance


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def webhook() -> Iterator[WebhookInbox]:
    with webhook_server() as webhook:
        yield webhook


def configured(
    config: Settings, mailbox: Mailbox | None = None, webhook: WebhookInbox | None = None, **more: Any
) -> Settings:
    mail = {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port, "smtp_security": "none"} if mailbox else {}
    addresses = {"mail_from": "yacp@example.org", "mail_to": "night@example.org, morning@example.org"}
    post = {"webhook_url": webhook.url} if webhook else {}
    own = {"home": config.home, "extracts": config.extracts, "late_after": NEVER}
    return Settings(**{**own, **mail, **addresses, **post, **more})


def run(instance: dg.DagsterInstance, op: dg.OpDefinition, day: date | None = DAY, **tags: str) -> str:
    """Runs a job of one operation and returns the run's id."""

    @dg.job(name="nightly")
    def nightly() -> None:
        op()

    tags |= {"dagster/partition": str(day)} if day else {}
    return nightly.execute_in_process(instance=instance, tags=tags, raise_on_error=False).run_id


def publish(config: Settings, *days: date) -> None:
    """The parts of a release that notices read. All of its checks passed."""
    folder = config.published / "releases" / f"{days[-1]}-1"
    for day in days:
        (folder / "parquet" / "dashboard" / "quality" / "checks" / f"as_of_date={day}").mkdir(parents=True)
        duckdb.sql(
            "select 'c' as name, 'a' as asset, 'warn' as severity, true as passed, '0' as observed, '0' as expected"
        ).write_parquet(f"{folder}/parquet/dashboard/quality/checks/as_of_date={day}/data.parquet")
    duckdb.connect(str(folder / "dashboard.duckdb")).close()
    record = {
        "release": folder.name,
        "as_of_date": str(days[-1]),
        "number": 1,
        "published_at": "2026-11-23T12:04:00+00:00",
        "run_id": "r",
        "rows": {},
        "days": [str(day) for day in days],
    }
    (folder / "release.json").write_text(json.dumps(record))
    link = config.published / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(folder)


def in_minutes(minutes: float = 1) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)
