"""What people are notified of: runs that failed, checks of severity warn that failed, days that are late.

Each function yields the notices that are due now and reads only what is there: Dagster's records of runs, the current
release and the clock.
"""

import hashlib
from collections.abc import Iterator
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
from orchestration.notices.outbox import GIVEN_UP_AFTER, FailedCheck, Notice, Outbox
from orchestration.publishing.freshness import due_day
from orchestration.publishing.queries import checks
from orchestration.runs.day_run import BACKFILL, STARTED_BY_TAG, RunFailed, failure_of, unexpected_failure
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot, without_retries
from orchestration.state.releases import current

_RECORDS_AT_ONCE = 100
_BACKFILL_TAG = "dagster/backfill"


def failed_runs(config: Settings, instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[Notice]:
    """One notice per run; for a backfill from the UI only one, however many of its days fail."""
    for run, at in _new_runs(instance, outbox, DagsterEventType.RUN_FAILURE, now):
        day = _day_of(run)
        what = f"The run of {day}" if day else f"The job {run.job_name}"
        yield Notice(
            key=f"run_failed {run.tags.get(_BACKFILL_TAG, run.run_id)}",
            event="run_failed",
            day=day,
            at=at,
            subject=f"{what} failed",
            happened=f"{what} failed at {in_chicago(at)}.\n\n{_why(instance, run.run_id)}",
            stays=_what_is_published(config),
            todo=f"Fix what is named above, then: yacp run --as-of {day}. "
            "You will get another notice when the day is published."
            if day
            else "Fix what is named above, then run the job again in the Dagster UI.",
            more=f"yacp checks --failed; yacp deliveries; run {run.run_id} in the Dagster UI (yacp dev)",
            run_id=run.run_id,
        )


def _why(instance: dg.DagsterInstance, run_id: str) -> RunFailed:
    """The message of the first step that failed. Without a failed step or an error, the process was killed."""
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
        "It ended without a message: its process was killed, or the machine was stopped or ran out of memory.", 1
    )


def successful_runs(config: Settings, instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[Notice]:
    """That a problem is solved, and checks that warn.

    A day that is run again with the same results causes no second notice, and a backfill none at all: the person
    who started it sees what it found.
    """
    for run, at in _new_runs(instance, outbox, DagsterEventType.RUN_SUCCESS, now):
        day, release = _day_of(run), current(config)
        if day is None or release is None or day not in release.days:
            continue
        if outbox.close(day, at):
            yield _published(config, day, at)
        if _BACKFILL_TAG in run.tags or run.tags.get(STARTED_BY_TAG) == BACKFILL:
            continue
        if notice := _warning(config, run, day, at):
            yield notice


def _warning(config: Settings, run: dg.DagsterRun, day: date, at: datetime) -> Notice | None:
    """The failed checks of severity warn, or that the checks can't be read; ``None`` when all is well."""
    damage = ""
    try:
        found = checks(config, day)[1].records()
    except (YacpError, OSError, duckdb.Error) as error:
        found, damage = [], str(error) if isinstance(error, YacpError) else type(error).__name__
    failed = [FailedCheck.model_validate(row) for row in found if row["severity"] == "warn" and not row["passed"]]
    if damage:
        subject, happened = "its checks can't be read", f"The results of its checks can't be read: {damage}"
    elif not failed:
        return None
    else:
        subject, happened = f"checks that warn: {len(failed)}", f"Failed checks of severity warn: {len(failed)}."
    return Notice(
        key=f"checks_warned {day} {hashlib.sha256(repr((failed, damage)).encode()).hexdigest()[:16]}",
        event="checks_warned",
        day=day,
        at=at,
        subject=f"{day} is published; {subject}",
        happened=f"{day} was published at {in_chicago(at)}. {happened}",
        stays="All of it is published: a warning is about something unusual that is true to the delivery. "
        f"{_what_is_published(config)}",
        todo="Check whether the delivery is right. If not, ask for a new one with a higher delivery number.",
        more=f"yacp checks --as-of {day} --failed",
        run_id=run.run_id,
        checks=failed,
    )


def late_days(config: Settings, instance: dg.DagsterInstance, outbox: Outbox, now: datetime) -> Iterator[Notice]:
    """Yesterday, if it isn't published by the hour in the settings; and late days that are published by now.

    A delivery is the state at the end of its day, and both systems deliver every day of the week.
    """
    day = now.astimezone(ZoneInfo(CHICAGO)).date() - timedelta(days=1)
    release, damage = None, ""
    try:
        release = current(config)
    except YacpError as error:
        damage = str(error)
    days = release.days if release else ()
    if day not in days and due_day(config, now) == day and not outbox.has(f"day_late {day}"):
        yield Notice(
            key=f"day_late {day}",
            event="day_late",
            day=day,
            at=now,
            subject=f"{day} is late",
            happened=f"{day} is not on the dashboard, and it is {in_chicago(now)}. "
            + (damage or _progress(config, instance, day)),
            stays=_what_is_published(config),
            todo="If the delivery is on its way, nothing: the day is run when it arrives, and you will get another "
            f"notice. Otherwise ask for it. If it is there already, start the run: yacp run --as-of {day}.",
            more="yacp doctor; yacp deliveries",
        )
    for late in [entry.notice.day for entry in outbox.entries if entry.notice.event == "day_late"]:
        if late in days and outbox.close(late, now):
            yield _published(config, late, now)


def _published(config: Settings, day: date, at: datetime) -> Notice:
    """The end of a problem that people were notified of."""
    return Notice(
        key=f"day_published {day} {at}",
        event="day_published",
        day=day,
        at=at,
        subject=f"{day} is published now",
        happened=f"{day}, which had failed or was late, is published.",
        stays=_what_is_published(config),
        todo="Nothing.",
        more="yacp show; yacp checks --failed",
    )


def _progress(config: Settings, instance: dg.DagsterInstance, day: date) -> str:
    """Which systems have delivered the day, and how its last run ended."""
    deliveries = [_delivery_state(config, system, day) for system in SYSTEMS]
    runs = instance.get_runs(filters=dg.RunsFilter(tags={PARTITION_TAG: str(day)}), limit=1)
    run = f"Its last run: {runs[0].status.value.lower()}." if runs else "No run of it was started."
    return " ".join(dict.fromkeys([*deliveries, run]))


def _delivery_state(config: Settings, system: System, day: date) -> str:
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


def _what_is_published(config: Settings) -> str:
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


def _new_runs(
    instance: dg.DagsterInstance,
    outbox: Outbox,
    kind: Literal[DagsterEventType.RUN_SUCCESS, DagsterEventType.RUN_FAILURE],
    now: datetime,
) -> Iterator[tuple[dg.DagsterRun, datetime]]:
    """The runs that succeeded or failed since the last time, however they were started, and when they ended."""
    newest = instance.fetch_run_status_changes(kind, limit=1).records
    if not newest:
        return
    seen = outbox.seen.get(kind.value, 0)
    if newest[0].storage_id < seen:  # Dagster's records were deleted and start from the beginning
        seen = 0
    records = instance.fetch_run_status_changes(
        RunStatusChangeRecordsFilter(kind, after_storage_id=seen), limit=_RECORDS_AT_ONCE, ascending=True
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
