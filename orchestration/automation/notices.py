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

from orchestration.as_of import in_chicago, parse_day
from orchestration.automation.channels import Channel, NotTold, channels
from orchestration.automation.outbox import GIVEN_UP_AFTER, Finding, Notice, Outbox, held
from orchestration.extracts.archive import Archive
from orchestration.extracts.contract import CHICAGO, SYSTEMS, System
from orchestration.extracts.deliveries import DeliveryRoot
from orchestration.failures import YacpError
from orchestration.publishing.release import current
from orchestration.reading import checks
from orchestration.runs import RunFailed, failure_of
from orchestration.settings import Settings, settings

_RECORDS_A_TICK = 100
_TELLING_SECONDS = 30  # a tick has a minute
_DAY_TAG = "dagster/partition"


@dataclass(frozen=True)
class Told:
    """What came of one look: messages sent, messages still waiting, and what was odd."""

    sent: int
    waiting: int
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        counts = f"{self.sent} sent, {self.waiting} waiting"
        return "; ".join([counts, *self.remarks])


def tell(config: Settings, instance: dg.DagsterInstance, now: datetime | None = None) -> Told:
    """Looks once, and tells on every channel that is configured what it has not been told."""
    now = now or datetime.now(UTC)
    ways = channels(config)
    if not ways:
        return Told(0, 0, ("nobody is told: neither YACP_SMTP_HOST nor YACP_WEBHOOK_URL is set",))
    with held(config) as is_ours:
        if not is_ours:
            return Told(0, 0, ("somebody else is telling right now",))
        outbox = Outbox.read(config, now)
        remarks = _look(config, instance, outbox, [way.name for way in ways], now)
        outbox.save(config, now)
        sent = _deliver(config, outbox, ways, now, remarks)
        waiting = sum(len(outbox.waiting(way.name, now)) for way in ways)
    return Told(sent, waiting, tuple(remarks))


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells people by mail and webhook of a run that failed, a day that is late and checks that warn. "
    "Does nothing until YACP_SMTP_HOST or YACP_WEBHOOK_URL is set.",
)
def notices(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Starts nothing; what came of the look is the tick's message."""
    return dg.SkipReason(str(tell(settings(), context.instance)))


def _look(config: Settings, instance: dg.DagsterInstance, outbox: Outbox, ways: list[str], now: datetime) -> list[str]:
    """Takes in what is new. What can't be looked at now is looked at again, and holds up nothing else."""
    remarks = []
    for looking in (_failures, _warnings, _lateness):
        try:
            for notice in looking(config, instance, outbox, now):
                outbox.add(notice, ways)
        except (YacpError, OSError, duckdb.Error) as error:
            remarks.append(
                str(error) if isinstance(error, YacpError) else f"{looking.__name__}: {type(error).__name__}"
            )
    return remarks


def _failures(config: Settings, instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[Notice]:
    for run, at in _ended(instance, outbox, DagsterEventType.RUN_FAILURE, now):
        day = _day_of(run)
        what = f"The run of {day}" if day else f"The job {run.job_name}"
        failure = _why(instance, run.run_id)
        again = f"run it again: yacp run --as-of {day}" if day else "run it again in the Dagster UI"
        yield Notice(
            key=f"run_failed {run.run_id}",
            event="run_failed",
            day=day,
            at=at,
            subject=f"{what} failed",
            happened=f"{what} failed at {in_chicago(at)}.\n{failure}",
            stays=_standing(config),
            todo=f"mend what is named above, then {again}.",
            more=f"yacp checks --failed; yacp deliveries; run {run.run_id} in the Dagster UI (yacp dev).",
            run_id=run.run_id,
        )


def _why(instance: dg.DagsterInstance, run_id: str) -> RunFailed:
    """What the first failing step said; without one, the process was ended from outside."""
    found = instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_FAILURE, limit=1).records
    failure = failure_of(found[0].event_log_entry.dagster_event, run_id) if found else None
    return failure or RunFailed(
        "It ended without a word: its process was killed, or the machine was stopped or ran out of memory.", 1
    )


def _warnings(config: Settings, instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[Notice]:
    """Told once for a day and what was found: a day that is run again and finds the same is no news."""
    for run, at in _ended(instance, outbox, DagsterEventType.RUN_SUCCESS, now):
        day = _day_of(run)
        release = current(config)
        if day is None or release is None or day not in release.days:
            continue
        failed = [
            Finding.model_validate(check)
            for check in checks(config, day)[1].records()
            if check["severity"] == "warn" and not check["passed"]
        ]
        if not failed:
            continue
        found = hashlib.sha256(repr(failed).encode()).hexdigest()[:16]
        number = f"{len(failed)} check{'s' if len(failed) > 1 else ''} of severity warn"
        yield Notice(
            key=f"checks_warned {day} {found}",
            event="checks_warned",
            day=day,
            at=at,
            subject=f"{day} is published, {len(failed)} check{'s warn' if len(failed) > 1 else ' warns'}",
            happened=f"{day} was published at {in_chicago(at)}, and {number} did not hold:",
            stays=f"everything; what warns is odd, but true to the delivery. {_standing(config)}",
            todo="look whether the delivery is as it should be; if it is not, ask for it again with a higher number.",
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
            todo="nothing if the delivery is on its way: the day is run when it is there, and you are told. "
            f"Otherwise ask for the delivery, or start the day: yacp run --as-of {day}.",
            more="yacp doctor; yacp deliveries",
        )
    for late in [entry.notice for entry in outbox.entries if entry.notice.event == "day_late"]:
        if late.day in days and not outbox.has(f"day_arrived {late.day}"):
            yield Notice(
                key=f"day_arrived {late.day}",
                event="day_arrived",
                day=late.day,
                at=now,
                subject=f"{late.day} has arrived",
                happened=f"{late.day}, which was late, is published.",
                stays=_standing(config),
                todo="nothing.",
                more="yacp show; yacp checks --failed",
            )


def _where_it_is(config: Settings, instance: dg.DagsterInstance, day: date) -> str:
    """How far the day has come: not delivered, delivered, run."""
    states = [_delivered(config, system, day) for system in SYSTEMS]
    runs = instance.get_runs(filters=dg.RunsFilter(tags={_DAY_TAG: str(day)}), limit=1)
    run = f"Its last run: {runs[0].status.value.lower()}." if runs else "No run of it was started."
    return " ".join([*states, run])


def _delivered(config: Settings, system: System, day: date) -> str:
    if Archive(config.archive).newest(system, day):
        return f"{system.title} has delivered it."
    try:
        root = DeliveryRoot(config.extracts_root)
        if not root.has(system, day):
            return f"{system.title} has not delivered it yet."
        root.manifest(system, day)
    except YacpError as error:
        return str(error)
    except OSError as error:
        return f"What {system.title} delivered can't be looked at ({error.strerror or type(error).__name__})."
    return f"{system.title} has delivered it."


def _standing(config: Settings) -> str:
    try:
        release = current(config)
    except YacpError as error:
        return str(error)
    if release is None:
        return "nothing is published yet."
    return (
        f"the dashboard shows {release.as_of_date}, "
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
        return parse_day(run.tags.get(_DAY_TAG, ""))
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
                if isinstance(error, NotTold) and error.is_refused:
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
