"""Both engines publish the same rows from the same deliveries, also when an executor dies during the run.

Spark runs two executors as processes of a local cluster, as it would on other machines.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import psutil
import pytest
from conftest import DAY, YACP, clean_environment, yacp

from orchestration.landing.stand_ins import deliveries_of
from orchestration.sample.generator import generate
from orchestration.settings import PROJECT, Settings
from orchestration.spark.inputs import write_inputs
from orchestration.warehouse.dbt_project import DBT_COMMAND, PROJECT_DIR, environment
from orchestration.warehouse.preparation import prepare

FIRST = DAY - timedelta(days=2)
HERE = Path(__file__).parent
ON_SPARK = {
    "YACP_ENGINE": "spark",
    "YACP_SPARK_MASTER": "local-cluster[2,1,1024]",
    "YACP_SPARK_CONF": str(HERE / "small.conf"),
}
EXECUTOR = "CoarseGrainedExecutorBackend"


@dataclass(frozen=True)
class Engines:
    """A state folder for each engine, with the same three days published."""

    root: Path

    @property
    def extracts(self) -> Path:
        return self.root / "extracts"

    @property
    def duckdb(self) -> Path:
        return self.root / "duckdb"

    @property
    def spark(self) -> Path:
        return self.root / "spark"

    @property
    def spark_before(self) -> Path:
        """A copy of the one on Spark from before the last day."""
        return self.root / "spark_before"

    def run(self, home: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> None:
        result = yacp(home, *arguments, extracts=self.extracts, variables=variables)
        assert result.returncode == 0, f"{result.stderr}\n{_spark_errors(home)}"


def _spark_errors(home: Path) -> str:
    """What Spark logged of its errors: dbt's log doesn't have it. The people of these tests are invented."""
    lines = [line for log in home.glob("spark/*/spark.log") for line in log.read_text().splitlines()]
    return "\n".join([line[:300] for line in lines if re.search(r"Error|Exception|Caused by", line)][:20])


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Engines:
    engines = Engines(tmp_path_factory.mktemp("engines"))
    generate(engines.extracts, customers=2000, as_of=DAY, days=3, seed=11, faults=True)
    engines.run(engines.duckdb, "backfill", str(FIRST), str(DAY))
    shutil.copytree(engines.duckdb / "archive", engines.spark / "archive")  # landed once, at the same time
    engines.run(engines.spark, "backfill", str(FIRST), str(DAY - timedelta(days=1)), variables=ON_SPARK)
    shutil.copytree(engines.spark, engines.spark_before, symlinks=True)
    engines.run(engines.spark, "run", "--as-of", str(DAY), variables=ON_SPARK)
    return engines


def differences(one: Path, other: Path) -> dict[str, object]:
    """The differences between published files, by table and Parquet file: columns, types, rows that only one has."""
    found: dict[str, object] = {}
    with duckdb.connect() as connection:
        for file in ("dashboard", "customers"):
            for name, home in (("one", one), ("other", other)):
                connection.execute(f"attach '{home}/published/{file}.duckdb' as {name} (read_only)")
            tables = [_tables(connection, name) for name in ("one", "other")]
            assert tables[0] == tables[1]
            for table in tables[0]:
                found |= _difference(connection, table, f"one.{table}", f"other.{table}")
            connection.execute("detach one; detach other")
        parquet = [{path.relative_to(home) for path in _parquet(home)} for home in (one, other)]
        assert parquet[0] == parquet[1]
        assert len(parquet[0]) > len(tables[0])
        for path in parquet[0]:
            found |= _difference(connection, str(path), f"'{one / path}'", f"'{other / path}'")
    return found


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables where table_catalog = ? order by all",
        [database],
    ).fetchall()
    return [str(row[0]) for row in rows]


def _parquet(home: Path) -> list[Path]:
    return list((home / "published" / "parquet").rglob("*.parquet"))


def _difference(connection: duckdb.DuckDBPyConnection, name: str, one: str, other: str) -> dict[str, object]:
    columns = [connection.execute(f"describe from {relation}").fetchall() for relation in (one, other)]
    if columns[0] != columns[1]:
        return {name: columns}
    rows = [
        connection.execute(f"select count(*) from (from {left} except all from {right})").fetchone()
        for left, right in ((one, other), (other, one))
    ]
    return {} if rows == [(0,), (0,)] else {name: rows}


def test_both_engines_publish_the_same_rows(engines: Engines) -> None:
    assert differences(engines.duckdb, engines.spark) == {}
    with duckdb.connect(str(engines.spark / "published" / "dashboard.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(distinct as_of_date) from sections.history").fetchone() == (3,)
        for table in ("sections.flow", "sections.movement", "sections.waiting", "quality.checks"):
            assert connection.execute(f"select count(*) > 0 from {table}").fetchone() == (True,)


def test_spark_leaves_nothing_but_in_its_own_folder(engines: Engines) -> None:
    (workspace,) = (engines.spark / "spark").iterdir()
    assert workspace.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in workspace.iterdir()} >= {"inputs", "warehouse", "home", "spark.log"}
    assert list((workspace / "home" / "work").glob("app-*/*/stderr")), "the executors' logs are somewhere else"
    for name in ("metastore_db", "spark-warehouse", "derby.log", "artifacts"):
        assert not (PROJECT / name).exists()
        assert not (PROJECT / "dbt_project" / name).exists()


def test_a_day_ends_right_when_an_executor_dies_on_the_way(engines: Engines) -> None:
    home = engines.spark_before
    run = subprocess.Popen(
        [str(YACP), "run", "--as-of", str(DAY)],
        env=clean_environment(home, engines.extracts, **ON_SPARK),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    killed = _kill_an_executor(run, home)
    successors = set()
    while run.poll() is None:
        successors |= {executor.pid for executor in _executors(run)} - killed
        time.sleep(0.5)
    assert run.stderr is not None
    assert run.returncode == 0, run.stderr.read()
    assert len(successors) >= 1 + 1  # the one that was left, and the one that came instead
    assert differences(engines.duckdb, home) == {}


def _kill_an_executor(run: subprocess.Popen[str], home: Path) -> set[int]:
    """Once both work on the customers, so that running tasks and shuffled data are lost."""
    while run.poll() is None:
        executors = _executors(run)
        if len(executors) == 2 and list(home.glob("spark/*/warehouse/intermediate.db/int_customers__*")):
            executors[0].kill()
            return {executors[0].pid}
        time.sleep(0.1)
    raise AssertionError("The run was over before an executor was at work.")


def _executors(run: subprocess.Popen[str]) -> list[psutil.Process]:
    found = []
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(run.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if any(EXECUTOR in argument for argument in process.cmdline()):
                    found.append(process)
    return found


def test_every_unit_test_of_the_rules_holds_on_spark(engines: Engines) -> None:
    """Built together with the relations that they mock, as Spark keeps none."""
    home = engines.root / "rules"
    shutil.copytree(engines.duckdb / "archive", home / "archive")
    config = Settings(home=home, engine="spark", spark_conf=HERE / "small.conf")
    deliveries = deliveries_of(config, DAY)
    prepare(config, deliveries)
    write_inputs(config, deliveries)
    own = {"YACP_HOME": str(home), "YACP_SPARK_CONF": ON_SPARK["YACP_SPARK_CONF"]}
    result = subprocess.run(
        [*DBT_COMMAND, "--no-use-colors", "build", "--exclude-resource-type", "test"],
        env={**os.environ, **own, **environment(config, str(DAY), engine="spark")},
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout}\n{_spark_errors(home)}"
    results = json.loads((config.dbt_target / "run_results.json").read_text())["results"]
    tried = {found["unique_id"]: found["status"] for found in results if found["unique_id"].startswith("unit_test.")}
    assert len(tried) >= 45
    assert set(tried.values()) == {"pass"}
