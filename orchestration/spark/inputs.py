"""Spark's inputs: the Parquet of the archive as it is, and what DuckDB prepared from published days."""

import json
from collections.abc import Sequence

from orchestration.contract.systems import extracts
from orchestration.landing.archive import ArchivedDelivery
from orchestration.settings import Settings
from orchestration.spark.workspace import create_workspace
from orchestration.state.database import connect, literal

_OTHER_NAMES = {"VARCHAR": "string", "TIMESTAMP WITH TIME ZONE": "timestamp"}
"""Spark's names of DuckDB's types, where they differ."""


def write_inputs(settings: Settings, deliveries: Sequence[ArchivedDelivery]) -> None:
    """Creates a workspace that says how to read each source. The warehouse has to be prepared before.

    Of an extract these are the columns by today's contract; one added after the delivery was archived is empty.
    """
    workspace = create_workspace(settings)
    by_system = {delivery.system: delivery for delivery in deliveries}
    views = {}
    with connect(settings, settings.warehouse) as connection:
        for extract in extracts():
            path = by_system[extract.system].parquet(extract)
            delivered = connection.execute(f"describe from read_parquet({literal(path)})").fetchall()
            names = {name for name, *_ in delivered}
            columns = []
            for column in extract.columns:
                kind = column.type.duckdb_type
                empty = f"cast(null as {_OTHER_NAMES.get(kind, kind)}) as `{column.name}`"
                columns.append(f"`{column.name}`" if column.name in names else empty)
            views[f"raw.{extract.table}"] = f"select {', '.join(columns)} from parquet.`{workspace.share(path)}`"
        relations = connection.execute("select table_name from information_schema.tables where table_schema = 'run'")
        for (name,) in relations.fetchall():
            path = workspace.folder / "inputs" / f"{name}.parquet"
            connection.execute(f"copy run.{name} to {literal(path)} (format parquet)")
            views[f"run.{name}"] = f"select * from parquet.`{workspace.share(path)}`"
    workspace.views.write_text(json.dumps(views, indent=1))
