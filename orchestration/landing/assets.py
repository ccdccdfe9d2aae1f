"""The twelve extracts as Dagster assets, each with a check of its row account."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import dagster as dg

from orchestration.contract.dates import parse_day
from orchestration.contract.extract import Extract, System
from orchestration.contract.partitions import DAILY_PARTITIONS, ONE_DAY_PER_RUN
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import YacpError, as_dagster_failure
from orchestration.landing.archive import ArchivedDelivery
from orchestration.landing.intake import land
from orchestration.landing.queries import quarantine_reasons
from orchestration.landing.reconciliation import (
    ROW_ACCOUNT,
    ROW_ACCOUNT_SENTENCE,
    ROW_ACCOUNT_TITLE,
    RowAccount,
    recount,
    require_balance,
)
from orchestration.landing.refusals import HELD, REFUSED
from orchestration.settings import settings
from orchestration.sources.profile import has_profile

OWNERS = [settings().owner]
TAGS = {"criticality": settings().criticality}


def asset_key(extract: Extract) -> dg.AssetKey:
    """``raw/worknet_customers``: the same name as the dbt source."""
    return dg.AssetKey(["raw", extract.table])


def source_key(system: System) -> dg.AssetKey:
    """The source that a system's deliveries are pulled from, where it has a profile."""
    return dg.AssetKey(["source", system.name])


def _spec(system: System, extract: Extract) -> dg.AssetSpec:
    """Without dependencies on each other: the extracts of a delivery arrive together, and Dagster 1.13 backfills no
    multi-asset that has them.
    """
    return dg.AssetSpec(
        asset_key(extract),
        description=f"{extract.description} Grain: one row per {extract.key.name}.",
        group_name=system.name,
        owners=OWNERS,
        tags=TAGS,
        kinds={"duckdb", "parquet"},
        deps=[source_key(system)] if has_profile(settings(), system) else [],
        metadata={
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(
                        column.name,
                        column.type.duckdb_type,
                        column.description,
                        constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=column.key),
                        tags={"personal_data": ""} if column.personal else {},
                    )
                    for column in extract.columns
                ]
            )
        },
    )


def _result(delivery: ArchivedDelivery, account: RowAccount) -> dg.MaterializeResult[None]:
    warnings = [warning for warning in delivery.warnings if warning.startswith(f"{account.file} ")]
    return dg.MaterializeResult(
        asset_key=asset_key(account.extract),
        metadata={
            "dagster/row_count": account.stored,
            "rows_quarantined": account.quarantined,
            "rows_duplicate": account.duplicate,
            "delivery": delivery.delivery,
            "delivery_of": str(delivery.as_of_date),
            "file": account.file,
            "warnings": dg.MetadataValue.md("\n".join(f"- {warning}" for warning in warnings) or "none"),
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=asset_key(account.extract),
                check_name=ROW_ACCOUNT,
                passed=account.balances,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={
                    "rows_in_manifest": account.promised,
                    "rows_stored": account.stored,
                    "rows_forgotten_since": account.forgotten,
                    "rows_quarantined": account.quarantined,
                    "rows_duplicate": account.duplicate,
                },
            )
        ],
    )


def _what_was_refused(system: System, day: date) -> Iterator[dg.AssetObservation]:
    """For the page of each extract: which rows of a refused or held delivery didn't fit, without their values."""
    rows = []
    with suppress(YacpError):  # nothing is kept, for example of a day that was not delivered
        rows = [
            row
            for row in quarantine_reasons(settings(), day)
            if row["system"] == system.name and row["status"] in (REFUSED, HELD)
        ]
    for extract in system.extracts:
        found = [row for row in rows if row["extract"] == extract.name]
        if found:
            lines = [f"| {' | '.join(str(value) for value in list(row.values())[3:])} |" for row in found]
            head = ["| file | column | reason | rows | first line |", "| --- | --- | --- | --- | --- |"]
            yield dg.AssetObservation(
                asset_key(extract),
                metadata={
                    "status": str(found[0]["status"]),
                    "quarantine": dg.MetadataValue.md("\n".join(head + lines)),
                },
                partition=str(day),
            )


def _delivery_assets(system: System) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"{system.name}_delivery",
        specs=[_spec(system, extract) for extract in system.extracts],
        check_specs=[
            dg.AssetCheckSpec(
                ROW_ACCOUNT,
                asset=asset_key(extract),
                blocking=True,
                description=ROW_ACCOUNT_SENTENCE,
                metadata={"title": ROW_ACCOUNT_TITLE},
                partitions_def=DAILY_PARTITIONS,
            )
            for extract in system.extracts
        ],
        partitions_def=DAILY_PARTITIONS,
        backfill_policy=ONE_DAY_PER_RUN,
        op_tags={"system": system.name},
        required_resource_keys={"warehouse_lock"},
    )
    def deliver(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetObservation]:
        day = parse_day(context.partition_key)
        try:
            with as_dagster_failure():
                delivery = land(settings(), system, day, context.log.debug)
                accounts = recount(settings(), delivery)
        except dg.Failure:
            yield from _what_was_refused(system, day)
            raise
        for warning in delivery.warnings:
            context.log.warning(warning)
        for account in accounts:
            yield _result(delivery, account)
        with as_dagster_failure():
            require_balance(delivery, accounts)

    return deliver


DELIVERIES = [_delivery_assets(system) for system in SYSTEMS]
