"""The published databases: what their views may be, what writes them, and those that earlier versions wrote."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Sample
from pipeline_runs import content

from orchestration.publishing import live_views, release_databases
from orchestration.publishing.publish import publish
from orchestration.publishing.release_files import LINK_POOL
from orchestration.settings import Settings
from orchestration.state import fresh_process
from orchestration.state.releases import Release, latest
from orchestration.warehouse.dbt_project import compiled_marts


@pytest.fixture
def mine(sample: Sample, tmp_path: Path) -> Sample:
    return sample.copy(tmp_path)


def newest(config: Settings) -> Release:
    release = latest(config)
    assert release is not None
    return release


def holds_a_union(node: Any, of: str = "") -> bool:
    """Whether a node of a query is a set operation, or holds one; with ``of``, only inside a set operation."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    is_union = isinstance(node, dict) and node.get("type") == "SET_OPERATION_NODE"
    if is_union and not of:
        return True
    return any(holds_a_union(child, "" if is_union else of) for child in children)


@pytest.mark.parametrize("file", ["dashboard", "customers", "following/dashboard", "following/customers"])
def test_no_view_nests_a_union(sample: Sample, file: str) -> None:
    """DuckDB 1.1 to 1.4 lose rows of a union within a union."""
    views = sample.query(
        file,
        "select view_name, json_serialize_sql(regexp_replace(sql, '^CREATE VIEW .*? AS ', '', 's'))"
        " from duckdb_views() where database_name = 'it' and not internal",
    )
    assert views or file == "customers"
    for name, query in views:
        parsed = json.loads(str(query))
        assert not parsed["error"], parsed
        assert not holds_a_union(parsed, of="union"), name


def test_the_view_of_all_sections_has_the_rows_of_their_tables(sample: Sample) -> None:
    sections = [key for (key,) in sample.query("dashboard", "select section_key from it.reference.sections")]
    rows = [row for section in sections for row in sample.query("dashboard", f"from it.sections.{section}")]
    assert sorted(map(repr, rows)) == sorted(map(repr, sample.query("dashboard", "from it.sections.dashboard")))


def test_no_column_needs_a_library_for_time_zones(sample: Sample) -> None:
    for file in ("dashboard", "customers", "following/dashboard", "following/customers"):
        types = sample.query(file, "select distinct data_type from duckdb_columns() where database_name = 'it'")
        assert not [name for (name,) in types if "ZONE" in str(name)]


def test_databases_are_written_by_processes_that_read_nothing_else(
    mine: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, which reads the lists, a database could not even be created."""
    for module in (release_databases, fresh_process):
        monkeypatch.setattr(module, "PUBLISHED_FORMAT", "storage_version 'none'")
    monkeypatch.setattr(live_views, "_LEAD_SECONDS", 0)
    publish(mine.settings, DAY, compiled_marts(mine.settings), "run")
    assert newest(mine.settings).number > 1


def make_earlier(release: Release) -> None:
    """Gives a release the layout of an earlier version: storage format, a schema, a view, a type, another table."""
    for file, schemas in (("dashboard", {}), ("customers", {"lists": "customers"})):
        path = release.file(file).resolve()
        with duckdb.connect() as older:
            older.execute("set TimeZone = 'America/Chicago'")
            older.execute(f"attach '{path}' as it (read_only)")
            older.execute(f"attach '{path}.earlier' as earlier (storage_version 'v1.0.0')")
            tables = older.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'it'"
            ).fetchall()
            for schema, table in tables:
                target = f"earlier.{schemas.get(schema, schema)}"
                older.execute(f"create schema if not exists {target}")
                older.execute(f"create table {target}.{table} as from it.{schema}.{table}")
            if file == "dashboard":
                older.execute("create table earlier.sections.headings as select 1 as section_number")
                older.execute("use earlier.sections")
                older.execute(
                    "create view dashboard as from application_status"
                    " union all from suitability_review union all from enrollment_status"
                )
                older.execute(
                    "alter table earlier.quality.deliveries alter loaded_at"
                    " type timestamp with time zone using timezone('UTC', loaded_at)"
                )
                older.execute("use memory")
                for parquet in release.folder.glob("parquet/dashboard/quality/deliveries/*/*.parquet"):
                    sql = f"select * replace (timezone('UTC', loaded_at) as loaded_at) from read_parquet('{parquet}')"
                    older.execute(f"copy ({sql}) to '{parquet}.earlier' (format parquet)")
                    Path(f"{parquet}.earlier").replace(parquet)
        Path(f"{path}.earlier").replace(path)
    (release.folder / "parquet/customers/lists").rename(release.folder / "parquet/customers/customers")
    (release.folder / "parquet/dashboard/sections/headings/as_of_date=2026-11-23").mkdir(parents=True)


@pytest.mark.parametrize("day", [DAY, DAY_BEFORE], ids=["newest", "older"])
def test_a_release_of_an_earlier_layout_is_brought_up_to_date(mine: Sample, tmp_path: Path, day: object) -> None:
    """A release that begins from one equals a release that begins from one of today, to the row."""
    earlier = mine.copy(tmp_path / "earlier")
    make_earlier(newest(earlier.settings))
    shutil.rmtree(earlier.settings.published / "releases" / LINK_POOL, ignore_errors=True)
    for checksums in earlier.settings.published.glob("**/checksums.json"):  # earlier versions recorded none
        checksums.unlink()
    found = []
    for sample in (mine, earlier):
        publish(sample.settings, day, compiled_marts(sample.settings), "run")
        release = newest(sample.settings)
        found.append((content(release.folder), times_of(release)))
    assert found[1] == found[0]
    assert not [name for name in found[1][0] if "headings" in name or "customers.customers" in name]


def times_of(release: Release) -> list[list[tuple[object, ...]]]:
    """When files were landed, from the database and from the Parquet of all days."""
    parquet = release.folder / "parquet/dashboard/quality/deliveries/*/*.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{release.file('dashboard')}' as it (read_only)")
        tags = connection.execute("select tags from duckdb_databases() where database_name = 'it'").fetchall()
        assert tags == [({"storage_version": "v1.4.0+"},)]
        return [
            connection.execute(f"select file, loaded_at from {source} order by all").fetchall()
            for source in ("it.quality.deliveries", f"read_parquet('{parquet}', hive_partitioning = false)")
        ]
