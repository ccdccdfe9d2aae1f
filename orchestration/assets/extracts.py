"""The twelve extracts as assets: what came in, checked against the contract and archived."""

from collections.abc import Iterator

import dagster as dg
import duckdb

from orchestration.as_of import parse_day
from orchestration.automation.days import DAYS, ONE_DAY_A_RUN
from orchestration.automation.foreseen import foreseen
from orchestration.automation.turns import WarehouseTurn
from orchestration.duck import connect
from orchestration.extracts.archive import ArchivedDelivery
from orchestration.extracts.contract import SYSTEMS, Extract, System
from orchestration.extracts.landing import land
from orchestration.settings import settings

OWNERS = ["team:yacp-data"]
ROW_ACCOUNT = "row_account"


def asset_key(extract: Extract) -> dg.AssetKey:
    """``raw/worknet_customers``: the same name as the dbt source."""
    return dg.AssetKey(["raw", extract.table])


def _spec(system: System, extract: Extract) -> dg.AssetSpec:
    return dg.AssetSpec(
        asset_key(extract),
        description=f"{extract.description} Grain: one row per {extract.key.name}.",
        group_name=system.name,
        owners=OWNERS,
        kinds={"duckdb", "parquet"},
        deps=[asset_key(system.extract(reference.parent)) for reference in extract.references],
        metadata={
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(
                        column.name,
                        column.type.duckdb_type,
                        column.description,
                        constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=column.key),
                    )
                    for column in extract.columns
                ]
            )
        },
    )


def _rows(delivery: ArchivedDelivery) -> dict[str, tuple[str, int, int, int, int]]:
    with connect(settings()) as connection:
        found = connection.execute(
            "select extract, file, rows_in_manifest, rows_loaded, rows_quarantined, rows_duplicate"
            " from read_parquet(?)",
            [str(delivery.account)],
        ).fetchall()
    return {row[0]: row[1:] for row in found}


def _result(
    extract: Extract, delivery: ArchivedDelivery, account: tuple[str, int, int, int, int]
) -> dg.MaterializeResult[None]:
    file, promised, loaded, quarantined, duplicate = account
    forgotten = delivery.rows_forgotten(extract)
    warnings = [warning for warning in delivery.warnings if warning.startswith(f"{file} ")]
    return dg.MaterializeResult(
        asset_key=asset_key(extract),
        metadata={
            "dagster/row_count": loaded,
            "rows_quarantined": quarantined,
            "rows_duplicate": duplicate,
            "delivery": delivery.delivery,
            "file": file,
            "warnings": dg.MetadataValue.md("\n".join(f"- {warning}" for warning in warnings) or "none"),
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=asset_key(extract),
                check_name=ROW_ACCOUNT,
                passed=promised
                == loaded + quarantined + duplicate
                == _stored(extract, delivery) + forgotten + quarantined + duplicate,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={
                    "rows_in_manifest": promised,
                    "rows_loaded": loaded,
                    "rows_quarantined": quarantined,
                    "rows_duplicate": duplicate,
                    "rows_forgotten_since": forgotten,
                },
            )
        ],
    )


def _stored(extract: Extract, delivery: ArchivedDelivery) -> int:
    row = duckdb.sql(f"select count(*) from read_parquet('{delivery.parquet(extract)}')").fetchone()
    return int(row[0]) if row else -1


def _delivery_assets(system: System) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"{system.name}_delivery",
        specs=[_spec(system, extract) for extract in system.extracts],
        check_specs=[
            dg.AssetCheckSpec(
                ROW_ACCOUNT,
                asset=asset_key(extract),
                blocking=True,
                description="Rows in the manifest = rows loaded + rows quarantined + exact duplicates.",
            )
            for extract in system.extracts
        ],
        partitions_def=DAYS,
        backfill_policy=ONE_DAY_A_RUN,
        op_tags={"system": system.name},
    )
    def deliver(
        context: dg.AssetExecutionContext, warehouse_turn: WarehouseTurn
    ) -> Iterator[dg.MaterializeResult[None]]:
        with foreseen():
            day = parse_day(context.partition_key)
            delivery = land(settings(), system, day, context.log.debug)
        for warning in delivery.warnings:
            context.log.warning(warning)
        accounts = _rows(delivery)
        for extract in system.extracts:
            yield _result(extract, delivery, accounts[extract.name])

    return deliver


DELIVERIES = [_delivery_assets(system) for system in SYSTEMS]
