"""Great Expectations suites as asset checks.

A suite is a file in ``expectations/``: the table it reads, the few columns it needs, and its expectations. The tables
are small guard models that DuckDB has already aggregated, so a suite takes as long for any number of customers.
"""

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import yaml

from orchestration.failures import BuildFailed, as_dagster_failure
from orchestration.internals.great_expectations_context import quiet_context
from orchestration.settings import PROJECT, settings
from orchestration.state.database import connect
from orchestration.warehouse.check_results import CheckResult, record

SUITES = PROJECT / "expectations"


@contextmanager
def import_in_background(module: str) -> Iterator[None]:
    """Imports a module that takes seconds to import while this process waits for another one."""
    thread = threading.Thread(target=importlib.import_module, args=[module])
    thread.start()
    try:
        yield
    finally:
        thread.join()


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite: its type, the rows it applies to, and whether its failure blocks."""

    name: str
    severity: str
    type: str
    kwargs: dict[str, Any]
    where: str | None = None


@dataclass(frozen=True)
class Suite:
    """The expectations about one guard model."""

    name: str
    table: str
    guards: tuple[str, ...]
    columns: tuple[str, ...]
    expectations: tuple[Expectation, ...]

    @property
    def asset_key(self) -> dg.AssetKey:
        """The asset whose page shows the checks."""
        return dg.AssetKey(self.guards)

    @property
    def source_key(self) -> dg.AssetKey:
        """The guard model that the suite reads."""
        return dg.AssetKey(self.table.split("."))


@cache
def suites() -> tuple[Suite, ...]:
    """Every suite in ``expectations/``, by name."""
    return tuple(_read(path) for path in sorted(SUITES.glob("*.yml")))


def _read(path: Path) -> Suite:
    content = yaml.safe_load(path.read_text())
    try:
        return Suite(
            name=path.stem,
            table=content["table"],
            guards=tuple(content["guards"].split("/")),
            columns=tuple(content["columns"]),
            expectations=tuple(Expectation(**expectation) for expectation in content["expectations"]),
        )
    except (KeyError, TypeError) as error:
        raise BuildFailed(f"expectations/{path.name} is not a suite: {error}.") from None


def validate(suite: Suite, frame: pd.DataFrame) -> list[CheckResult]:
    """Validates the rows of a suite's table."""
    import great_expectations as gx  # takes seconds, and only runs need it

    batch = (
        quiet_context()
        .data_sources.add_pandas("warehouse")
        .add_dataframe_asset(suite.name)
        .add_batch_definition_whole_dataframe("day")
        .get_batch({"dataframe": frame})
    )
    expectations = gx.ExpectationSuite(
        name=suite.name,
        expectations=[_build(gx, expectation) for expectation in suite.expectations],
    )
    validation = batch.validate(expectations)
    found = {_name_of(result): result for result in validation.results}
    return [_result(suite, expectation, found[expectation.name]) for expectation in suite.expectations]


def _name_of(result: Any) -> str:
    return str(result.expectation_config.meta["name"])


def _build(gx: Any, expectation: Expectation) -> Any:
    kind = "".join(part.capitalize() for part in expectation.type.split("_"))
    condition = {"row_condition": expectation.where, "condition_parser": "pandas"} if expectation.where else {}
    return getattr(gx.expectations, kind)(**expectation.kwargs, **condition, meta={"name": expectation.name})


def _result(suite: Suite, expectation: Expectation, found: Any) -> CheckResult:
    if found.exception_info.get("raised_exception"):
        observed = "not judged (the expectation could not be tried)"
    else:
        observed = (
            f"{found.result.get('unexpected_count', 0)} of {found.result.get('element_count', 0)} rows unexpected"
        )
    limits = ", ".join(
        f"{name} {value}" for name, value in expectation.kwargs.items() if name != "value_set" or len(str(value)) < 40
    )
    return CheckResult(
        name=expectation.name,
        asset=suite.guards[-1],
        severity=expectation.severity,
        passed=bool(found.success),
        observed=observed,
        expected=f"{expectation.type.removeprefix('expect_').replace('_', ' ')} ({limits})",
        where_to_look=f"{suite.table} in the warehouse, expectations/{suite.name}.yml",
    )


def _specs() -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            expectation.name,
            asset=suite.asset_key,
            description=f"Great Expectations suite {suite.name}: {expectation.type} on {suite.table}"
            + (f" where {expectation.where}" if expectation.where else "")
            + ".",
            additional_deps=[suite.source_key],
            metadata={"suite": f"expectations/{suite.name}.yml", "severity": expectation.severity},
        )
        for suite in suites()
        for expectation in suite.expectations
    ]


@dg.multi_asset_check(specs=_specs(), name="great_expectations", required_resource_keys={"warehouse_lock"})
def great_expectations() -> Iterator[dg.AssetCheckResult]:
    """Validates every suite against the day that the warehouse holds."""
    config = settings()
    with as_dagster_failure(), connect(config, config.warehouse) as connection:
        for suite in suites():
            frame = connection.execute(f"select {', '.join(suite.columns)} from {suite.table}").df()
            results = validate(suite, frame)
            record(connection, results)
            for result in results:
                yield dg.AssetCheckResult(
                    check_name=result.name,
                    asset_key=suite.asset_key,
                    passed=result.passed,
                    severity=dg.AssetCheckSeverity(result.severity.upper()),
                    metadata={"observed": result.observed, "expected": result.expected},
                )
