"""Who is told when a night goes wrong: a run that failed, a day that is late, checks of severity warn.

One sensor looks at what is there (Dagster's record of the runs, the release, the clock), writes what is to be told
into the outbox, and tells it on every channel. Dagster's own run-failure sensor is not used: it goes on to the next
run even when nobody could be told of this one, so a mail server that is down for a minute would cost a message.
``yacp notify`` does the same once, for an installation without the daemon.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
from dagster import DagsterEventType, RunStatusChangeRecordsFilter

from orchestration.contract.dates import CHICAGO, in_chicago, parse_day
from orchestration.contract.extract import System
from orchestration.contract.partitions import PARTITION_TAG
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import YacpError
from orchestration.landing.archive import Archive
from orchestration.notices.channels import Channel, NotSent, channels
from orchestration.notices.outbox import GIVEN_UP_AFTER, Finding, Notice, Outbox, exclusive_sender
from orchestration.publishing.queries import checks
from orchestration.runs.day_run import BACKFILL, STARTED_BY_TAG
from orchestration.runs.run_failures import RunFailed, failure_of, unexpected_failure
from orchestration.settings import Settings, settings
from orchestration.sources.delivery_root import DeliveryRoot, without_retries
from orchestration.state.releases import current

_RECORDS_A_TICK = 100
_TELLING_SECONDS = 30  # a tick has a minute
_BACKFILL_TAG = "dagster/backfill"


@dataclass(frozen=True)
class SendResult:
    """What came of one look: messages sent, messages still waiting, and what was odd."""

    sent: int
    waiting: int
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        counts = f"{self.sent} sent, {self.waiting} waiting"
        return "; ".join([counts, *self.remarks])


def send_notices(config: Settings, instance: dg.DagsterInstance, now: datetime | None = None) -> SendResult:
    """Looks once, and tells on every channel that is configured what it has not been told."""
    now = now or datetime.now(UTC)
    ways = channels(config)
    if not ways:
        return SendResult(0, 0, ("nobody is told: neither YACP_SMTP_HOST nor YACP_WEBHOOK_URL is set",))
    with exclusive_sender(config) as is_ours:
        if not is_ours:
            return SendResult(0, 0, ("somebody else is telling right now",))
        outbox = Outbox.read(config, now)
        remarks, unforeseen = _look(config, instance, outbox, [way.name for way in ways], now)
        outbox.save(config, now)
        sent = _deliver(config, outbox, ways, now, remarks)
        waiting = sum(len(outbox.waiting(way.name, now)) for way in ways)
    if unforeseen:
        raise unforeseen[0]  # the tick shows it, and what could be told was told
    return SendResult(sent, waiting, tuple(remarks))


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells people by mail and webhook of a run that failed, a day that is late and checks that warn. "
    "Does nothing until YACP_SMTP_HOST or YACP_WEBHOOK_URL is set.",
)
def notices(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Starts nothing; what came of the look is the tick's message."""
    return dg.SkipReason(str(send_notices(settings(), context.instance)))


def _look(
    config: Settings, instance: dg.DagsterInstance, outbox: Outbox, ways: list[str], now: datetime
) -> tuple[list[str], list[Exception]]:
    """Takes in what is new. What can't be looked at now is looked at again, and holds up nothing else."""
    remarks: list[str] = []
    unforeseen: list[Exception] = []
    for looking in (_failures, _successes, _lateness):
        try:
            for notice in looking(config, instance, outbox, now):
                outbox.add(notice, ways)
        except YacpError as error:
            remarks.append(str(error))
        except Exception as error:
            unforeseen.append(error)
    return remarks, unforeseen


