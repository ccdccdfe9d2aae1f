"""Dagster's record of runs in a real PostgreSQL, and what steps print on an S3 server: the same runs, the same care."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import psycopg
import pytest
from conftest import DAY, Sample
from published_reader import look
from servers import S3
from yacp_command import YACP, clean_environment, yacp

from orchestration.privacy.retention import expire
from orchestration.runs.instance import prepare_instance
from orchestration.settings import Settings
from orchestration.state.releases import current

if TYPE_CHECKING:
    from postgresql_server import Postgresql

LATER = datetime(2126, 11, 23, tzinfo=UTC)
SECRET = "swordfish-of-the-records"


@pytest.fixture
def address(postgresql: "Postgresql") -> Iterator[str]:
    """A new database, and an account that owns it."""
    postgresql.execute(f"create role records login password '{SECRET}'", "create database records owner records")
    yield f"postgresql://records:{SECRET}@127.0.0.1:{postgresql.port}/records"
    postgresql.execute("drop database records with (force)", "drop role records")


@pytest.fixture
def mine(sample: Sample, tmp_path: Path) -> Sample:
    return sample.copy(tmp_path)


def statuses(address: str) -> list[str]:
    with psycopg.connect(address) as connection:
        return [status for (status,) in connection.execute("select status from runs order by id")]


@contextmanager
def instance_of(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for variable in ("DAGSTER_HOME", "YACP_DAGSTER_DATABASE"):
        monkeypatch.setenv(variable, "")
    prepare_instance(config)
    with dg.DagsterInstance.get() as instance:
        yield instance


@dg.asset
def talkative() -> None:
    print("output of a step")


def test_a_day_is_published_with_its_record_in_postgresql(mine: Sample, address: str, tmp_path: Path) -> None:
    before = current(mine.settings)
    file = tmp_path / "address"
    file.write_text(f"{address}\n")
    files_before = {path.name for path in (mine.home / "dagster" / "history").rglob("*.db")}
    variables = {"YACP_DAGSTER_DATABASE_FILE": str(file), "YACP_DAGSTER_LOGS": str(tmp_path / "output")}
    run = yacp(mine.home, "run", "--as-of", str(DAY), extracts=mine.extracts, variables=variables)
    assert run.returncode == 0, run.stderr
    assert statuses(address) == ["SUCCESS"]
    assert current(mine.settings) != before
    assert {path.name for path in (mine.home / "dagster" / "history").rglob("*.db")} == files_before
    assert list((tmp_path / "output").rglob("*.out"))
    status = yacp(mine.home, "status", extracts=mine.extracts, variables=variables)
    assert str(DAY) in status.stdout
    doctor = yacp(mine.home, "doctor", extracts=mine.extracts, variables=variables)
    assert re.search(r"dagster\.yaml.*records in PostgreSQL", doctor.stdout)
    kept = [path for path in mine.home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert kept == []
    assert SECRET not in run.stderr + status.stdout + doctor.stdout


def test_a_server_that_goes_away_during_a_run_costs_only_the_run(
    mine: Sample, address: str, postgresql: "Postgresql"
) -> None:
    before, variables = look(mine.home / "published"), {"YACP_DAGSTER_DATABASE": address}
    arguments = [str(YACP), "run", "--as-of", str(DAY)]
    environment = clean_environment(mine.home, mine.extracts, **variables)
    with subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_for_steps(address)
        postgresql.control("-m", "immediate", "stop")
        _, said = process.communicate(timeout=300)
    try:
        assert process.returncode == 1, said
        assert "The database with Dagster's record of runs can't be used: " in said
        assert "Traceback" not in said
        assert SECRET not in said
        assert look(mine.home / "published") == before
        refused = yacp(mine.home, "run", "--as-of", str(DAY), extracts=mine.extracts, variables=variables)
        assert refused.returncode == 1
        assert "Connection refused. Nothing that is published depends on it." in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr
    finally:
        postgresql.start()
    run = yacp(mine.home, "run", "--as-of", str(DAY), extracts=mine.extracts, variables=variables)
    assert run.returncode == 0, run.stderr
    assert statuses(address) == ["FAILURE", "SUCCESS"]


def wait_for_steps(address: str) -> None:
    for _ in range(600):
        with psycopg.connect(address) as connection:
            made = connection.execute("select to_regclass('event_logs')").fetchone()
            if made and made[0]:
                found = connection.execute("select count(*) from event_logs where dagster_event_type = 'STEP_START'")
                [(steps,)] = found.fetchall()
                if steps:
                    return
        time.sleep(0.1)
    pytest.fail("no step has started")


def test_a_wrong_password_is_one_sentence(config: Settings, address: str) -> None:
    config.dagster_home.mkdir(parents=True)
    wrong = address.replace(SECRET, f"not-{SECRET}")
    done = yacp(config.state, "status", variables={"YACP_DAGSTER_DATABASE": wrong})
    assert done.returncode == 1
    assert 'password authentication failed for user "records". Nothing that is published' in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert SECRET not in done.stderr


def test_retention_removes_runs_and_output_from_postgresql_and_a_folder(
    config: Settings, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YACP_DAGSTER_DATABASE", address)
    logs = tmp_path / "output"
    given = Settings(home=config.home, extracts=config.extracts, dagster_logs=str(logs))
    with instance_of(given, monkeypatch) as instance:
        run = dg.materialize([talkative], instance=instance).run_id
        assert "output of a step" in "".join(path.read_text() for path in logs.rglob("*.out"))
        removed = expire(given, instance, LATER)
        assert [(what, name) for what, name, *_ in removed.rows] == [("run", run)]
        assert instance.get_run_by_id(run) is None
    assert list(logs.rglob("*.out")) == []
    with psycopg.connect(address) as connection:
        assert connection.execute("select count(*) from event_logs").fetchone() == (0,)


def test_output_on_s3_is_written_and_removed_and_may_fail(
    config: Settings, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.credentials.items():
        monkeypatch.setenv(name, value)
    client = s3.client("s3")
    client.create_bucket(Bucket="output")
    given = config.model_copy(update={"dagster_logs": "s3://output/yacp", "s3_endpoint": f"http://127.0.0.1:{s3.port}"})

    def there() -> list[str]:
        return [each["Key"] for each in client.list_objects_v2(Bucket="output").get("Contents", [])]

    with instance_of(given, monkeypatch) as instance:
        run = dg.materialize([talkative], instance=instance).run_id
        [key] = [key for key in there() if key.endswith(".out")]
        assert key.startswith(f"yacp/storage/{run}/")
        assert b"output of a step" in client.get_object(Bucket="output", Key=key)["Body"].read()
        expire(given, instance, LATER)
        assert there() == []
        assert list(config.dagster_home.rglob("*.out")) == []
        client.delete_bucket(Bucket="output")
        assert dg.materialize([talkative], instance=instance).success
