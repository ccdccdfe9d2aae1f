"""Searches every file for values: in its bytes, and in the decoded contents of databases, Parquet and gzip.

In any case, in UTF-8 and UTF-16.
"""

import gzip
import re
import sqlite3
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

import duckdb


def traces(folder: Path, marks: Collection[str], but: Collection[Path] = ()) -> list[str]:
    """The files below a folder, except some, that contain one of the marks, each with the first one found."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or any(path.is_relative_to(other) for other in but):
            continue
        for text in _texts(path, marks):
            found.append(f"{path.relative_to(folder)}: {text}")
            break
    return found


def _texts(path: Path, marks: Collection[str]) -> Iterator[str]:
    content = path.read_bytes()
    yield from _in_bytes(content, marks)
    if content.startswith(b"PAR1"):
        yield from _in_relation(f"read_parquet('{path}', hive_partitioning = false)", marks)
    elif content[8:12] == b"DUCK":
        with duckdb.connect() as connection:
            connection.execute(f"attach '{path}' as it (read_only)")
            tables = connection.execute(
                'select format(\'it."{}"."{}"\', schema_name, table_name) from duckdb_tables()'
                " where database_name = 'it'"
            ).fetchall()
            for (table,) in tables:
                yield from _in_relation(table, marks, connection)
    elif content.startswith(b"SQLite format 3"):
        yield from _in_sqlite(path, marks)
    elif content.startswith(b"\x1f\x8b"):
        yield from _in_bytes(gzip.decompress(content), marks)


def _in_bytes(content: bytes, marks: Collection[str]) -> Iterator[str]:
    searched = content.lower()
    for mark in marks:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            if (position := searched.find(mark.lower().encode(encoding))) >= 0:
                yield content[max(0, position - 60) : position + 60].decode(errors="replace")


def _in_relation(
    relation: str, marks: Collection[str], connection: duckdb.DuckDBPyConnection | None = None
) -> Iterator[str]:
    pattern = "|".join(re.escape(mark) for mark in marks)
    rows = (connection or duckdb).execute(
        f"select cast(it as varchar) from {relation} as it where regexp_matches(cast(it as varchar), ?, 'i') limit 1",
        [pattern],
    )
    yield from (row[0] for row in rows.fetchall())


def _in_sqlite(path: Path, marks: Collection[str]) -> Iterator[str]:
    """Dagster compresses some of the values that it stores."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.text_factory = bytes
    for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
        for row in connection.execute(f'select * from "{table.decode()}"'):
            for value in row:
                if isinstance(value, bytes):
                    yield from _in_bytes(_inflated(value), marks)
    connection.close()


def _inflated(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value
