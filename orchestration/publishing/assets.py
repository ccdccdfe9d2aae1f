"""The published files as assets: built from the marts once every check of severity error holds."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import duckdb

from orchestration.contract.dates import parse_day
from orchestration.contract.partitions import DAILY_PARTITIONS, ONE_DAY_PER_RUN
from orchestration.contract.systems import extracts
from orchestration.failures import as_dagster_failure
from orchestration.landing.archive import Archive
from orchestration.landing.assets import OWNERS, TAGS
from orchestration.landing.reconciliation import ROW_ACCOUNT, ROW_ACCOUNT_SENTENCE, ROW_ACCOUNT_TITLE, recount
from orchestration.landing.stand_ins import deliveries_of
from orchestration.publishing.publish import publish
from orchestration.settings import Settings, settings
from orchestration.state.database import connect
from orchestration.warehouse.check_results import CheckResult, gate, keep, record
from orchestration.warehouse.check_texts import CheckText
from orchestration.warehouse.dbt_project import Mart, compiled_marts, marts
from orchestration.warehouse.expectations import suites
from orchestration.warehouse.preparation import require_built, require_same_release

FILES = {
    "dashboard": "published/dashboard.duckdb. Counts only, no personal data: "
    "for everyone with access to the dashboard.",
    "customers": "published/customers.duckdb. Customer-level lists: for super users and career planners.",
    "parquet": "published/parquet: the same tables as Parquet, in folders by file, schema and table.",
}

NOBODY_FORGOTTEN = "no_row_was_taken_out_since"
_NOBODY_FORGOTTEN_TEXT = CheckText(
    "No row was taken out since", "Since it was delivered, yacp forget has taken no row out of the day's file."
)


def _marts_in(file: str) -> list[Mart]:
    return [mart for mart in marts(settings()) if file in ("parquet", mart.published_in)]


def _deps(file: str) -> list[dg.AssetKey]:
    keys = [dg.AssetKey([mart.schema, mart.name]) for mart in _marts_in(file)]
    return keys + [suite.asset_key for suite in suites() if suite.asset_key not in keys]


def _forgotten(config: Settings, day: date) -> Iterator[CheckResult]:
    """Warns that a day was rebuilt after ``yacp forget``, so its counts are lower than before."""
    by_system = {delivery.system: delivery for delivery in deliveries_of(config, day)}
    for extract in extracts():
        rows = by_system[extract.system].rows_forgotten(extract)
        found, (title, expected) = f"{rows:,} rows taken out by yacp forget", _NOBODY_FORGOTTEN_TEXT
        yield CheckResult(NOBODY_FORGOTTEN, extract.table, "warn", rows == 0, found, expected, "docs/privacy.md", title)


def _accounts(config: Settings, connection: duckdb.DuckDBPyConnection) -> Iterator[CheckResult]:
    """The row accounts of the deliveries that the warehouse was built from, counted again."""
    built_from = connection.execute("select distinct system, as_of_date, delivery from run.deliveries").fetchall()
    for system, day, number in sorted(built_from):
        for account in recount(config, Archive(config.archive).delivery(system, day, number)):
            table, is_right = account.extract.table, account.balances
            found = f"{account.found:,} of {account.promised:,} rows accounted for"
            title, expected = ROW_ACCOUNT_TITLE, ROW_ACCOUNT_SENTENCE
            yield CheckResult(ROW_ACCOUNT, table, "error", is_right, found, expected, "yacp deliveries", title)


@dg.multi_asset(
    name="publish_release",
    specs=[
        dg.AssetSpec(
            ["published", file],
            description=description,
            deps=_deps(file),
            group_name="published",
            owners=OWNERS,
            tags=TAGS,
            kinds={"parquet" if file == "parquet" else "duckdb"},
        )
        for file, description in FILES.items()
    ],
    required_resource_keys={"warehouse_lock"},
    partitions_def=DAILY_PARTITIONS,
    backfill_policy=ONE_DAY_PER_RUN,
)
def publish_release(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Publishes the day that the warehouse holds: all files in the same instant, or nothing.

    The release of an older day stays pending until the newest day is run again.
    """
    config = settings()
    with as_dagster_failure():
        day = parse_day(context.partition_key)
        with connect(config, config.warehouse) as connection:
            require_built(connection, day)
            require_same_release(config, connection)
            record(connection, [*_accounts(config, connection), *_forgotten(config, day)])
            keep(config, connection)
            gate(connection)
        release = publish(config, day, compiled_marts(config), context.run.run_id)
    state = "pending until the newest day is run again" if release.pending_behind else "published"
    context.log.info(f"Release {release.name} is {state}.")
    for file in FILES:
        yield dg.MaterializeResult(
            asset_key=["published", file],
            metadata={
                "release": release.name,
                "state": state,
                "path": dg.MetadataValue.path(str(release.folder)),
                "dagster/row_count": sum(release.rows[mart.key] for mart in _marts_in(file) if not mart.is_view),
            },
        )
