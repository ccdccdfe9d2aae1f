"""What Dagster loads. Wiring only."""

import dagster as dg

from orchestration.health.weekly import every_week, files_are_as_written, verification
from orchestration.landing.assets import DELIVERIES
from orchestration.notices.sensor import notices
from orchestration.privacy.retention import every_night, retention
from orchestration.publishing.assets import publish_release
from orchestration.publishing.freshness import freshness, newest_day_is_published
from orchestration.pulling.assets import PULLS
from orchestration.runs.run_requests import complete_deliveries, every_morning, nightly, unit_tests
from orchestration.runs.warehouse_lock import WarehouseLock
from orchestration.warehouse.assets import DBT, RUN_SOURCES, dbt_models
from orchestration.warehouse.expectations import great_expectations
from orchestration.warehouse.unit_tests import business_rules

defs = dg.Definitions(
    assets=dg.with_source_code_references([*PULLS, *DELIVERIES, dbt_models, publish_release, *RUN_SOURCES]),
    asset_checks=[great_expectations, business_rules, newest_day_is_published, files_are_as_written],
    jobs=[nightly, unit_tests, retention, verification],
    schedules=[every_morning, every_night, every_week],
    sensors=[complete_deliveries, notices, freshness],
    resources={"dbt": DBT, "warehouse_lock": WarehouseLock()},
    # One process for all steps: starting another takes seconds, and the warehouse has one writer anyway.
    executor=dg.in_process_executor,
)
