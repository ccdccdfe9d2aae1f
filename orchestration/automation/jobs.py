"""The one job, and what starts it: a sensor as soon as both systems have delivered, a schedule for what it missed."""

from collections.abc import Iterator

import dagster as dg

from orchestration.automation.days import DAYS
from orchestration.checks.rules import UNIT_TEST_CHECKS
from orchestration.extracts.archive import Archive
from orchestration.extracts.contract import CHICAGO, SYSTEMS
from orchestration.extracts.deliveries import DeliveryRoot, delivered_days
from orchestration.failures import YacpError
from orchestration.publishing.release import held, latest
from orchestration.settings import settings

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


def _requests() -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One request for each recent day delivered in full and not yet published as it was delivered.

    And one for the newest day, when a release with corrected older days is held until it is run again.
    """
    config = settings()
    root, archive = DeliveryRoot(config.extracts_root), Archive(config.archive)
    release, waiting = latest(config), held(config)
    published = set(release.days) if release else set()
    asked_for = set()
    known = set(DAYS.get_partition_keys())
    for day in sorted(list(delivered_days(root))[:_LOOKED_AT]):  # as they happened
        try:
            manifests = {system.name: root.manifest(system, day) for system in SYSTEMS}
        except YacpError as error:
            yield dg.SkipReason(str(error))
            continue
        accepted = [archive.newest(system, day) for system in SYSTEMS]
        is_new = any(
            found is None or found.delivery < manifests[system.name].delivery
            for system, found in zip(SYSTEMS, accepted, strict=True)
        )
        if str(day) in known and (is_new or day not in published):
            numbers = "-".join(str(manifests[system.name].delivery) for system in SYSTEMS)
            asked_for.add(day)
            yield dg.RunRequest(run_key=f"{day}-{numbers}", partition_key=str(day))
    if waiting and not any(day >= waiting.as_of_date for day in asked_for):
        yield dg.RunRequest(run_key=waiting.name, partition_key=str(waiting.as_of_date))


@dg.sensor(
    job=nightly,
    minimum_interval_seconds=60,
    description="Starts a day once the manifests of both systems are there, and again for a redelivery.",
)
def complete_deliveries(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """A day is asked for once per pair of delivery numbers."""
    yield from _requests()


@dg.schedule(
    job=nightly,
    cron_schedule="0 6 * * *",
    execution_timezone=CHICAGO,
    description="At six in the morning, whatever the sensor missed.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """The same days as the sensor's, so that a sensor switched off costs hours and not days."""
    yield from _requests()
