"""Spark's inputs: the Parquet of the archive as it is, and what DuckDB prepared from published days."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.contract.extract import ColumnType, Extract
from orchestration.contract.systems import SYSTEMS
from orchestration.landing.archive import ArchivedDelivery
from orchestration.settings import Settings
from orchestration.spark.workspace import Workspace, create_workspace
from orchestration.state.database import connect, literal

_TYPES = {
    ColumnType.TEXT: "string",
    ColumnType.CODE: "string",
    ColumnType.INTEGER: "int",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp",
    ColumnType.BOOLEAN: "boolean",
}


def write_inputs(settings: Settings, deliveries: Sequence[ArchivedDelivery]) -> None:
    """Creates a workspace that says how to read each source. The warehouse has to be prepared before."""
    workspace = create_workspace(settings)
    by_system = {delivery.system: delivery for delivery in deliveries}
    with connect(settings, settings.warehouse) as connection:
        views = {
            f"raw.{extract.table}": _extract(connection, workspace, extract, by_system[system.name].parquet(extract))
            for system in SYSTEMS
            for extract in system.extracts
        }
        views |= _prepared(connection, workspace)
    workspace.views.write_text(json.dumps(views, indent=1))


def _extract(connection: duckdb.DuckDBPyConnection, workspace: Workspace, extract: Extract, path: Path) -> str:
    """The extract's columns by today's contract; one added after the delivery was archived is empty."""
    delivered = {row[0] for row in connection.execute(f"describe from read_parquet({literal(path)})").fetchall()}
    columns = [
        f"`{column.name}`" if column.name in delivered else f"cast(null as {_TYPES[column.type]}) as `{column.name}`"
        for column in extract.columns
    ]
    return f"select {', '.join(columns)} from parquet.`{workspace.share(path)}`"


def _prepared(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> Mapping[str, str]:
    views = {}
    relations = connection.execute("select table_name from information_schema.tables where table_schema = 'run'")
    for (name,) in relations.fetchall():
        path = workspace.folder / "inputs" / f"{name}.parquet"
        connection.execute(f"copy run.{name} to {literal(path)} (format parquet)")
        views[f"run.{name}"] = f"select * from parquet.`{workspace.share(path)}`"
    return views
