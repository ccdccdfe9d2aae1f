"""The weekly look at everything that is kept, as checks of the archive and of the release in Dagster.

When something is damaged its run fails, so people are notified as of any run that failed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from orchestration.contract.dates import CHICAGO
from orchestration.failures import StateDamaged, as_dagster_failure
from orchestration.health.verification import DELIVERY, NUMBERS, REFUSAL, Fault, remember, verify
from orchestration.runs.run_requests import ARCHIVE_IS_WHOLE, RELEASE_IS_WHOLE
from orchestration.settings import settings


@dg.multi_asset_check(
    name="files_are_as_written",
    specs=[
        dg.AssetCheckSpec(
            key.name,
            asset=key.asset_key,
            description=f"Every file of {what} has the checksum that was recorded when it was written.",
            metadata={"title": f"The files of {what} are as they were written"},
        )
        for key, what in ((ARCHIVE_IS_WHOLE, "the archive"), (RELEASE_IS_WHOLE, "the published releases"))
    ],
)
def files_are_as_written() -> Iterator[dg.AssetCheckResult]:
    """Compares everything; fails after the results are recorded when something is damaged."""
    config = settings()
    with as_dagster_failure():
        found = verify(config)
        remember(config, found, datetime.now(UTC))
    faults = [each for each in found if not each.is_note]
    of_archive = [each for each in faults if each.kind in (DELIVERY, REFUSAL) or config.archive in each.path.parents]
    for key, its in (
        (ARCHIVE_IS_WHOLE, of_archive),
        (RELEASE_IS_WHOLE, [each for each in faults if each not in of_archive]),
    ):
        yield dg.AssetCheckResult(
            passed=not its,
            asset_key=key.asset_key,
            check_name=key.name,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"damaged": len(its), "where_to_look": "yacp verify", **_first(its)},
        )
    if faults:
        with as_dagster_failure():
            numbers = sum(each.kind == NUMBERS for each in faults)
            remark = f", {numbers} of them a record of checksums" if numbers else ""
            raise StateDamaged(
                f"{len(faults)} files under {config.state} are not as they were written{remark}. What is published "
                "stays as it is. yacp verify lists them with what each costs, and yacp repair says what it can do."
            )


def _first(faults: list[Fault]) -> dict[str, str]:
    return {"first": f"{faults[0].path}: {faults[0].what}"} if faults else {}


verification = dg.define_asset_job(
    "verification",
    selection=dg.AssetSelection.checks(files_are_as_written),
    description="Compares the archive, the releases, and the live views with their checksums.",
)

# On Sundays, before the night's retention.
every_week = dg.ScheduleDefinition(
    name="every_week",
    job=verification,
    cron_schedule="0 3 * * 0",
    execution_timezone=CHICAGO,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="At three in the morning on Sundays.",
)
