"""The jobs that run a day and that test the business rules."""

import dagster as dg

from orchestration.contract.partitions import DAILY_PARTITIONS
from orchestration.warehouse.unit_tests import UNIT_TEST_CHECKS

JOB = "nightly"

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
    description="Tests the business rules on both sides of their boundaries; needs no delivery.",
)
