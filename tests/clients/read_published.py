"""Reads every published table with one client, and prints what it read as JSON.

A client runs in a Python without the project, so this script imports nothing of it. Each place, a database or the
folder of Parquet, gets its tables with their number of rows and a digest of all their values, or why it was refused.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

DATABASES = ("dashboard", "customers", "following/dashboard", "following/customers")
THREADS = (1, 2, 8)
TABLES = "select table_schema, table_name from information_schema.tables order by all"
SYSTEM_SCHEMAS = ("information_schema", "pg_catalog", "main")
Row = tuple[Any, ...]
Tables = Iterator[tuple[str, Iterable[Row]]]


def digest(rows: Iterable[Row]) -> list[int | str]:
    lines = sorted(map(repr, map(tuple, rows)))
    return [len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()]


def with_duckdb(database: Path, threads: int) -> Tables:
    import duckdb

    with duckdb.connect(str(database), read_only=True, config={"threads": threads}) as connection:
        for schema, table in connection.execute(TABLES).fetchall():
            yield f"{schema}.{table}", connection.execute(f'select * from "{schema}"."{table}"').fetchall()


def with_sqlalchemy(database: Path, threads: int) -> Tables:
    """As Superset does: it asks for schemas, tables, views, and columns; duckdb-engine knows no constraints."""
    from sqlalchemy import column, create_engine, inspect, select, table
    from sqlalchemy.pool import NullPool

    options = {"read_only": True, "config": {"threads": threads}}
    engine = create_engine(f"duckdb:///{database}", connect_args=options, poolclass=NullPool)
    with engine.connect() as connection:
        found = inspect(connection)
        for schema in (name.rpartition(".")[2] for name in found.get_schema_names()):
            if schema not in SYSTEM_SCHEMAS:
                for name in found.get_table_names(schema) + found.get_view_names(schema):
                    columns = [column(each["name"]) for each in found.get_columns(name, schema)]
                    query = select(*columns).select_from(table(name, *columns, schema=schema))
                    yield f"{schema}.{name}", connection.execute(query).fetchall()


def with_ibis(database: Path, threads: int) -> Tables:
    import ibis

    connection = ibis.duckdb.connect(database, read_only=True, threads=threads)
    for schema in connection.list_databases():
        for table in connection.list_tables(database=schema) if schema not in SYSTEM_SCHEMAS else ():
            rows = connection.table(table, database=schema).to_pyarrow().to_pylist()
            yield f"{schema}.{table}", (tuple(row.values()) for row in rows)
    connection.disconnect()


def duckdb_parquet(folder: Path) -> list[Row]:
    import duckdb

    sql = f"from read_parquet('{folder}/*/*.parquet', hive_partitioning = false)"
    return duckdb.connect().execute(sql).fetchall()


def polars_parquet(folder: Path) -> list[Row]:
    import polars

    return polars.read_parquet(f"{folder}/*/*.parquet", hive_partitioning=False).rows()


def pandas_parquet(folder: Path) -> Iterable[Row]:
    import pandas
    import pyarrow

    frame = pandas.read_parquet(folder, partitioning=None, dtype_backend="pyarrow")
    return (tuple(row.values()) for row in pyarrow.Table.from_pandas(frame, preserve_index=False).to_pylist())


OF_DATABASES: dict[str, Callable[[Path, int], Tables]] = {
    "duckdb": with_duckdb,
    "sqlalchemy": with_sqlalchemy,
    "ibis": with_ibis,
}
OF_PARQUET: dict[str, Callable[[Path], Iterable[Row]]] = {
    "duckdb": duckdb_parquet,
    "polars": polars_parquet,
    "pandas": pandas_parquet,
}


def databases(client: str, published: Path, threads: int) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name in DATABASES:
        try:
            tables = OF_DATABASES[client](published / f"{name}.duckdb", threads)
            read[name] = {table: digest(rows) for table, rows in tables}
        except Exception as error:
            read[name] = f"{type(error).__name__}: {error}"
    return read


def parquet(client: str, published: Path) -> dict[str, Any]:
    read = OF_PARQUET[client]
    folders = sorted((published / "parquet").resolve().glob("*/*/*"))
    return {"/".join(folder.parts[-3:]): digest(read(folder)) for folder in folders}


def main() -> None:
    client, published, packages = sys.argv[1], Path(sys.argv[2]), sys.argv[3].split()
    found: dict[str, Any] = {"versions": [version(package) for package in packages]}
    for threads in THREADS if client in OF_DATABASES else ():
        found[f"databases on {threads} threads"] = databases(client, published, threads)
    if client in OF_PARQUET:
        found["parquet"] = parquet(client, published)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
