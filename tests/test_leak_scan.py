"""The leak scan finds a value in every kind of file."""

import gzip
import sqlite3
import zlib
from pathlib import Path

import duckdb
from leak_scan import traces

MARK = "zqlast"


def test_marks_are_found_in_every_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"who: {MARK.upper()}é\n")
    (tmp_path / "wide").write_text(f"who: {MARK}", encoding="utf-16-le")
    (tmp_path / "log.gz").write_bytes(gzip.compress(MARK.encode()))
    rows = f"(select '{MARK}' || repeat('x', 1000) as name from range(1000))"
    duckdb.sql(f"copy {rows} to '{tmp_path}/rows.parquet' (format parquet, compression zstd)")
    with duckdb.connect(str(tmp_path / "rows.duckdb")) as connection:
        connection.execute(f"create schema inner_one; create table inner_one.people as from {rows}")
    with sqlite3.connect(tmp_path / "events.db") as events:
        events.execute("create table events (body)")
        events.execute("insert into events values (?)", [zlib.compress(MARK.encode())])
    events.close()
    (tmp_path / "clean").write_text("nobody")
    found = {trace.split(":")[0] for trace in traces(tmp_path, ["nowhere", MARK])}
    assert found == {"log", "wide", "log.gz", "rows.parquet", "rows.duckdb", "events.db"}
    assert traces(tmp_path, ["nowhere"]) == []
