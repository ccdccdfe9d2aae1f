"""What the Dagster UI shows of a built relation: row count, columns, and which columns each came from.

dagster-dbt can fetch all this too, but asks for each relation alone and qualifies a model's SQL anew for every
column, which takes longer than the build itself. Here it is two queries and one pass over each model's SQL, kept from
run to run as long as the SQL stays the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from orchestration.duck import literal

Schema = dict[str, dict[str, dict[str, dict[str, str]]]]
Sources = dict[str, list[tuple[str, str]]]


def relation_metadata(
    connection: duckdb.DuckDBPyConnection, nodes: Mapping[str, Mapping[str, Any]], as_of: str, cache: Path
) -> dict[str, dict[str, Any]]:
    """Dagster metadata for each built model and seed, by its dbt unique id.

    What stayed in Spark has none, and Spark's SQL isn't traced: where columns come from is the same on either engine.
    """
    columns = _columns(connection)
    built = {
        unique_id: node
        for unique_id, node in nodes.items()
        if node["resource_type"] in ("model", "seed")
        and node["name"] in columns.get("warehouse", {}).get(node["schema"], {})
    }
    counts = _counts(connection, built)
    known: dict[str, Sources] = json.loads(cache.read_text()) if cache.exists() else {}
    traced: dict[str, Sources] = {}
    metadata: dict[str, dict[str, Any]] = {}
    for unique_id, node in built.items():
        types = columns.get("warehouse", {}).get(node["schema"], {}).get(node["name"], {})
        metadata[unique_id] = {
            "dagster/row_count": counts[unique_id],
            "dagster/column_schema": _table_schema(node, types),
        }
        sql = (node.get("compiled_code") or "").replace(as_of, "as-of date")
        if sql and node["database"]:  # Spark has none
            key = hashlib.sha256(f"{node['name']} {sorted(types)} {sql}".encode()).hexdigest()
            traced[key] = known.get(key) or _trace(sql, columns)
            metadata[unique_id]["dagster/column_lineage"] = _column_lineage(traced[key])
    cache.write_text(json.dumps(traced))
    return metadata


def _columns(connection: duckdb.DuckDBPyConnection) -> Schema:
    schema: Schema = {}
    for database, name, table, column, kind in connection.execute(
        "select table_catalog, table_schema, table_name, column_name, data_type from information_schema.columns"
        " order by ordinal_position"
    ).fetchall():
        schema.setdefault(database, {}).setdefault(name, {}).setdefault(table, {})[column] = kind
    return schema


def _counts(connection: duckdb.DuckDBPyConnection, built: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    counted = " union all ".join(
        f'select {literal(unique_id)}, count(*) from "{node["schema"]}"."{node["name"]}"'
        for unique_id, node in built.items()
    )
    return dict(connection.execute(counted).fetchall())


def _table_schema(node: Mapping[str, Any], types: Mapping[str, str]) -> dg.TableSchema:
    described = {name: column["description"] for name, column in node["columns"].items()}
    return dg.TableSchema(columns=[dg.TableColumn(name, kind, described.get(name)) for name, kind in types.items()])


def _trace(sql: str, columns: Schema) -> Sources:
    """Where each column comes from: (relation as schema.name, column) pairs."""
    tree = qualify(
        sqlglot.parse_one(sql, dialect="duckdb"),
        schema=dict(columns),
        dialect="duckdb",
        quote_identifiers=False,
        validate_qualify_columns=False,
    )
    scope = build_scope(tree)
    found: Sources = {}
    for selected in tree.selects:  # type: ignore[attr-defined]
        root = lineage(selected.alias_or_name, tree, columns, scope=scope, dialect="duckdb", copy=False)
        found[selected.alias_or_name] = sorted(
            {
                (f"{leaf.expression.db}.{leaf.expression.name}", leaf.name.split(".")[-1])
                for leaf in root.walk()
                if not leaf.downstream and isinstance(leaf.expression, exp.Table)
            }
        )
    return found


def _column_lineage(sources: Sources) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey(relation.split(".")), column_name=name)
                for relation, name in pairs
            ]
            for column, pairs in sources.items()
        }
    )
