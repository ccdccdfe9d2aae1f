"""Being told: real runs in a real Dagster instance, a mail server and a webhook's server on loopback."""

import json
import os
import shutil
import signal
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries, Sample, yacp
from fake_receivers import PASSWORD, USER, Hook, Mailbox, certificate, free_port, mail_server, webhook_server
from pydantic import ValidationError

from orchestration.failures import UsageError
from orchestration.notices import sensor as told_of
from orchestration.notices.channels import Mail, NotSent, Webhook
from orchestration.notices.outbox import OUTBOX, exclusive_sender, example_notice
from orchestration.notices.sensor import SendResult, send_notices
from orchestration.runs.instance import prepare_instance, write_instance
from orchestration.settings import Settings, settings

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
def done() -> None:
    pass


@pytest.fixture(scope="module")
def dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Dagster instance without a run; making one costs a second or more of waiting for the disk."""
    config = Settings(home=tmp_path_factory.mktemp("instance"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # put back afterwards
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
def box() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook_server() as hook:
        yield hook


def configured(config: Settings, box: Mailbox | None = None, hook: Hook | None = None, **more: Any) -> Settings:
    mail = {"smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_security": "none"} if box else {}
    addresses = {"mail_from": "yacp@example.org", "mail_to": "night@example.org, morning@example.org"}
    webhook = {"webhook_url": hook.url} if hook else {}
    own = {"home": config.home, "extracts": config.extracts, "late_after": NEVER}
    return Settings(**{**own, **mail, **addresses, **webhook, **more})


def run(instance: dg.DagsterInstance, op: dg.OpDefinition, day: date | None = DAY, **tags: str) -> str:
    @dg.job(name="nightly")
    def nightly() -> None:
        op()

    tags |= {"dagster/partition": str(day)} if day else {}
    return nightly.execute_in_process(instance=instance, tags=tags, raise_on_error=False).run_id


def publish(config: Settings, *days: date) -> None:
    """A release as far as anybody who is told looks at it; all its checks held."""
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


def in_a_minute(minutes: float = 1) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def test_a_failed_run_is_told_once_on_every_channel(
    config: Settings, instance: dg.DagsterInstance, box: Mailbox, hook: Hook
) -> None:
    publish(config, DAY_BEFORE)
    run_id = run(instance, refused)
    here = configured(config, box, hook)
    assert send_notices(here, instance) == SendResult(2, 0, ())
    assert send_notices(here, instance, in_a_minute()) == SendResult(0, 0, ())
    assert box.subjects == ["[yacp] The run of 2026-11-23 failed"]
    assert box.messages[0]["To"] == "night@example.org, morning@example.org"
    (text,) = box.texts
    for part in (
        SENTENCE,
        "The dashboard shows 2026-11-22, published 2026-11-23 06:04 CST",
        "yacp run --as-of 2026-11-23",
        "yacp checks --failed",
        run_id,
    ):
        assert part in text
    (posted,) = hook.posted
    assert posted["text"] == f"{box.subjects[0]}\n\n{text}"
    assert posted["notice"]["event"] == "run_failed"
    assert posted["notice"]["day"] == "2026-11-23"
    assert posted["notice"]["run_id"] == run_id


@pytest.mark.parametrize("op", [crashed, failed_elsewhere])
def test_what_was_not_foreseen_is_told_without_its_words(
    config: Settings, instance: dg.DagsterInstance, box: Mailbox, hook: Hook, op: dg.OpDefinition
) -> None:
    """They may quote a row."""
    run(instance, op)
    send_notices(configured(config, box, hook), instance)
    assert "failed unexpectedly" in box.texts[0]
    assert not any(word in str((box.texts, hook.posted)) for word in MARK.split())


def test_a_run_that_was_stopped_in_a_query_is_told_as_that(
    config: Settings, instance: dg.DagsterInstance, box: Mailbox
) -> None:
    """DuckDB takes the signal for itself, and says so in a way of its own."""

    @dg.op
    def stopped() -> None:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        duckdb.sql("select count(*) from range(100000000000) as a(n) where hash(n) = 1").fetchall()

    run(instance, stopped)
    send_notices(configured(config, box), instance)
    assert "Stopped. Nothing was published" in box.texts[0]


def test_a_run_that_was_killed_is_told_of(config: Settings, instance: dg.DagsterInstance, box: Mailbox) -> None:
    @dg.job(name="nightly")
    def nightly() -> None:
        done()

    record = instance.create_run_for_job(nightly, tags={"dagster/partition": str(DAY)})
    instance.report_run_failed(record)
    send_notices(configured(config, box), instance)
    assert "its process was killed" in box.texts[0]


def test_a_run_that_breaks_before_its_first_step_is_told_of(
    config: Settings, instance: dg.DagsterInstance, box: Mailbox
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
    send_notices(configured(config, box), instance)
    assert "failed unexpectedly" in box.texts[0]
    assert not any(word in box.texts[0] for word in MARK.split())


def test_a_job_without_a_day_is_told_of_by_its_name(
    config: Settings, instance: dg.DagsterInstance, box: Mailbox
) -> None:
    run(instance, refused, day=None)
    send_notices(configured(config, box), instance)
    assert box.subjects == ["[yacp] The job nightly failed"]
    assert "Nothing is published yet" in box.texts[0]


def test_the_end_of_trouble_is_told_too(config: Settings, instance: dg.DagsterInstance, hook: Hook) -> None:
    here = configured(config, hook=hook)
    publish(config, DAY_BEFORE, DAY)  # a correction of a published day has failed
    run(instance, done)
    run(instance, refused)
    run(instance, refused)
    send_notices(here, instance)
    assert hook.subjects == ["The run of 2026-11-23 failed"] * 2
    run(instance, done, DAY_BEFORE)
    assert send_notices(here, instance).sent == 0
    run(instance, done)
    run(instance, done)
    assert send_notices(here, instance).sent == 1
    assert hook.subjects[2:] == ["2026-11-23 is published now"]


def test_the_sensor_tells_and_starts_nothing(
    config: Settings, instance: dg.DagsterInstance, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YACP_HOME", str(config.home))
    monkeypatch.setenv("YACP_WEBHOOK_URL", hook.url)
    monkeypatch.setenv("YACP_LATE_AFTER", NEVER)
    settings.cache_clear()
    run(instance, refused)
    try:
        tick = told_of.notices.evaluate_tick(dg.build_sensor_context(instance=instance))
    finally:
        settings.cache_clear()
    assert tick.skip_message == "1 sent, 0 waiting"
    assert not tick.run_requests
    assert hook.subjects == ["The run of 2026-11-23 failed"]


def test_nobody_is_told_until_a_channel_is_set(config: Settings, instance: dg.DagsterInstance) -> None:
    run(instance, refused)
    assert "nobody is told" in str(send_notices(config, instance))
    assert not (config.dagster_home / OUTBOX).exists()


def test_a_receiver_that_is_down_gets_everything_later_and_in_order(
    config: Settings, instance: dg.DagsterInstance, hook: Hook
) -> None:
    """The other one is told at once, and never twice."""
    port = free_port()
    here = configured(config, Mailbox(port), hook)
    for _ in range(3):
        run(instance, refused)
    first = send_notices(here, instance)
    assert (first.sent, first.waiting) == (3, 3)
    assert f"mail: 127.0.0.1:{port} can't be used: connection refused" in str(first)
    assert len(first.remarks) == 1  # a receiver that is down is asked once a look
    at = datetime.now(UTC)
    tries = 1
    while tries < 10:
        at += timedelta(minutes=1)
        again = send_notices(here, instance, at)
        assert (again.sent, again.waiting) == (0, 3)
        tries += len(again.remarks)
    assert at - datetime.now(UTC) > timedelta(hours=3)  # it is asked less and less often
    with mail_server(port=port) as box:
        assert send_notices(here, instance, at) == SendResult(0, 3, ())
        last = send_notices(here, instance, at + timedelta(hours=1))
        assert (last.sent, last.waiting) == (3, 0)
    assert [text.split("run ")[-1] for text in box.texts] == [
        post["notice"]["more"].split("run ")[-1] + "\n" for post in hook.posted
    ]
    assert len({message["Message-ID"] for message in box.messages}) == 3


def test_a_message_that_is_refused_holds_up_no_other(
    config: Settings, instance: dg.DagsterInstance, hook: Hook
) -> None:
    hook.statuses = [400]
    first, second = run(instance, refused), run(instance, refused)
    here = configured(config, hook=hook)
    told = send_notices(here, instance)
    assert told == SendResult(1, 1, ("webhook: the webhook answers with status 400",))
    assert send_notices(here, instance, in_a_minute(2)) == SendResult(1, 0, ())
    assert [post["notice"]["run_id"] for post in hook.posted] == [second, first]


def test_a_channel_that_comes_later_is_not_told_of_what_was(
    config: Settings, instance: dg.DagsterInstance, box: Mailbox, hook: Hook
) -> None:
    run(instance, refused)
    send_notices(configured(config, box), instance)
    run(instance, crashed)
    send_notices(configured(config, box, hook), instance)
    assert (len(box.messages), len(hook.posted)) == (2, 1)


def test_what_is_a_week_old_is_no_news(config: Settings, instance: dg.DagsterInstance, hook: Hook) -> None:
    here = configured(config, hook=hook)
    hook.statuses = [503]
    run(instance, refused)
    assert send_notices(here, instance).waiting == 1
    assert send_notices(here, instance, in_a_minute() + timedelta(days=7)) == SendResult(0, 0, ())
    assert hook.posted == []


def test_a_record_of_runs_begun_anew_is_read_from_its_start(
    config: Settings, instance: dg.DagsterInstance, hook: Hook, tmp_path: Path, dagster_home: Path
) -> None:
    here = configured(config, hook=hook)
    for _ in range(3):
        run(instance, refused)
    send_notices(here, instance)
    anew = Settings(home=tmp_path / "another")
    shutil.copytree(dagster_home, anew.dagster_home)
    write_instance(anew)
    with dg.DagsterInstance.from_config(str(anew.dagster_home)) as another:
        run(another, refused)
        assert send_notices(here, another).sent == 1


def test_what_nobody_foresaw_is_shown_and_holds_up_nothing(
    config: Settings, instance: dg.DagsterInstance, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[None]:
        raise KeyError("of our own making")

    monkeypatch.setattr(told_of, "_successes", broken)
    run(instance, refused)
    with pytest.raises(KeyError):
        send_notices(configured(config, hook=hook), instance)
    assert len(hook.posted) == 1


def test_more_than_a_look_takes_is_told_in_the_next_ones(
    config: Settings, instance: dg.DagsterInstance, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told_of, "_RECORDS_A_TICK", 2)
    here = configured(config, hook=hook)
    ids = [run(instance, refused) for _ in range(3)]
    assert [send_notices(here, instance).sent for _ in range(3)] == [2, 1, 0]
    assert [post["notice"]["run_id"] for post in hook.posted] == ids


def test_a_damaged_outbox_silences_nobody(config: Settings, instance: dg.DagsterInstance, hook: Hook) -> None:
    (config.dagster_home / OUTBOX).write_text('{"since":')
    run(instance, refused)
    assert send_notices(configured(config, hook=hook), instance).sent == 1
    assert (config.dagster_home / f"{OUTBOX}.damaged").exists()


def test_two_at_once_tell_once(config: Settings, instance: dg.DagsterInstance, hook: Hook) -> None:
    run(instance, refused)
    here = configured(config, hook=hook)
    with exclusive_sender(here) as is_ours:
        assert is_ours
        assert send_notices(here, instance) == SendResult(0, 0, ("somebody else is telling right now",))
    assert send_notices(here, instance).sent == 1


def test_the_outbox_is_its_owners_and_holds_no_address(
    config: Settings, instance: dg.DagsterInstance, box: Mailbox, hook: Hook
) -> None:
    run(instance, refused)
    send_notices(configured(config, box, hook), instance)
    outbox = config.dagster_home / OUTBOX
    assert stat.S_IMODE(outbox.stat().st_mode) == 0o600
    assert "secret-part" not in outbox.read_text()
    assert "example.org" not in outbox.read_text()


# Late days. 2026-11-23 is in winter: eight in Chicago is 14:00 UTC.
AT_EIGHT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_a_late_day_is_told_once_and_again_when_it_arrives(
    config: Settings, instance: dg.DagsterInstance, box: Mailbox, deliveries: Deliveries, systems
) -> None:
    here = configured(config, box, late_after="08:00")
    publish(config, DAY_BEFORE)
    deliveries.write(systems["worknet"])
    assert send_notices(here, instance, AT_EIGHT - timedelta(minutes=1)).sent == 0
    assert send_notices(here, instance, AT_EIGHT).sent == 1
    assert send_notices(here, instance, AT_EIGHT + timedelta(hours=1)).sent == 0
    assert box.subjects == ["[yacp] 2026-11-23 is late"]
    for part in (
        "2026-11-23 is not on the dashboard, and it is 2026-11-24 08:00 CST",
        "Illinois workNet has delivered it. IWDS has not delivered it yet. No run of it was started.",
        "The dashboard shows 2026-11-22",
        "yacp run --as-of 2026-11-23",
        "yacp doctor",
    ):
        assert part in box.texts[0]
    publish(config, DAY_BEFORE, DAY)
    assert send_notices(here, instance, AT_EIGHT + timedelta(hours=2)).sent == 1
    assert send_notices(here, instance, AT_EIGHT + timedelta(hours=3)).sent == 0
    assert box.subjects[1:] == ["[yacp] 2026-11-23 is published now"]
    assert "The dashboard shows 2026-11-23" in box.texts[1]


def test_every_day_can_be_late_the_weekend_too(config: Settings, instance: dg.DagsterInstance, hook: Hook) -> None:
    here = configured(config, hook=hook, late_after="08:00")
    for days in range(3, 6):
        send_notices(here, instance, AT_EIGHT + timedelta(days=days))
    assert hook.subjects == [f"2026-11-{number} is late" for number in (26, 27, 28)]


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
def test_late_is_by_the_clock_in_chicago(
    config: Settings, instance: dg.DagsterInstance, hook: Hook, late_after: str, at: datetime, is_late: bool
) -> None:
    send_notices(configured(config, hook=hook, late_after=late_after), instance, at)
    assert len(hook.posted) == is_late


def test_late_for_a_refused_manifest_a_failed_run_or_a_damaged_release(
    config: Settings, instance: dg.DagsterInstance, hook: Hook, deliveries: Deliveries, systems
) -> None:
    here = configured(config, hook=hook, late_after="08:00")
    for system in systems.values():
        deliveries.write(system)
    (deliveries.root / "iwds" / str(DAY) / "manifest.json").write_text("[]")
    run(instance, refused)
    send_notices(here, instance, AT_EIGHT)
    happened = hook.posted[-1]["notice"]["happened"]
    assert "manifest.json is not a manifest" in happened
    assert "Its last run: failure." in happened
    publish(config, DAY_BEFORE)
    (config.published / "current" / "release.json").write_text("{")
    send_notices(here, instance, AT_EIGHT + timedelta(days=1))
    assert "release.json is damaged" in hook.posted[-1]["notice"]["happened"]


def test_checks_that_warn_are_named_with_what_they_found(
    sample: Sample, tmp_path: Path, box: Mailbox, hook: Hook
) -> None:
    """Once for what was found on a day; what a backfill finds is for whoever started it."""
    mine = sample.copy(tmp_path)
    here = configured(mine.settings, box, hook)
    checks = json.loads(yacp(mine.home, "checks", "--as-of", str(DAY), "--failed", "--format", "json").stdout)
    assert len(checks) > 1
    with dg.DagsterInstance.from_config(str(mine.home / "dagster")) as instance:
        assert send_notices(here, instance) == SendResult(0, 0, ())  # the sample is a backfill
        run(instance, done)
        assert send_notices(here, instance) == SendResult(2, 0, ())
        run(instance, done)
        assert send_notices(here, instance) == SendResult(0, 0, ())
    (post,) = hook.posted
    assert post["notice"]["event"] == "checks_warned"
    wanted = [{key: check[key] for key in ("name", "asset", "observed", "expected")} for check in checks]
    assert post["notice"]["checks"] == wanted
    assert box.subjects == [f"[yacp] {DAY} is published; checks that warn: {len(checks)}"]
    for check in wanted:
        assert "{name} on {asset}: {observed}, expected {expected}".format(**check) in box.texts[0]
    assert f"yacp checks --as-of {DAY} --failed" in box.texts[0]


def test_that_checks_can_not_be_read_is_told_and_holds_up_nothing(
    config: Settings, instance: dg.DagsterInstance, hook: Hook
) -> None:
    here = configured(config, hook=hook)
    publish(config, DAY_BEFORE, DAY)
    (config.published / "current" / "dashboard.duckdb").write_text("no database")
    run(instance, done, DAY_BEFORE)
    run(instance, done)
    assert send_notices(here, instance).sent == 2
    assert hook.subjects == [f"{day} is published; its checks can't be read" for day in (DAY_BEFORE, DAY)]
    assert "can't be opened as a DuckDB file" in hook.posted[0]["notice"]["happened"]


def test_a_backfill_from_the_ui_that_fails_is_told_once(
    config: Settings, instance: dg.DagsterInstance, hook: Hook
) -> None:
    for day in (DAY_BEFORE, DAY):
        run(instance, refused, day, **{"dagster/backfill": "abcdefgh"})
    assert send_notices(configured(config, hook=hook), instance) == SendResult(1, 0, ())


SECURITY = pytest.mark.parametrize(
    ("security", "user", "password", "trusted", "says"),
    [
        ("starttls", USER, PASSWORD, True, None),
        ("tls", USER, PASSWORD, True, None),
        ("starttls", USER, PASSWORD, False, "its certificate is not trusted (self-signed certificate)"),
        ("tls", USER, PASSWORD, False, "its certificate is not trusted (self-signed certificate)"),
        ("starttls", USER, "wrong", True, "refuses YACP_SMTP_USER with YACP_SMTP_PASSWORD"),
        ("starttls", "", "", True, "refuses YACP_MAIL_FROM (status 530)"),
        ("none", "", "", True, "refuses YACP_MAIL_FROM (status 530)"),
    ],
)


@SECURITY
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_mail_is_encrypted_and_signed_in(
    config: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    security: str,
    user: str,
    password: str,
    trusted: bool,
    says: str | None,
) -> None:
    folder = certificate(tmp_path / "tls")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate.pem"))
    (tmp_path / "password").write_text(f"{password}\n")
    with mail_server(folder, implicit=security == "tls") as box:
        here = configured(config, box, smtp_security=security, smtp_user=user, smtp_password_file=tmp_path / "password")
        if says is None:
            assert "signed in" in Mail(here).reach()
            assert Mail(here).send(example_notice(datetime.now(UTC))) == ""
            assert box.signed_in == [True]
        else:
            with pytest.raises(NotSent) as raised:
                Mail(here).send(example_notice(datetime.now(UTC)))
            assert says in str(raised.value)
            assert password not in str(raised.value) or not password
            assert box.messages == []


def test_without_starttls_nothing_is_sent(config: Settings, box: Mailbox) -> None:
    """Whoever sits between us and the server may leave it out of what the server offers."""
    with pytest.raises(NotSent, match="offers no STARTTLS"):
        Mail(configured(config, box, smtp_security="starttls")).send(example_notice(datetime.now(UTC)))
    assert box.messages == []


def test_a_mail_server_that_refuses_the_message(config: Settings, box: Mailbox) -> None:
    box.answer = "554 Zebulon is not wanted here"
    with pytest.raises(NotSent, match=r"refuses the message \(status 554\)$") as raised:
        Mail(configured(config, box)).send(example_notice(datetime.now(UTC)))
    assert raised.value.is_refused


@pytest.mark.parametrize("status", [301, 302, 303, 307, 404, 500])
def test_only_a_webhook_that_says_so_has_taken_it(config: Settings, hook: Hook, status: int) -> None:
    """A redirect would turn the POST into a GET, whose answer looks like success."""
    hook.statuses = [status]
    with pytest.raises(NotSent, match=f"status {status}$"):
        Webhook(configured(config, hook=hook)).send(example_notice(datetime.now(UTC)))
    assert hook.methods == ["POST"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "hooks.example.org/secret-part", "https:///secret-part"])
def test_a_webhook_is_on_the_web(config: Settings, tmp_path: Path, url: str) -> None:
    (tmp_path / "url").write_text(url)
    with pytest.raises(NotSent, match="YACP_WEBHOOK_URL is no address") as raised:
        Webhook(configured(config, webhook_url_file=tmp_path / "url")).send(example_notice(datetime.now(UTC)))
    assert "secret-part" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"smtp_host": "mail.example.org"}, "mail_from"),
        ({"smtp_host": "mail.example.org", "mail_from": "yacp@example.org"}, "mail_to"),
        ({"smtp_user": "night", "smtp_security": "none"}, "smtp_user"),
        ({"smtp_port": 0}, "smtp_port"),
        ({"late_after": "noon"}, "late_after"),
    ],
)
def test_settings_that_can_not_be_meant(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Settings(**given)
    assert says in {error["loc"][0] for error in raised.value.errors()}


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    here = Settings(**{"smtp_password": "open sesame", "webhook_url": "https://hooks.example.org/secret-part"})
    assert not any(secret in f"{here!r} {here.model_dump_json()}" for secret in ("open sesame", "secret-part"))
    with pytest.raises(UsageError, match=r"YACP_SMTP_PASSWORD_FILE: .* can't be read"):
        Settings(smtp_password_file=tmp_path / "nowhere").secret("smtp_password")


def examined(home: Path, given: dict[str, str]) -> dict[str, dict[str, object]]:
    rows = json.loads(yacp(home, "doctor", "--format", "json", variables=given).stdout)
    return {row["what"]: row for row in rows}


def test_the_command_tells_too(tmp_path: Path, box: Mailbox, hook: Hook) -> None:
    given = {
        "YACP_SMTP_HOST": "127.0.0.1",
        "YACP_SMTP_PORT": str(box.port),
        "YACP_SMTP_SECURITY": "none",
        "YACP_MAIL_FROM": "yacp@example.org",
        "YACP_MAIL_TO": "night@example.org",
        "YACP_WEBHOOK_URL": hook.url,
        "YACP_LATE_AFTER": "00:00",
    }
    assert examined(tmp_path, given)["somebody looks"]["found"] == "never"
    tested = yacp(tmp_path, "notify", "--test", variables=given)
    assert tested.returncode == 0, tested.stderr
    assert box.subjects == ["[yacp] a test"]
    assert hook.subjects == ["a test"]
    told = yacp(tmp_path, "notify", variables=given)
    assert told.returncode == 0, told.stderr
    assert "2 sent, 0 waiting" in told.stderr
    assert box.subjects[1].endswith("is late")
    doctor = {
        row["what"]: row for row in json.loads(yacp(tmp_path, "doctor", "--format", "json", variables=given).stdout)
    }
    assert doctor["told by mail"]["ok"]
    assert doctor["told by webhook"]["ok"]
    assert doctor["somebody looks"]["ok"]
    assert len(hook.posted) == 2  # looking posts nothing

    given["YACP_SMTP_PORT"] = str(free_port())
    tested = yacp(tmp_path, "notify", "--test", variables=given)
    assert tested.returncode == 1
    assert "mail: not sent" in tested.stderr
    assert "webhook: sent" in tested.stderr
    doctor = {
        row["what"]: row for row in json.loads(yacp(tmp_path, "doctor", "--format", "json", variables=given).stdout)
    }
    assert not doctor["told by mail"]["ok"]
    assert "connection refused" in str(doctor["told by mail"]["found"])


def test_the_command_says_what_to_set(tmp_path: Path) -> None:
    result = yacp(tmp_path / "home", "notify")
    assert result.returncode == 2
    assert "set YACP_SMTP_HOST" in result.stderr
    doctor = examined(tmp_path, {})
    assert doctor["told by mail"] == {
        "what": "told by mail", "ok": True, "found": "off: YACP_SMTP_HOST is not set", "mend": "",
    }  # fmt: skip
