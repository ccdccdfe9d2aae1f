"""The examples: the sample's people in a foreign shape, pulled, are the sample's deliveries again."""

import runpy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from conftest import DAY_BEFORE, Sample, yacp

from orchestration.contract.systems import SYSTEMS
from orchestration.landing.archive import Archive
from orchestration.landing.intake import land
from orchestration.pulling.pull import pull
from orchestration.settings import PROJECT, Settings

if TYPE_CHECKING:
    from postgresql_server import Postgresql

EXAMPLES = PROJECT / "examples" / "sources"
WITHOUT_ACCENTS = "strip_accents({})"  # Windows-1252 lacks some of the letters
TAKEN_OVER = {"quality.deliveries"}  # it has the names of files and when they were loaded
NAMES = ("first_name", "last_name")


def generate(kind: str) -> Any:
    return runpy.run_path(str(EXAMPLES / kind / "generate.py"))["main"]


def archived(settings: Settings, landed: Settings) -> None:
    """Landed rows are those of the sample, column by column."""
    for system in SYSTEMS:
        expected, found = (Archive(each.archive).newest(system, DAY_BEFORE) for each in (settings, landed))
        assert expected is not None
        assert found is not None
        for extract in system.extracts:
            columns = ", ".join(
                WITHOUT_ACCENTS.format(column.name) if column.name in NAMES else column.name
                for column in extract.columns
            )
            one, other = (f"select {columns} from '{delivery.parquet(extract)}'" for delivery in (expected, found))
            differing = duckdb.sql(f"({one} except all {other}) union all ({other} except all {one})")
            assert differing.count("*").fetchall() == [(0,)], extract.table


def test_a_run_from_files_publishes_the_same_numbers(sample: Sample, tmp_path: Path) -> None:
    home = tmp_path / "home"
    generate("files")(sample.extracts, str(DAY_BEFORE), home / "exports")
    done = yacp(home, "run", variables={"YACP_SOURCES": str(EXAMPLES / "files")})
    assert done.returncode == 0, done.stderr
    before, after = (path / "published" / "dashboard.duckdb" for path in (sample.home_before, home))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{before.resolve()}' as sample (read_only)")
        connection.execute(f"attach '{after.resolve()}' as pulled (read_only)")
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'sample'"
        ).fetchall()
        assert len(tables) > 15
        differing = {
            table
            for (table,) in tables
            for count in connection.execute(
                f"select count(*) from ((from sample.{table} except all from pulled.{table}) union all"
                f" (from pulled.{table} except all from sample.{table}))"
            ).fetchone()
            or ()
            if count
        }
    assert differing <= TAKEN_OVER
    archived(Settings(home=sample.home_before), Settings(home=home))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rows_from_a_database_are_those_of_the_files(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, request: pytest.FixtureRequest
) -> None:
    settings = Settings(home=tmp_path / "home", sources=tmp_path / "sources")
    address = f"sqlite:///{tmp_path / 'people.sqlite'}"
    if kind == "postgresql":
        server: Postgresql = request.getfixturevalue("postgresql")
        address = f"postgresql://owner@/postgres?host={server.folder}&port={server.port}"
    generate("database")(sample.extracts, str(DAY_BEFORE), address)
    monkeypatch.setenv("YACP_EXAMPLE_DATABASE", address)
    shutil.copytree(EXAMPLES / "database", tmp_path / "sources")
    for system in SYSTEMS:
        with (tmp_path / "sources" / system.name / "source.toml").open("a") as profile:
            profile.write("\npast_days = true\n")
        pull(settings, system, DAY_BEFORE)
        land(settings, system, DAY_BEFORE)
    archived(Settings(home=sample.home_before), settings)
