"""Check results, kept in a table of the warehouse: published with the day, and read by the gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import Any

import duckdb

from orchestration.failures import NOTHING_PUBLISHED, ChecksBlocked

_SHOWN = 12


@dataclass(frozen=True)
class CheckResult:
    """One check of a run. ``severity`` is error or warn; ``where_to_look`` is for the operator and not published."""

    name: str
    asset: str
    severity: str
    passed: bool
    observed: str
    expected: str
    where_to_look: str


def record(connection: duckdb.DuckDBPyConnection, results: Iterable[CheckResult]) -> None:
    """Adds results to those of the run so far."""
    rows = [astuple(result) for result in results]
    if rows:
        connection.executemany("insert into run.check_results values (?, ?, ?, ?, ?, ?, ?)", rows)


def failed_errors(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The failed checks of severity error."""
    rows = connection.execute(
        "select * from run.check_results where severity = 'error' and not passed order by name, asset"
    ).fetchall()
    return [CheckResult(*row) for row in rows]


def gate(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises ``ChecksBlocked`` if a check of severity error failed: which, what it found, and where to look."""
    failed = failed_errors(connection)
    if not failed:
        return
    lines = [
        f"  {result.name} on {result.asset}: {result.observed}, expected {result.expected}; see {result.where_to_look}"
        for result in failed[:_SHOWN]
    ]
    if len(failed) > _SHOWN:
        lines.append(f"  and {len(failed) - _SHOWN} more: yacp checks")
    raise ChecksBlocked(
        f"{len(failed)} check{'s' if len(failed) != 1 else ''} of severity error failed. {NOTHING_PUBLISHED}\n"
        + "\n".join(lines)
    )


def dbt_results(results: Iterable[Mapping[str, Any]], nodes: Mapping[str, Mapping[str, Any]]) -> list[CheckResult]:
    """The results of a dbt build's data tests, with the number of failing rows."""
    return [
        _dbt_result(node, result)
        for result in results
        if (node := nodes.get(result["unique_id"])) and node["resource_type"] == "test"
    ]


def _dbt_result(node: Mapping[str, Any], result: Mapping[str, Any]) -> CheckResult:
    failures = result["failures"]
    observed = f"{failures:,} failing rows" if failures is not None else f"not judged ({result['status']})"
    return CheckResult(
        name=node["name"],
        asset=_asset_name(node),
        severity=node["config"]["severity"].lower(),
        passed=result["status"] == "pass",
        observed=observed,
        expected="0 failing rows",
        where_to_look=_compiled(node),
    )


def _compiled(node: Mapping[str, Any]) -> str:
    """Where the SQL of the test, as it ran, is below YACP_HOME."""
    below = node["original_file_path"].removeprefix("../")
    return f"dbt/target/compiled/{below}/{node['path'].split('/')[-1]}"


def _asset_name(node: Mapping[str, Any]) -> str:
    attached = node.get("attached_node") or node["depends_on"]["nodes"][0]
    return str(attached).split(".")[-1]
