"""The one job, and what starts it: a sensor as soon as both systems have delivered, a schedule for what it missed."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice

import dagster as dg

from orchestration.automation.days import DAYS
from orchestration.checks.rules import UNIT_TEST_CHECKS
from orchestration.extracts.archive import Archive
from orchestration.extracts.contract import CHICAGO, SYSTEMS
from orchestration.extracts.deliveries import DeliveryRoot, impatient
from orchestration.failures import DeliveryRefused, UsageError, YacpError
from orchestration.publishing.release import held, latest
from orchestration.settings import Settings, settings

JOB = "nightly"
_LOOKED_AT = 14

nightly = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all() - dg.AssetSelection.checks(*UNIT_TEST_CHECKS),
    partitions_def=DAYS,
    description="Lands both systems' deliveries of a day, builds and checks the dashboard, and publishes it.",
    tags={"yacp/writes": "warehouse"},
)

unit_tests = dg.define_asset_job(
    "rule_unit_tests",
    selection=dg.AssetSelection.checks(*UNIT_TEST_CHECKS),
    description="Tries the business rules on both sides of their boundaries; needs no delivery.",
)


def _requests(note: Callable[[str], None]) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One request for each recent day delivered in full and not yet published as it was delivered.

    And one for the newest day, when a release with corrected older days is held until it is run again. What can't be
    reached or read is for the next look. Dagster takes requests or one reason why there are none, so problems beside
    a request go to ``note``.
    """
    config = settings()
    requests: list[dg.RunRequest] = []
    problems: list[str] = []
    try:
        with DeliveryRoot(impatient(config)) as root:
            for day in sorted(islice(root.days(*SYSTEMS), _LOOKED_AT)):  # as they happened
                try:
                    requests += _request(config, root, day)
                except (DeliveryRefused, UsageError) as error:
                    problems.append(str(error))
    except YacpError as error:
        problems.append(str(error))
    waiting = held(config)
    if waiting and not any(str(request.partition_key) >= str(waiting.as_of_date) for request in requests):
        requests.append(dg.RunRequest(run_key=waiting.name, partition_key=str(waiting.as_of_date)))
    if requests:
        for problem in problems:
            note(problem)
        yield from requests
    elif problems:
        yield dg.SkipReason(" ".join(problems))


def _request(config: Settings, root: DeliveryRoot, day: date) -> Iterator[dg.RunRequest]:
    manifests = [root.manifest(system, day) for system in SYSTEMS]
    accepted = [Archive(config.archive).newest(system, day) for system in SYSTEMS]
    is_new = any(
        found is None or found.delivery < manifest.delivery for manifest, found in zip(manifests, accepted, strict=True)
    )
    release = latest(config)
    is_published = release is not None and day in release.days
    if str(day) in DAYS.get_partition_keys() and (is_new or not is_published):
        numbers = "-".join(str(manifest.delivery) for manifest in manifests)
        yield dg.RunRequest(run_key=f"{day}-{numbers}", partition_key=str(day))


@dg.sensor(
    job=nightly,
    minimum_interval_seconds=60,
    description="Starts a day once the manifests of both systems are there, and again for a redelivery.",
)
def complete_deliveries(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """A day is asked for once per pair of delivery numbers."""
    yield from _requests(context.log.warning)


@dg.schedule(
    job=nightly,
    cron_schedule="0 6 * * *",
    execution_timezone=CHICAGO,
    description="At six in the morning, whatever the sensor missed.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """The same days as the sensor's, so that a sensor switched off costs hours and not days."""
    yield from _requests(context.log.warning)
