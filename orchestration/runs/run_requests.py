"""The jobs, and which days Dagster runs by itself: a sensor requests a day once both systems have delivered it, and a
schedule requests what the sensor missed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.contract.dates import CHICAGO
from orchestration.contract.extract import System
from orchestration.contract.iwds import IWDS
from orchestration.contract.partitions import DAILY_PARTITIONS, PARTITION_TAG
from orchestration.contract.systems import SYSTEMS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import IS_FINAL, DeliveryRefused, UsageError, YacpError
from orchestration.landing.archive import Archive
from orchestration.landing.refusals import accepted_when_held
from orchestration.landing.stand_ins import stand_in_days
from orchestration.publishing.freshness import newest_day_is_published
from orchestration.publishing.queries import published_deliveries
from orchestration.pulling.due import due_pulls
from orchestration.settings import Settings, settings
from orchestration.sources.delivery_root import DeliveryRoot, without_retries
from orchestration.state.releases import pending
from orchestration.warehouse.unit_tests import UNIT_TEST_CHECKS

JOB = "nightly"
STARTERS = (("sensor", "complete_deliveries"), ("schedule", "every_morning"), ("schedule", "every_night"))
"""What starts runs by itself once it is switched on; off in a new installation."""
DELIVERIES_TAG = "yacp/deliveries"
"""The tag of a run that says which deliveries it was requested for."""
_RECENT_DAYS = 14
_NEVER = (date.min, 0)
MORNING = time(6)
"""When the schedule looks for what the sensor missed, in Chicago."""
_RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(minutes=60))

ARCHIVE_IS_WHOLE = dg.AssetCheckKey(dg.AssetKey(["raw", "worknet_customers"]), "archive_is_as_written")
RELEASE_IS_WHOLE = dg.AssetCheckKey(dg.AssetKey(["published", "parquet"]), "releases_are_as_written")
"""Looked at once a week, not with each day."""

nightly = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all()
    - dg.AssetSelection.checks(*UNIT_TEST_CHECKS, newest_day_is_published)
    - dg.AssetSelection.checks(ARCHIVE_IS_WHOLE, RELEASE_IS_WHOLE),
    partitions_def=DAILY_PARTITIONS,
    description="Lands both systems' deliveries of a day, builds and checks the dashboard, and publishes it.",
    tags={"yacp/writes": "warehouse"},
)

unit_tests = dg.define_asset_job(
    "rule_unit_tests",
    selection=dg.AssetSelection.checks(*UNIT_TEST_CHECKS),
    description="Tests the business rules on both sides of their boundaries; needs no delivery.",
)


def days_to_run(config: Settings, on_problem: Callable[[str], None]) -> dict[date, str]:
    """The recent days to run, each with the deliveries (``1-2``) or release (``after-…``) that it is run for.

    These are the days that both systems have delivered and that are not published from those deliveries, the newest
    day of a system that is to be pulled (``worknet-3f2a5c01``), and the newest published day when a release with
    corrected older days is pending. A held delivery that somebody accepted is another one (``1-accepted-2``), and so is
    an older one of IWDS that stands in (``1-1-of-2026-11-22``). What can't be read now is passed to ``on_problem`` and
    tried again at the next tick.
    """
    to_run: dict[date, str] = {}
    pulls = due_pulls(config, on_problem)
    try:
        with DeliveryRoot(without_retries(config)) as root:
            days = sorted(  # oldest first
                {*islice(_buildable_days(config, root), _RECENT_DAYS), *_pullable_days(root, pulls)}
            )
            published, known = published_deliveries(config, days), DAILY_PARTITIONS.get_partition_keys()
            for day in days:
                try:
                    found = {
                        system.name: _delivery_for(config, root, system, day)
                        for system in SYSTEMS
                        if not _is_due(pulls, system, day)
                    }
                except (DeliveryRefused, UsageError) as error:
                    on_problem(str(error))
                    continue
                is_newer = len(found) < len(SYSTEMS) or any(
                    (of_day, number) > published.get((day, name), _NEVER) for name, (of_day, number) in found.items()
                )
                if is_newer and str(day) in known:
                    to_run[day] = _requested_for(config, day, found, pulls)
                elif is_newer:
                    on_problem(f"{day} is not a day that Dagster knows; restart yacp's daemon, or run it: yacp run.")
    except YacpError as error:
        on_problem(str(error))
    release = pending(config)
    if release and not any(day >= release.as_of_date for day in to_run):
        to_run[release.as_of_date] = f"after-{release.name}"
    return to_run


def _is_due(pulls: dict[str, tuple[date, str]], system: System, day: date) -> bool:
    return system.name in pulls and pulls[system.name][0] == day


def _pullable_days(root: DeliveryRoot, pulls: dict[str, tuple[date, str]]) -> Iterator[date]:
    """The days that some system is to be pulled for, and that every other has delivered or is to be pulled for too."""
    for day in {day for day, _ in pulls.values()}:
        if all(_is_due(pulls, system, day) or root.has(system, day) for system in SYSTEMS):
            yield day


def _requested_for(
    config: Settings, day: date, deliveries: dict[str, tuple[date, int]], pulls: dict[str, tuple[date, str]]
) -> str:
    accepted = accepted_when_held(config, day)
    due = [f"{name}-{seen[:8]}" for name, (of_day, seen) in pulls.items() if of_day == day]
    return (
        "-".join(due)
        + ("-" if due and deliveries else "")
        + "-".join(
            f"{number}"
            + (f"-of-{of_day}" if of_day != day else "")
            + ("-accepted" if of_day == day and (name, number) in accepted else "")
            for name, (of_day, number) in deliveries.items()
        )
    )


def _buildable_days(config: Settings, root: DeliveryRoot) -> Iterator[date]:
    """The days that both systems have delivered, and after six in the morning those for which IWDS's stands in."""
    if not config.iwds_may_be_late_days:
        yield from root.days(*SYSTEMS)
        return
    now = datetime.now(ZoneInfo(CHICAGO))
    for day in root.days(WORKNET):
        is_late = now >= datetime.combine(day + timedelta(days=1), MORNING, ZoneInfo(CHICAGO))
        if root.has(IWDS, day) or (is_late and any(stand_in_days(config, root, IWDS, day))):
            yield day


