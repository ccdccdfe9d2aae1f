"""Retention as a job of its own, so that Dagster has a record of every removal."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.contract.dates import CHICAGO
from orchestration.failures import as_dagster_failure
from orchestration.privacy.retention import expire
from orchestration.settings import settings


@dg.op(required_resource_keys={"warehouse_lock"})
def remove_expired(context: dg.OpExecutionContext) -> None:
    """Removes archived days, releases and records of runs that are past their retention period."""
    with as_dagster_failure():
        removed = expire(settings(), context.instance, datetime.now(UTC))
    for what, name, age, size in removed.rows:
        context.log.info(f"Removed {what} {name}, {age} days old, {size:,} bytes.")
    context.add_output_metadata({"removed": len(removed.rows)})


@dg.job(tags={"yacp/writes": "warehouse"})
def retention() -> None:
    """Removes everything past the retention period in the settings."""
    remove_expired()


@dg.schedule(
    job=retention,
    cron_schedule="0 4 * * *",
    execution_timezone=CHICAGO,
    description="At four in the morning, before the schedule looks for the day's deliveries.",
)
def every_night() -> dg.RunRequest:
    """Once a day; it waits for a run that holds the warehouse."""
    return dg.RunRequest()
