"""Spark turns every character into what DuckDB turns it into, so that names compare the same on both engines."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from dbt.cli.main import dbtRunner

from orchestration.settings import Settings
from orchestration.spark.session import session
from orchestration.spark.unicode_tables import MACROS, characters, macros
from orchestration.spark.workspace import create_workspace
from orchestration.warehouse.dbt_project import environment

COMPARED = ("name_key", "service_name_key", "lower_case")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    config = Settings(home=tmp_path, engine="spark", threads=1)
    for name, value in environment(config, "2026-11-23").items():
        monkeypatch.setenv(name, value)
    config.state.mkdir(exist_ok=True)
    return config


@pytest.fixture
def spark(home: Settings) -> Iterator[None]:
    create_workspace(home).views.write_text(json.dumps({}))
    with session(home):
        yield


def compiled(engine: str, macro: str) -> str:
    """The macro's SQL for the engine, as in the models."""
    result = dbtRunner().invoke(
        ["--quiet", "compile", "--target", engine, "--inline", f'{{{{ {macro}("letter") }}}}', "--no-populate-cache"]
    )
    assert result.success, result.exception
    return str(result.result.results[0].node.compiled_code)  # type: ignore[union-attr]


def test_the_macros_are_of_this_duckdb() -> None:
    assert MACROS.read_text() == macros(), "python -m orchestration.spark.unicode_tables rewrites them"


def test_every_character_compares_as_in_duckdb(home: Settings, spark: None, tmp_path: Path) -> None:
    from pyspark.sql import SparkSession

    path = tmp_path / "letters.parquet"
    columns = ", ".join(f"{compiled('duckdb', macro)} as {macro}" for macro in COMPARED)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select letter, {columns} from (select unnest(?) as letter)) to '{path}'", [characters()]
        )
    session = SparkSession.builder.getOrCreate()
    for macro in COMPARED:
        others = session.sql(
            f"select letter from parquet.`{path}` where not ({compiled('spark', macro)} <=> {macro})"
        ).collect()
        assert [f"U+{ord(row.letter):04X}" for row in others] == [], macro
