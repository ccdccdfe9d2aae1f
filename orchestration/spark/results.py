"""Spark's results in the warehouse: views over the Parquet that it wrote, with the types of the output contract.

The steps after the models (Great Expectations, the gate, publishing) read the warehouse, whichever engine built it.
"""

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
    published = [node for node in nodes if "published_in" in node["config"]["meta"]]
    metas = [node["config"]["meta"] for node in published]
    histories = {f"intermediate.{meta['changes']}" for meta in metas if "changes" in meta}
    wanted = {*checked, *histories, *(f"{node['schema']}.{node['alias']}" for node in published)}
    for node in nodes:
        is_wanted = not workspace.is_shared or f"{node['schema']}.{node['alias']}" in wanted
        if is_wanted and node["config"]["materialized"] != "view":
            _read_parquet(connection, workspace, node)
    for node in published:
        if node["config"]["materialized"] == "view":
            _define(connection, node, node["compiled_code"])
    delete_shared_files(settings)


def _read_parquet(connection: duckdb.DuckDBPyConnection, workspace: Workspace, node: Node) -> None:
    files = workspace.table(node["schema"], node["alias"]) / "*.parquet"
    source = f"read_parquet({literal(files)}, hive_partitioning = false)"
    columns = [
        f"cast({identifier(name)} as {column['data_type']}) as {identifier(name)}"
        if column.get("data_type")
        else identifier(name)
        for name, column in node["columns"].items()
    ]
    is_contract = node["resource_type"] == "model" and node["config"]["contract"]["enforced"]
    relation = _define(connection, node, f"select {', '.join(columns) if is_contract else '*'} from {source}")
    # DuckDB checks not-null constraints as it builds a mart, and Spark doesn't.
    required = [
        name
        for name, column in node["columns"].items()
        if is_contract and any(constraint["type"] == "not_null" for constraint in column["constraints"])
    ]
    is_null = {name: f"from {relation} where {identifier(name)} is null limit 1" for name in required}
    if empty := [name for name, query in is_null.items() if connection.execute(query).fetchone()]:
        raise BuildFailed(
            f"{node['schema']}.{node['alias']} has rows without {', '.join(empty)}, which the output contract "
            f"requires. {NOTHING_PUBLISHED} Fix the model."
        )


def _define(connection: duckdb.DuckDBPyConnection, node: Node, query: str) -> str:
    """Creates the view of a node, and returns its name."""
    schema, relation = identifier(node["schema"]), f"{identifier(node['schema'])}.{identifier(node['alias'])}"
    connection.execute(f"create schema if not exists {schema}")
    connection.execute(f"create or replace view {relation} as {query}")
    return relation
