"""The dbt unit tests as asset checks. They test the rules and not the day's data, so the nightly run skips them."""

from collections.abc import Iterator

import dagster as dg

from orchestration.failures import BuildFailed, as_dagster_failure
from orchestration.settings import settings
from orchestration.warehouse.assets import TRANSLATOR, read_results, start_dbt
from orchestration.warehouse.dbt_project import environment, load_manifest, manifest_path

_MANIFEST = load_manifest(manifest_path(settings()))
_UNIT_TESTS = {
    test["unique_id"]: dg.AssetCheckSpec(
        test["name"],
        asset=TRANSLATOR.get_asset_key(_MANIFEST["nodes"][test["depends_on"]["nodes"][0]]),
        description=test["description"],
        metadata={"title": test["name"].replace("_", " ").capitalize()},
    )
    for test in _MANIFEST["unit_tests"].values()
}
UNIT_TEST_CHECKS = [spec.key for spec in _UNIT_TESTS.values()]


@dg.multi_asset_check(
    specs=list(_UNIT_TESTS.values()),
    name="business_rules",
    can_subset=True,
    required_resource_keys={"dbt", "warehouse_lock"},
)
def business_rules(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Runs the selected unit tests in one dbt invocation, in a warehouse that has been built before.

    dbt looks up the columns of the relations that a test mocks, and Spark keeps none.
    """
    config = settings()
    if config.engine == "spark":
        context.log.info("The unit tests of the rules run on DuckDB here; make test-spark runs them on Spark.")
        return
    wanted = {key: spec for key, spec in _UNIT_TESTS.items() if spec.key in context.selected_asset_check_keys}
    # One argument, because dagster-dbt takes a single value after --select.
    arguments = ["test", "--select", " ".join(spec.name for spec in wanted.values())]
    start_dbt(context.resources.dbt, arguments, environment(config)).wait()
    results = read_results(config)
    with as_dagster_failure():
        if not results:
            raise BuildFailed(
                f"dbt stopped before it finished the unit tests; see the end of {config.dbt_target}/dbt.log."
            )
    for result in results:
        if spec := wanted.get(result["unique_id"]):
            yield dg.AssetCheckResult(
                check_name=spec.name,
                asset_key=spec.asset_key,
                passed=result["status"] == "pass",
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={"observed": result["status"], "expected": spec.description},
            )
