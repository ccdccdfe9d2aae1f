"""The row count and columns of each built relation, as the Dagster UI shows them.

dagster-dbt can fetch them too, but with queries for each relation, which take longer than the build. Here it is two
queries for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import duckdb

from orchestration.state.database import literal


def relation_metadata(
    connection: duckdb.DuckDBPyConnection, nodes: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Dagster metadata for each built model and seed, by dbt unique id. Relations that stayed in Spark have none."""
    columns = _columns(connection)
    built = {
        unique_id: node
        for unique_id, node in nodes.items()
        if node["resource_type"] in ("model", "seed") and (node["schema"], node["name"]) in columns
    }
    counts = _counts(connection, built)
    return {
        unique_id: {
            "dagster/row_count": counts[unique_id],
            "dagster/column_schema": _table_schema(node, columns[node["schema"], node["name"]]),
        }
        for unique_id, node in built.items()
    }


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
        " where table_catalog = 'warehouse' order by ordinal_position"
    ).fetchall():
        found.setdefault((schema, table), {})[column] = kind
    return found


def _counts(connection: duckdb.DuckDBPyConnection, built: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    if not built:
        return {}
    counted = " union all ".join(
        f'select {literal(unique_id)}, count(*) from "{node["schema"]}"."{node["name"]}"'
        for unique_id, node in built.items()
    )
    return dict(connection.execute(counted).fetchall())


def _table_schema(node: Mapping[str, Any], types: Mapping[str, str]) -> dg.TableSchema:
    described = {name: column["description"] for name, column in node["columns"].items()}
    return dg.TableSchema(columns=[dg.TableColumn(name, kind, described.get(name)) for name, kind in types.items()])
