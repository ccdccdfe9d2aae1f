"""How releases of earlier versions were laid out, so that the next release can begin from one of them."""

from collections.abc import Collection
from pathlib import Path

import duckdb

from orchestration.state.database import identifier, literal

_RENAMED_SCHEMAS = {("customers", "customers"): "lists"}
"""By file and earlier schema, the schema of today."""


def table_folder(table: Path) -> Path:
    """Where the Parquet of a table, ``<file>/<schema>/<table>``, is today."""
    file, schema, name = table.parts
    return Path(file, _RENAMED_SCHEMAS.get((file, schema), schema), name)


def bring_up_to_date(connection: duckdb.DuckDBPyConnection, file: str, tables: Collection[str]) -> None:
    """Moves the tables of a copied file to the schemas of today, and drops those that are published no more.

    The file is attached as ``release``; ``tables`` are its tables and views of today, as schema and name.
    """
    for (of_file, earlier), schema in _RENAMED_SCHEMAS.items():
        found = _tables(connection, earlier) if of_file == file else []
        if found:
            connection.execute(f"create schema if not exists release.{identifier(schema)}")
        for table in found:
            name = f"release.{identifier(schema)}.{identifier(table)}"
            connection.execute(f"create table {name} as from release.{identifier(earlier)}.{identifier(table)}")
            connection.execute(f"drop table release.{identifier(earlier)}.{identifier(table)}")
    schemas = connection.execute(
        "select schema_name from duckdb_schemas() where database_name = 'release' and not internal"
    ).fetchall()
    for (schema,) in schemas:
        for table in _tables(connection, schema):
            if f"{schema}.{table}" not in tables:
                connection.execute(f"drop table release.{identifier(schema)}.{identifier(table)}")
        if not any(table.startswith(f"{schema}.") for table in tables):
            connection.execute(f"drop schema release.{identifier(schema)} cascade")


def fill_new_columns(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Fills columns that a table of several days has only now, where they can be known: else they stay null.

    Movements get the names of the same rows of the history.
    """
    if table != "sections.movement":
        return
    connection.execute(
        "update release.sections.movement as moved set scope_name = stood.scope_name,"
        " section_name = stood.section_name, line_name = stood.line_name from release.sections.history as stood"
        " where moved.scope_name is null and moved.as_of_date = stood.as_of_date"
        " and moved.scope_type = stood.scope_type and moved.scope_id = stood.scope_id"
        " and moved.line_key = stood.line_key"
    )


def schema_of(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> str:
    """The quoted schema that holds a table of an attached release."""
    [(schema,)] = connection.execute(
        f"select schema_name from duckdb_tables() where database_name = {literal(database)} and table_name = ?", [table]
    ).fetchall()
    return identifier(schema)


def _tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    found = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'release' and schema_name = ?", [schema]
    ).fetchall()
    return [table for (table,) in found]
