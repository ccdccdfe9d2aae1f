"""Executors on other machines use a bucket that is emptied afterwards; what is missing is reported in a sentence."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import pytest
from conftest import yacp

from orchestration.failures import UsageError
from orchestration.settings import Settings
from orchestration.spark import session
from orchestration.spark.workspace import create_workspace, delete_workspaces, newest_workspace

if TYPE_CHECKING:
    from servers import Place


def test_executors_on_other_machines_use_the_storage_and_nothing_stays_there(on_s3: "Place", tmp_path: Path) -> None:
    config = on_s3.config(tmp_path / "home", spark_storage=f"{on_s3.url}/spark")
    config.state.mkdir()
    given = tmp_path / "customers.parquet"
    given.write_bytes(b"given")
    bucket = fsspec.filesystem(
        "s3", endpoint_url=config.s3_endpoint, skip_instance_cache=True, use_listings_cache=False
    )

    workspace = create_workspace(config)
    read_at = workspace.share(given)
    assert read_at.startswith("s3a://")  # as Hadoop names it
    assert bucket.cat_file(read_at.replace("s3a://", "s3://")) == b"given"

    bucket.pipe_file(f"{workspace.warehouse.replace('s3a://', 's3://')}/sections.db/history/part-0.parquet", b"made")
    folder = newest_workspace(config).table("sections", "history")
    assert folder.is_relative_to(config.spark)
    assert [path.read_bytes() for path in folder.iterdir()] == [b"made"]

    delete_workspaces(config)
    assert bucket.find(f"{on_s3.url}/spark") == []
    assert not config.spark.exists()


def test_a_missing_storage_is_reported_in_a_sentence(on_s3: "Place", tmp_path: Path) -> None:
    config = on_s3.config(tmp_path / "home", spark_storage="s3://nobodys-bucket/spark")
    config.state.mkdir()
    given = tmp_path / "customers.parquet"
    given.write_bytes(b"given")
    with pytest.raises(UsageError, match=r"s3://nobodys-bucket/spark \(YACP_SPARK_STORAGE\) can't be used"):
        create_workspace(config).share(given)


def test_without_a_storage_executors_read_the_archive_where_it_is(tmp_path: Path) -> None:
    config = Settings(home=tmp_path)
    workspace = create_workspace(config)
    assert workspace.share(tmp_path / "customers.parquet") == str(tmp_path / "customers.parquet")
    assert workspace.folder.stat().st_mode & 0o777 == 0o700
    before = workspace.folder / "inputs" / "left.parquet"
    before.touch()
    assert create_workspace(config).folder.exists()
    assert not before.exists()


def test_doctor_says_that_java_is_missing(tmp_path: Path) -> None:
    result = yacp(tmp_path / "home", "doctor", variables={"YACP_ENGINE": "spark", "JAVA_HOME": str(tmp_path)})
    assert result.returncode == 2
    assert "needs Java 17 or later" in " ".join(result.stdout.split())


def test_a_missing_extra_is_reported_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(session, "version", version)
    with pytest.raises(UsageError, match=r"Spark isn't installed here.*requirements/spark\.txt"):
        session.require_spark()
