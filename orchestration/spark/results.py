"""Spark's results in the warehouse: views over the Parquet that it wrote, with the types of the output contract.

The steps after the models (Great Expectations, the gate, publishing) read the warehouse, whichever engine built it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from orchestration.failures import NOTHING_PUBLISHED, BuildFailed
from orchestration.settings import Settings
from orchestration.spark.workspace import Workspace, delete_shared_files, newest_workspace
from orchestration.state.database import identifier, literal

Node = Mapping[str, Any]


def collect(
    settings: Settings, connection: duckdb.DuckDBPyConnection, built: Iterable[Node], checked: Iterable[str]
) -> None:
    """Adds the built relations to the warehouse; from shared storage only those that are published or ``checked``.

    Of the views only those of the output contract: the others are intermediate and written in Spark's SQL.
    """
    workspace = newest_workspace(settings)
    nodes = [node for node in built if node["resource_type"] in ("model", "seed")]
    wanted = {*checked, *_published(nodes)}
    for node in nodes:
        is_wanted = not workspace.is_shared or f"{node['schema']}.{node['name']}" in wanted
        if is_wanted and node["config"]["materialized"] != "view":
            _read_parquet(connection, workspace, node)
    for node in nodes:
        if node["config"]["materialized"] == "view" and "published_in" in node["config"]["meta"]:
            _define(connection, node, node["compiled_code"])
    delete_shared_files(settings)


def _published(nodes: Iterable[Node]) -> set[str]:
    """The published relations, and those that say how the history changes."""
    wanted = set()
    for node in nodes:
        meta = node["config"]["meta"]
        if "published_in" in meta:
            wanted.add(f"{node['schema']}.{node['name']}")
        if changes := meta.get("changes"):
            wanted.add(f"intermediate.{changes}")
    return wanted


def _read_parquet(connection: duckdb.DuckDBPyConnection, workspace: Workspace, node: Node) -> None:
    files = workspace.table(node["schema"], node["name"]) / "*.parquet"
    source = f"read_parquet({literal(files)}, hive_partitioning = false)"
    columns = [
        f"cast({identifier(name)} as {column['data_type']}) as {identifier(name)}"
        if column.get("data_type")
        else identifier(name)
        for name, column in node["columns"].items()
    ]
    is_contract = node["config"]["contract"]["enforced"] if node["resource_type"] == "model" else False
    _define(connection, node, f"select {', '.join(columns) if is_contract else '*'} from {source}")
    if is_contract:
        _require_not_null(connection, node)


def _define(connection: duckdb.DuckDBPyConnection, node: Node, query: str) -> None:
    schema, relation = identifier(node["schema"]), f"{identifier(node['schema'])}.{identifier(node['name'])}"
    connection.execute(f"create schema if not exists {schema}")
    connection.execute(f"create or replace view {relation} as {query}")


def _require_not_null(connection: duckdb.DuckDBPyConnection, node: Node) -> None:
    """Checks not-null constraints, which DuckDB checks as it builds a mart and Spark doesn't."""
    required = [
        name
        for name, column in node["columns"].items()
        if any(constraint["type"] == "not_null" for constraint in column["constraints"])
    ]
    if not required:
        return
    counts = ", ".join(f"count(*) - count({identifier(name)})" for name in required)
    relation = f"{identifier(node['schema'])}.{identifier(node['name'])}"
    found = connection.execute(f"select {counts} from {relation}").fetchone() or ()
    if empty := [name for name, count in zip(required, found, strict=True) if count]:
        raise BuildFailed(
            f"{node['schema']}.{node['name']} has rows without {', '.join(empty)}, which the output contract "
            f"requires. {NOTHING_PUBLISHED} Fix the model."
        )
