"""The declared keys are keys, every reference finds its row, and the page and the data package say the same."""

import json
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, Sample

from orchestration.publishing.data_package import NAME, write_data_packages
from orchestration.state.database import identifier
from orchestration.warehouse.data_model import PAGE, page, references
from orchestration.warehouse.dbt_project import Mart, marts


@pytest.fixture(scope="module")
def tables(sample: Sample) -> list[Mart]:
    return marts(sample.settings)


@pytest.fixture(scope="module")
def published(sample: Sample) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for file in ("dashboard", "customers"):
        connection.execute(f"attach '{sample.home}/published/{file}.duckdb' as {file} (read_only)")
    return connection


def relation(table: Mart) -> str:
    return f"{table.published_in}.{table.relation}"


def test_the_page_is_up_to_date(tables: list[Mart]) -> None:
    assert PAGE.read_text() == page(tables), "run make contract"


def test_every_table_has_a_key_and_no_two_rows_share_it(
    tables: list[Mart], published: duckdb.DuckDBPyConnection
) -> None:
    for table in tables:
        assert table.grain, table.key
        key = ", ".join(map(identifier, table.grain))
        repeated = published.execute(f"select {key} from {relation(table)} group by all having count(*) > 1").fetchall()
        assert repeated == [], table.key


def test_every_reference_finds_its_row(tables: list[Mart], published: duckdb.DuckDBPyConnection) -> None:
    checked = set()
    for table in tables:
        for found in references(table, tables):
            same = " and ".join(
                f"facts.{identifier(column)} = dimension.{identifier(key)}"
                for column, key in zip(found.columns, found.to.grain, strict=True)
            )
            filled = " and ".join(f"facts.{identifier(column)} is not null" for column in found.columns)
            [(lost,)] = published.execute(
                f"select count(*) from {relation(table)} as facts"
                f" where {filled} and not exists (select 1 from {relation(found.to)} as dimension where {same})"
            ).fetchall()
            assert lost == 0, f"{table.key} {found.columns}"
            checked.add((table.key, found.columns))
    assert ("sections.flow", ("to_line_key",)) in checked
    assert ("lists.line_customers", ("customer_id",)) in checked
    assert ("lists.line_customers", ("line_key",)) in checked
    assert ("sections.dashboard", ("line_key",)) not in checked, "its totals are no lines"
    assert ("sections.history", ("scope_type", "scope_id")) not in checked, "a past scope may be gone"


@pytest.mark.parametrize("file", ["dashboard", "customers"])
def test_the_data_package_describes_the_parquet_beside_it(
    sample: Sample, tables: list[Mart], published: duckdb.DuckDBPyConnection, file: str
) -> None:
    folder = sample.home / "published" / "parquet" / file
    package = json.loads((folder / NAME).read_text())
    resources = {resource["name"]: resource for resource in package["resources"]}
    of_file = [table for table in tables if table.published_in == file and not table.is_view]
    assert set(resources) == {table.key.replace("_", "-") for table in of_file}
    for table in of_file:
        resource = resources[table.key.replace("_", "-")]
        paths = [str(folder / path) for path in resource["path"]]
        names = [field["name"] for field in resource["schema"]["fields"]]
        assert names == list(table.columns)
        key = resource["schema"].get("primaryKey") or resource["schema"]["uniqueKeys"][0]
        assert key == list(table.grain)
        required = {field["name"] for field in resource["schema"]["fields"] if "constraints" in field}
        assert ("primaryKey" in resource["schema"]) == (required >= set(key))
        [(count,)] = published.execute(f"select count(*) from {relation(table)}").fetchall()
        if paths:
            read = published.execute("select count(*) from read_parquet(?, hive_partitioning = false)", [paths])
            assert read.fetchall() == [(count,)], table.key
            described = published.execute(
                "select name from parquet_schema(?) where num_children is null", [paths[0]]
            ).fetchall()
            assert [name for (name,) in described] == names
        else:
            assert count == 0
        for foreign in resource["schema"].get("foreignKeys", []):
            assert foreign["reference"]["resource"] in resources
            assert set(foreign["fields"]) <= set(names)


def test_what_is_linked_elsewhere_is_not_written_into(tables: list[Mart], tmp_path: Path) -> None:
    """The spare that a release begins with may be linked from a backup."""
    for file in ("dashboard", "customers"):
        (tmp_path / "spare" / file).mkdir(parents=True)
        (tmp_path / f"{file} in a backup").write_text("as it was")
        (tmp_path / "spare" / file / NAME).hardlink_to(tmp_path / f"{file} in a backup")
    write_data_packages(tmp_path / "spare", DAY, tables)
    for file in ("dashboard", "customers"):
        assert (tmp_path / f"{file} in a backup").read_text() == "as it was"
        assert json.loads((tmp_path / "spare" / file / NAME).read_text())["version"] == str(DAY)
