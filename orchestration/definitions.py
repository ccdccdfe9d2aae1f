"""What Dagster loads. Wiring only."""

import dagster as dg

from orchestration.assets.dbt_cli import warehouse_dbt
from orchestration.assets.extracts import DELIVERIES
from orchestration.assets.models import RUN_SOURCES, dbt_models
from orchestration.assets.published import publish_release
from orchestration.automation.housekeeping import every_night, retention
from orchestration.automation.jobs import complete_deliveries, every_morning, nightly, unit_tests
from orchestration.automation.notices import notices
from orchestration.automation.turns import WarehouseTurn
from orchestration.checks.expectations import great_expectations
from orchestration.checks.rules import business_rules

defs = dg.Definitions(
    assets=dg.with_source_code_references([*DELIVERIES, dbt_models, publish_release, *RUN_SOURCES]),
    asset_checks=[great_expectations, business_rules],
    jobs=[nightly, unit_tests, retention],
    schedules=[every_morning, every_night],
    sensors=[complete_deliveries, notices],
    resources={"dbt": warehouse_dbt(), "warehouse_turn": WarehouseTurn()},
    # One process for all steps: another start costs seconds, and the warehouse has one writer anyway.
    executor=dg.in_process_executor,
)