def _delivery_for(config: Settings, root: DeliveryRoot, system: System, day: date) -> tuple[date, int]:
    """The as-of date and number of the delivery that the day is built from; ``UsageError`` when there is none."""
    if root.has(system, day):
        return day, root.manifest(system, day).delivery
    for earlier in stand_in_days(config, root, system, day):
        accepted = Archive(config.archive).newest(system, earlier)
        number = accepted.delivery if accepted else 0
        with suppress(DeliveryRefused, UsageError):  # of what lies at the root; what was accepted still stands in
            number = max(number, root.manifest(system, earlier).delivery)
        if number:
            return earlier, number
    raise UsageError(f"{system.title} has not delivered {day}.")


def _requests(
    instance: dg.DagsterInstance, on_problem: Callable[[str], None], *, is_scheduled: bool
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """A request for each day to run, unless it is running already or another try is pointless.

    Dagster takes either requests or one reason why there are none, so reasons beside a request go to ``on_problem``.
    """
    requests: list[dg.RunRequest] = []
    reasons: list[str] = []
    for day, requested_for in days_to_run(settings(), reasons.append).items():
        runs = instance.get_run_records(dg.RunsFilter(job_name=JOB, tags={PARTITION_TAG: str(day)}))
        tries = [record for record in runs if record.dagster_run.tags.get(DELIVERIES_TAG) == requested_for]
        if any(not record.dagster_run.is_finished for record in runs):
            reasons.append(f"{day} is running.")
        elif reason := _reason_to_wait(instance, tries, is_scheduled=is_scheduled):
            reasons.append(f"{day} {reason}.")
        else:
            key = f"{day}-{requested_for}" + (f"-again-{len(tries)}" if tries else "")
            requests.append(dg.RunRequest(run_key=key, partition_key=str(day), tags={DELIVERIES_TAG: requested_for}))
    if requests:
        for reason in reasons:
            on_problem(reason)
        yield from requests
    else:
        yield dg.SkipReason(" ".join(reasons) or "All delivered days are published.")


def _reason_to_wait(instance: dg.DagsterInstance, tries: Sequence[dg.RunRecord], *, is_scheduled: bool) -> str:
    """Why a day that was tried before isn't tried again now; empty when it is.

    A crash or a lost connection may pass, so it is retried a few times, with longer and longer pauses.
    """
    if not tries:
        return ""
    run, ended_at = tries[0].dagster_run, tries[0].end_time or 0
    if run.status != dg.DagsterRunStatus.FAILURE:
        return f"was run before: {run.status.value.lower()}"
    failures = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    if any(_is_final(record.event_log_entry.dagster_event) for record in failures):
        return "failed, and needs a new delivery or a changed rule"
    if is_scheduled:
        return ""
    if len(tries) > len(_RETRY_AFTER):
        return f"failed {len(tries)} times; it is retried at six in the morning"
    pause = _RETRY_AFTER[len(tries) - 1]
    if timedelta(0) <= datetime.now(UTC) - datetime.fromtimestamp(ended_at, UTC) < pause:
        return f"failed; it is retried {pause.seconds // 60} minutes later"
    return ""


def _is_final(event: dg.DagsterEvent | None) -> bool:
    expected = event.step_failure_data.user_failure_data if event else None
    return expected is not None and expected.metadata.get(IS_FINAL) == dg.BoolMetadataValue(True)


@dg.sensor(
    job=nightly,
    minimum_interval_seconds=60,
    description="Runs a day once both systems have delivered it, and again after a redelivery.",
)
def complete_deliveries(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Requests a day once per pair of delivery numbers, and a few more times when its run crashed or failed."""
    yield from _requests(context.instance, context.log.warning, is_scheduled=False)


@dg.schedule(
    job=nightly,
    cron_schedule=f"0 {MORNING.hour} * * *",
    execution_timezone=CHICAGO,
    description="At six in the morning, runs what the sensor missed.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Requests the same days as the sensor, so that a sensor that is switched off delays a day by hours only."""
    yield from _requests(context.instance, context.log.warning, is_scheduled=True)
