"""How releases of earlier versions were laid out, so that the next release can begin from one of them."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.state.database import PUBLISHED_VERSION, identifier, literal, write_parquet

_RENAMED_SCHEMAS = {("customers", "customers"): "lists"}
"""By file and earlier schema, the schema of today."""
_ZONED = "TIMESTAMP WITH TIME ZONE"
"""Times were of this type, and are in UTC without a zone now: Python's DuckDB needs another package to show a zone."""


def table_folder(table: Path) -> Path:
    """Where the Parquet of a table, ``<file>/<schema>/<table>``, is today."""
    file, schema, name = table.parts
    return Path(file, _RENAMED_SCHEMAS.get((file, schema), schema), name)


def is_of_today(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether a database can be continued as it is: its storage format, its schemas, and the types of its columns."""
    connection.execute(f"attach {literal(path)} as earlier (read_only)")
    [(is_it,)] = connection.execute(
        "select tags['storage_version'] = ? from duckdb_databases() where database_name = 'earlier'",
        [f"{PUBLISHED_VERSION}+"],
    ).fetchall()
    columns = _columns(connection)
    connection.execute("detach earlier")
    return bool(is_it) and not any(
        (path.stem, schema) in _RENAMED_SCHEMAS or data_type == _ZONED for schema, _, _, data_type in columns
    )


def hand_over_tables(connection: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> None:
    """Writes the tables of a database as Parquet, ``<schema>/<table>.parquet``, as they would be today."""
    connection.execute(f"attach {literal(path)} as earlier (read_only)")
    tables: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, data_type in _columns(connection):
        tables.setdefault((schema, table), {})[column] = data_type
    for (schema, table), types in tables.items():
        target = folder / _RENAMED_SCHEMAS.get((path.stem, schema), schema) / f"{table}.parquet"
        source = f"earlier.{identifier(schema)}.{identifier(table)}"
        write_parquet(connection, _in_utc([name for name in types if types[name] == _ZONED], source), target)
    connection.execute("detach earlier")


def with_zoned_times(connection: duckdb.DuckDBPyConnection, files: Mapping[Path, Path]) -> dict[Path, list[str]]:
    """Of tables, each with one of its Parquet files, those that have times with a zone, and in which columns."""
    found = connection.execute(
        "select file_name, list(name) from parquet_schema(?)"
        " where logical_type like '%isAdjustedToUTC=1%' group by all",
        [list(map(str, files.values()))],
    ).fetchall()
    columns = dict(found)
    return {table: columns[str(file)] for table, file in files.items() if str(file) in columns}


def rewrite_in_utc(connection: duckdb.DuckDBPyConnection, zoned: Sequence[str], source: Path, target: Path) -> None:
    """Writes a Parquet file again, without the zones of these columns."""
    write_parquet(connection, _in_utc(zoned, f"read_parquet({literal(source)}, hive_partitioning = false)"), target)


def drop_unpublished(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Drops what a copied file, attached as ``release``, has besides its tables and views of today."""
    found = connection.execute(
        "select schema_name, list(table_name) from duckdb_schemas() as schemas"
        " left join duckdb_tables() using (database_name, schema_name)"
        " where database_name = 'release' and not schemas.internal group by all"
    ).fetchall()
    for schema, names in found:
        for table in names:
            if table and f"{schema}.{table}" not in tables:
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


def _columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str]]:
    """Schema, table, name, and type of each column of the tables of ``earlier``."""
    return connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " semi join duckdb_tables() using (database_name, schema_name, table_name)"
        " where database_name = 'earlier' order by all"
    ).fetchall()


def _in_utc(zoned: Sequence[str], source: str) -> str:
    columns = ", ".join(f"timezone('UTC', {identifier(column)}) as {identifier(column)}" for column in zoned)
    return f"select * replace ({columns}) from {source}" if columns else f"from {source}"
