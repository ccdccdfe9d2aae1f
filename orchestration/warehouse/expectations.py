"""Great Expectations suites as asset checks.

A suite is a file in ``expectations/``: the table it reads, the few columns it needs, and its expectations. The tables
are small guard models that DuckDB has already aggregated, so a suite takes as long for any number of customers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import yaml

from orchestration.contract.dates import parse_day
from orchestration.contract.partitions import DAILY_PARTITIONS
from orchestration.failures import BuildFailed, as_dagster_failure
from orchestration.internals.great_expectations_context import load_great_expectations, quiet_context
from orchestration.settings import PROJECT, settings
from orchestration.state.database import connect
from orchestration.warehouse.check_results import CheckResult, cases_found, gate, keep, record
from orchestration.warehouse.preparation import require_built

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite: its words, its type, the rows it applies to, and whether its failure blocks.

    ``shows`` is how a row of the guard that breaks it is shown.
    """

    name: str
    title: str
    sentence: str
    severity: str
    type: str
    kwargs: dict[str, Any]
    shows: str
    where: str | None = None


@dataclass(frozen=True)
class Suite:
    """The expectations about one guard model; ``asset_key`` is the asset whose page shows the checks."""

    name: str
    table: str
    asset_key: dg.AssetKey
    columns: tuple[str, ...]
    expectations: tuple[Expectation, ...]


@cache
def suites() -> tuple[Suite, ...]:
    """Every suite in ``expectations/``, by name."""
    return tuple(_read(path) for path in sorted((PROJECT / "expectations").glob("*.yml")))


def _read(path: Path) -> Suite:
    content = yaml.safe_load(path.read_text())
    try:
        return Suite(
            name=path.stem,
            table=content["table"],
            asset_key=dg.AssetKey(content["guards"].split("/")),
            columns=tuple(content["columns"]),
            expectations=tuple(Expectation(**expectation) for expectation in content["expectations"]),
        )
    except (KeyError, TypeError) as error:
        raise BuildFailed(f"expectations/{path.name} is not a suite: {error}.") from None


def validate(suite: Suite, frame: "pd.DataFrame") -> list[CheckResult]:
    """Validates the rows of a suite's table."""
    gx = load_great_expectations()
    batch = (
        quiet_context()
        .data_sources.add_pandas("warehouse")
        .add_dataframe_asset(suite.name)
        .add_batch_definition_whole_dataframe("day")
        .get_batch({"dataframe": frame})
    )
    expectations = []
    for each in suite.expectations:
        kind = getattr(gx.expectations, each.type.title().replace("_", ""))
        condition = {"row_condition": each.where, "condition_parser": "pandas"} if each.where else {}
        expectations.append(kind(**each.kwargs, **condition, meta={"name": each.name}))
    validation = batch.validate(gx.ExpectationSuite(suite.name, expectations), result_format="COMPLETE")
    found = {result.expectation_config.meta["name"]: result for result in validation.results}
    return [_result(suite, frame, expectation, found[expectation.name]) for expectation in suite.expectations]


def _result(suite: Suite, frame: "pd.DataFrame", expectation: Expectation, found: Any) -> CheckResult:
    observed = cases_found(found.result.get("unexpected_count", 0), found.result.get("element_count", 0))
    if breaking := found.result.get("unexpected_index_list"):
        rows = frame.loc[breaking[:_SHOWN]].to_dict("records")
        shown = [expectation.shows.format_map({name: _in_words(value) for name, value in row.items()}) for row in rows]
        left = len(breaking) - len(shown)
        observed += f": {'; '.join(shown)}" + (f"; and {left:,} more" if left else "")
    if found.exception_info.get("raised_exception"):
        observed = "not judged (the expectation could not be tried)"
    return CheckResult(
        name=expectation.name,
        asset=suite.asset_key.path[-1],
        severity=expectation.severity,
        passed=bool(found.success),
        observed=observed,
        expected=expectation.sentence,
        where_to_look=f"{suite.table} in the warehouse, expectations/{suite.name}.yml",
        title=expectation.title,
    )


def _in_words(value: object) -> object:
    """Keys such as ``no_match`` and names of dates such as ``exited_on``, for people; numbers as they are."""
    return value.removesuffix("_on").replace("_", " ") if isinstance(value, str) else value


def _numbers(suite: Suite, frame: "pd.DataFrame") -> dict[str, dict[str, int | float]]:
    """By expectation, the rows that it judges and the highest value of its column, which Dagster plots by day."""
    numbers: dict[str, dict[str, int | float]] = {}
    for each in suite.expectations:
        judged = frame.query(each.where) if each.where else frame
        numbers[each.name] = {"rows_judged": len(judged)}
        column = each.kwargs.get("column")
        if len(judged) and column in judged.select_dtypes(["number", "bool"]):
            numbers[each.name][f"highest_{column}"] = float(judged[column].max())
    return numbers


_SPECS = [
    dg.AssetCheckSpec(
        expectation.name,
        asset=suite.asset_key,
        description=expectation.sentence,
        additional_deps=[suite.table.split(".")],
        metadata={
            "title": expectation.title,
            "suite": f"expectations/{suite.name}.yml",
            "severity": expectation.severity,
        },
        blocking=expectation.severity == "error",
        partitions_def=DAILY_PARTITIONS,
    )
    for suite in suites()
    for expectation in suite.expectations
]


@dg.multi_asset_check(
    specs=_SPECS, name="great_expectations", can_subset=True, required_resource_keys={"warehouse_lock"}
)
def great_expectations(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Validates every suite against the day that the warehouse holds; stops the run if a check that blocks fails."""
    config = settings()
    with as_dagster_failure(), connect(config, config.warehouse) as connection:
        require_built(connection, parse_day(context.partition_key))
        for suite in suites():
            frame = connection.execute(f"select {', '.join(suite.columns)} from {suite.table}").df()
            record(connection, results := validate(suite, frame))
            numbers = _numbers(suite, frame)
            for result in results:
                if dg.AssetCheckKey(suite.asset_key, result.name) not in context.selected_asset_check_keys:
                    continue
                yield dg.AssetCheckResult(
                    check_name=result.name,
                    asset_key=suite.asset_key,
                    passed=result.passed,
                    severity=dg.AssetCheckSeverity(result.severity.upper()),
                    metadata={
                        "observed": result.observed,
                        "expected": result.expected,
                        "where_to_look": result.where_to_look,
                        **numbers[result.name],
                    },
                )
        keep(config, connection)
        gate(connection)
