"""The one job, and what starts it: a sensor as soon as both systems have delivered, a schedule for what it missed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import dagster as dg

from orchestration.contract.dates import CHICAGO
from orchestration.contract.partitions import DAILY_PARTITIONS, PARTITION_TAG
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import IS_FINAL, DeliveryRefused, UsageError, YacpError
from orchestration.publishing.queries import published_deliveries
from orchestration.settings import Settings, settings
from orchestration.sources.delivery_root import DeliveryRoot, without_retries
from orchestration.state.releases import pending
from orchestration.warehouse.unit_tests import UNIT_TEST_CHECKS

JOB = "nightly"
DELIVERIES_TAG = "yacp/deliveries"
_LOOKED_AT = 14
_PAUSES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(minutes=60))

nightly = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all() - dg.AssetSelection.checks(*UNIT_TEST_CHECKS),
    partitions_def=DAILY_PARTITIONS,
    description="Lands both systems' deliveries of a day, builds and checks the dashboard, and publishes it.",
    tags={"yacp/writes": "warehouse"},
)

unit_tests = dg.define_asset_job(
    "rule_unit_tests",
    selection=dg.AssetSelection.checks(*UNIT_TEST_CHECKS),
    description="Tries the business rules on both sides of their boundaries; needs no delivery.",
)


def _wanted(config: Settings, note: Callable[[str], None]) -> dict[date, str]:
    """The recent days delivered in full and not yet published as they were delivered, with what each is asked for by.

    And the newest day, when a release with corrected older days is held until it is run again. What can't be reached
    or read is noted and for the next look.
    """
    wanted: dict[date, str] = {}
    try:
        with DeliveryRoot(without_retries(config)) as root:
            days = sorted(islice(root.days(*SYSTEMS), _LOOKED_AT))  # as they happened
            published = published_deliveries(config, days)
            for day in days:
                try:
                    numbers = {system.name: root.manifest(system, day).delivery for system in SYSTEMS}
                except (DeliveryRefused, UsageError) as error:
                    note(str(error))
                    continue
                is_newer = any(number > published.get((day, name), 0) for name, number in numbers.items())
                if is_newer and str(day) in DAILY_PARTITIONS.get_partition_keys():
                    wanted[day] = "-".join(str(number) for number in numbers.values())
    except YacpError as error:
        note(str(error))
    waiting = pending(config)
    if waiting and not any(day >= waiting.as_of_date for day in wanted):
        wanted[waiting.as_of_date] = f"after-{waiting.name}"
    return wanted


def _requests(
    instance: dg.DagsterInstance, note: Callable[[str], None], *, is_morning: bool
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One request for each wanted day that is not being run and that it is worth running.

    Dagster takes requests or one reason why there are none, so problems beside a request go to ``note``.
    """
    requests: list[dg.RunRequest] = []
    reasons: list[str] = []
    for day, asked_by in _wanted(settings(), reasons.append).items():
        runs = instance.get_run_records(dg.RunsFilter(job_name=JOB, tags={PARTITION_TAG: str(day)}))
        tried = [record for record in runs if record.dagster_run.tags.get(DELIVERIES_TAG) == asked_by]
        if any(not record.dagster_run.is_finished for record in runs):
            reasons.append(f"{day} is being run.")
        elif reason := _why_not(instance, tried, is_morning=is_morning):
            reasons.append(f"{day} {reason}.")
        else:
            key = f"{day}-{asked_by}" + (f"-again-{len(tried)}" if tried else "")
            requests.append(dg.RunRequest(run_key=key, partition_key=str(day), tags={DELIVERIES_TAG: asked_by}))
    if requests:
        for reason in reasons:
            note(reason)
        yield from requests
    else:
        yield dg.SkipReason(" ".join(reasons) or "Every delivered day is published.")


def _why_not(instance: dg.DagsterInstance, tried: Sequence[dg.RunRecord], *, is_morning: bool) -> str:
    """Why a day that was tried is not tried again now; empty when it is.

    What died or broke may pass and comes again by itself, but not for ever.
    """
    if not tried:
        return ""
    newest = tried[0]
    if newest.dagster_run.status != dg.DagsterRunStatus.FAILURE:
        return f"was run before: {newest.dagster_run.status.value.lower()}"
    if _is_final(instance, newest.dagster_run.run_id):
        return "failed for what only a new delivery or another rule can mend"
    if is_morning:
        return ""
    if len(tried) > len(_PAUSES):
        return f"broke {len(tried)} times; it comes again at six in the morning"
    since = datetime.now(UTC) - datetime.fromtimestamp(newest.end_time or 0, UTC)
    if timedelta(0) <= since < _PAUSES[len(tried) - 1]:
        return f"broke; it comes again {_PAUSES[len(tried) - 1].seconds // 60} minutes after that"
    return ""


def _is_final(instance: dg.DagsterInstance, run_id: str) -> bool:
    failures = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    return any(
        data.user_failure_data is not None
        and data.user_failure_data.metadata.get(IS_FINAL) == dg.BoolMetadataValue(True)
        for record in failures
        if (event := record.event_log_entry.dagster_event) and (data := event.step_failure_data)
    )


@dg.sensor(
    job=nightly,
    minimum_interval_seconds=60,
    description="Starts a day once the manifests of both systems are there, and again for a redelivery.",
)
def complete_deliveries(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """A day is asked for once per pair of delivery numbers, and a few times more when its run died or broke."""
    yield from _requests(context.instance, context.log.warning, is_morning=False)


@dg.schedule(
    job=nightly,
    cron_schedule="0 6 * * *",
    execution_timezone=CHICAGO,
    description="At six in the morning, whatever the sensor missed.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """The same days as the sensor's, so that a sensor switched off costs hours and not days."""
    yield from _requests(context.instance, context.log.warning, is_morning=True)
