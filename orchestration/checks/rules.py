"""The dbt unit tests as asset checks: they try the rules, not the day's data, so the nightly run leaves them out."""

import json
import os
from collections.abc import Iterator

import dagster as dg

from orchestration.assets.dbt_cli import WarehouseDbt
from orchestration.assets.models import TRANSLATOR
from orchestration.automation.foreseen import foreseen
from orchestration.automation.turns import WarehouseTurn
from orchestration.dbt_project import environment, load_manifest
from orchestration.duck import connect
from orchestration.settings import settings
from orchestration.warehouse import built_day

_MANIFEST = load_manifest(settings())
_UNIT_TESTS = {
    test["unique_id"]: dg.AssetCheckSpec(
        test["name"],
        asset=TRANSLATOR.get_asset_key(_MANIFEST["nodes"][test["depends_on"]["nodes"][0]]),
        description=test["description"] or test["name"].replace("_", " "),
    )
    for test in _MANIFEST["unit_tests"].values()
}
UNIT_TEST_CHECKS = [spec.key for spec in _UNIT_TESTS.values()]


@dg.multi_asset_check(specs=list(_UNIT_TESTS.values()), name="business_rules", can_subset=True)
def business_rules(
    context: dg.AssetCheckExecutionContext, dbt: WarehouseDbt, warehouse_turn: WarehouseTurn
) -> Iterator[dg.AssetCheckResult]:
    """Runs the selected unit tests in one dbt invocation, over a warehouse that has been built before.

    A test wants the relations that it stands in for. Spark keeps none, so there they are built with the tests.
    """
    config = settings()
    with foreseen(), connect(config, config.warehouse) as connection:
        day = built_day(connection)
    os.environ.update(environment(config, as_of=day.isoformat() if day else None, engine=config.engine))
    wanted = {key: spec for key, spec in _UNIT_TESTS.items() if spec.key in context.selected_asset_check_keys}
    names = [spec.name for spec in wanted.values()]
    if config.engine == "spark":
        command = ["build", "--exclude-resource-type", "test", "--select", *(f"+{name}" for name in names)]
    else:
        command = ["test", "--select", *names]
    invocation = dbt.cli(command, target_path=config.dbt_target, raise_on_error=False).wait()
    results = json.loads((invocation.target_path / "run_results.json").read_text())["results"]
    for result in results:
        if spec := wanted.get(result["unique_id"]):
            yield dg.AssetCheckResult(
                check_name=spec.name,
                asset_key=spec.asset_key,
                passed=result["status"] == "pass",
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={"observed": result["status"], "expected": "pass"},
            )