def _failures(config: Settings, instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[Notice]:
    """Told once for a run, and once for a backfill from the UI, however many of its days fail."""
    for run, at in _ended(instance, outbox, DagsterEventType.RUN_FAILURE, now):
        day = _day_of(run)
        what = f"The run of {day}" if day else f"The job {run.job_name}"
        yield Notice(
            key=f"run_failed {run.tags.get(_BACKFILL_TAG, run.run_id)}",
            event="run_failed",
            day=day,
            at=at,
            subject=f"{what} failed",
            happened=f"{what} failed at {in_chicago(at)}.\n\n{_why(instance, run.run_id)}",
            stays=_standing(config),
            todo=f"Mend what is named above, then: yacp run --as-of {day}. You are told when the day is published."
            if day
            else "Mend what is named above, then run it again in the Dagster UI.",
            more=f"yacp checks --failed; yacp deliveries; run {run.run_id} in the Dagster UI (yacp dev)",
            run_id=run.run_id,
        )


def _why(instance: dg.DagsterInstance, run_id: str) -> RunFailed:
    """What the first failing step said; without a failing step or an error, the process was ended from outside."""
    kinds = {DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE}
    events = [
        record.event_log_entry.dagster_event
        for record in instance.get_records_for_run(run_id, of_type=kinds, ascending=True).records
    ]
    for event in events:
        if failure := failure_of(event, run_id):
            return failure
    ends = [event.job_failure_data for event in events if event and event.is_job_failure]
    if any(end.error for end in ends if end):
        return unexpected_failure(run_id)
    return RunFailed(
        "It ended without a word: its process was killed, or the machine was stopped or ran out of memory.", 1
    )


def _successes(config: Settings, instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[Notice]:
    """The end of trouble, and checks that warn.

    Those are told once for a day and what was found: a day that is run again and finds the same is no news. What a
    backfill finds is for whoever started it.
    """
    for run, at in _ended(instance, outbox, DagsterEventType.RUN_SUCCESS, now):
        day, release = _day_of(run), current(config)
        if day is None or release is None or day not in release.days:
            continue
        if outbox.settle(day, at):
            yield _published(config, day, at)
        if _BACKFILL_TAG in run.tags or run.tags.get(STARTED_BY_TAG) == BACKFILL:
            continue
        if notice := _warned(config, run, day, at):
            yield notice


def _warned(config: Settings, run: dg.DagsterRun, day: date, at: datetime) -> Notice | None:
    """The checks of severity warn that did not hold; that they can't be read is to be told as well."""
    damage = ""
    try:
        found = checks(config, day)[1].records()
    except (YacpError, OSError, duckdb.Error) as error:
        found, damage = [], str(error) if isinstance(error, YacpError) else type(error).__name__
    failed = [Finding.model_validate(row) for row in found if row["severity"] == "warn" and not row["passed"]]
    if not failed and not damage:
        return None
    if damage:
        subject, happened = "its checks can't be read", f"What its checks found can't be read: {damage}"
    else:
        subject = f"checks that warn: {len(failed)}"
        happened = f"Checks of severity warn that did not hold: {len(failed)}."
    return Notice(
        key=f"checks_warned {day} {hashlib.sha256(repr((failed, damage)).encode()).hexdigest()[:16]}",
        event="checks_warned",
        day=day,
        at=at,
        subject=f"{day} is published; {subject}",
        happened=f"{day} was published at {in_chicago(at)}. {happened}",
        stays=f"All of it is published: what warns is odd, but true to the delivery. {_standing(config)}",
        todo="Look whether the delivery is right. If not, ask for it again with a higher delivery number.",
        more=f"yacp checks --as-of {day} --failed",
        run_id=run.run_id,
        checks=failed,
    )


def _lateness(config: Settings, instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[Notice]:
    """The day before today, once the hour has come; and every late day that has arrived since.

    A delivery is the state at the end of its day, and both systems deliver every day of the week.
    """
    wall_clock = now.astimezone(ZoneInfo(CHICAGO))
    day = wall_clock.date() - timedelta(days=1)
    release, damage = None, ""
    try:
        release = current(config)
    except YacpError as error:
        damage = str(error)
    days = release.days if release else ()
    if day not in days and wall_clock.time() >= config.late_after and not outbox.has(f"day_late {day}"):
        yield Notice(
            key=f"day_late {day}",
            event="day_late",
            day=day,
            at=now,
            subject=f"{day} is late",
            happened=f"{day} is not on the dashboard, and it is {in_chicago(now)}. "
            + (damage or _where_it_is(config, instance, day)),
            stays=_standing(config),
            todo="Nothing if the delivery is on its way: the day is run when it is there, and you are told. "
            f"Otherwise ask for it; if it is there, start the day: yacp run --as-of {day}.",
            more="yacp doctor; yacp deliveries",
        )
    for late in [entry.notice.day for entry in outbox.entries if entry.notice.event == "day_late"]:
        if late in days and outbox.settle(late, now):
            yield _published(config, late, now)


def _published(config: Settings, day: date, at: datetime) -> Notice:
    """The end of a trouble that was told."""
    return Notice(
        key=f"day_published {day} {at}",
        event="day_published",
        day=day,
        at=at,
        subject=f"{day} is published now",
        happened=f"{day}, which had failed or was late, is published.",
        stays=_standing(config),
        todo="Nothing.",
        more="yacp show; yacp checks --failed",
    )


def _where_it_is(config: Settings, instance: dg.DagsterInstance, day: date) -> str:
    """How far the day has come: not delivered, delivered, run."""
    states = [_delivered(config, system, day) for system in SYSTEMS]
    runs = instance.get_runs(filters=dg.RunsFilter(tags={PARTITION_TAG: str(day)}), limit=1)
    run = f"Its last run: {runs[0].status.value.lower()}." if runs else "No run of it was started."
    return " ".join(dict.fromkeys([*states, run]))


def _delivered(config: Settings, system: System, day: date) -> str:
    if Archive(config.archive).newest(system, day):
        return f"{system.title} has delivered it."
    try:
        with DeliveryRoot(without_retries(config)) as root:
            if not root.has(system, day):
                return f"{system.title} has not delivered it yet."
            root.manifest(system, day)
    except YacpError as error:
        return str(error)
    return f"{system.title} has delivered it."


def _standing(config: Settings) -> str:
    try:
        release = current(config)
    except YacpError as error:
        return str(error)
    if release is None:
        return "Nothing is published yet."
    return (
        f"The dashboard shows {release.as_of_date}, "
        f"published {in_chicago(datetime.fromisoformat(release.published_at))}."
    )


def _ended(
    instance: dg.DagsterInstance,
    outbox: Outbox,
    kind: Literal[DagsterEventType.RUN_SUCCESS, DagsterEventType.RUN_FAILURE],
    now: datetime,
) -> Iterator[tuple[dg.DagsterRun, datetime]]:
    """The runs that ended so since the last look, whoever started them, and when."""
    newest = instance.fetch_run_status_changes(kind, limit=1).records
    if not newest:
        return
    seen = outbox.seen.get(kind.value, 0)
    if newest[0].storage_id < seen:  # the record was deleted and begun anew
        seen = 0
    records = instance.fetch_run_status_changes(
        RunStatusChangeRecordsFilter(kind, after_storage_id=seen), limit=_RECORDS_A_TICK, ascending=True
    ).records
    for record in records:
        at = datetime.fromtimestamp(record.timestamp, UTC)
        run = instance.get_run_by_id(record.event_log_entry.run_id)
        if run and at > max(outbox.since, now - GIVEN_UP_AFTER):
            yield run, at
        outbox.seen[kind.value] = record.storage_id


def _day_of(run: dg.DagsterRun) -> date | None:
    try:
        return parse_day(run.tags.get(PARTITION_TAG, ""))
    except YacpError:
        return None


def _deliver(config: Settings, outbox: Outbox, ways: list[Channel], now: datetime, remarks: list[str]) -> int:
    """Tells what is due. Each try is written down before it is made, so that none is made twice in a row."""
    begun, sent = time.monotonic(), 0
    for way in ways:
        for entry in outbox.due(way.name, now):
            if time.monotonic() - begun > _TELLING_SECONDS:
                break
            entry.postpone(way.name, now)
            outbox.save(config, now)
            try:
                remark = way.send(entry.notice)
            except YacpError as error:
                remarks.append(f"{way.name}: {error}")
                entry.waiting[way.name].problem = str(error)
                if isinstance(error, NotSent) and error.is_refused:
                    continue
                for other in outbox.due(way.name, now):  # a receiver that is down is asked once, and order is kept
                    other.waiting[way.name] = entry.waiting[way.name].model_copy()
                break
            else:
                del entry.waiting[way.name]
                entry.told[way.name] = now
                sent += 1
                remarks.extend([remark] if remark else [])
            finally:
                outbox.save(config, now)
    return sent
