"""What keeps the state folder from growing for ever, as a job of its own, so that every removal is on record."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.contract.dates import CHICAGO
from orchestration.failures import as_dagster_failure
from orchestration.privacy.retention import expire
from orchestration.runs.warehouse_lock import WarehouseLock
from orchestration.settings import settings


@dg.op
def remove_what_is_past_its_age(context: dg.OpExecutionContext, warehouse_lock: WarehouseLock) -> None:
    """Archived days, releases and records of runs, after as many days as the settings say."""
    with as_dagster_failure():
        removed = expire(settings(), context.instance, datetime.now(UTC))
    for what, name, age, size in removed.rows:
        context.log.info(f"Removed {what} {name}, {age} days old, {size:,} bytes.")
    context.add_output_metadata({"removed": len(removed.rows)})


@dg.job(tags={"yacp/writes": "warehouse"})
def retention() -> None:
    """Removes what is past the age that the settings give it."""
    remove_what_is_past_its_age()


@dg.schedule(
    job=retention,
    cron_schedule="0 4 * * *",
    execution_timezone=CHICAGO,
    description="At four in the morning, before the day's deliveries are looked for.",
)
def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Once a night; it waits for a run that has the warehouse."""
    return dg.RunRequest()
