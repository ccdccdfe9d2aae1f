"""What executors on other machines read and write goes by a bucket and leaves it; what is missing is a sentence."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import pytest
from conftest import yacp

from orchestration.failures import UsageError
from orchestration.settings import Settings
from orchestration.spark import session
from orchestration.spark.workspace import create, newest, remove

if TYPE_CHECKING:
    from servers import Place


def test_executors_elsewhere_read_and_write_in_the_storage_and_nothing_stays_there(
    on_s3: "Place", tmp_path: Path
) -> None:
    config = on_s3.config(tmp_path / "home", spark_storage=f"{on_s3.url}/spark")
    config.state.mkdir()
    given = tmp_path / "customers.parquet"
    given.write_bytes(b"given")
    bucket = fsspec.filesystem(
        "s3", endpoint_url=config.s3_endpoint, skip_instance_cache=True, use_listings_cache=False
    )

    place = create(config)
    read_at = place.share(given)
    assert read_at.startswith("s3a://")  # as Hadoop names it
    assert bucket.cat_file(read_at.replace("s3a://", "s3://")) == b"given"

    bucket.pipe_file(f"{place.warehouse.replace('s3a://', 's3://')}/sections.db/history/part-0.parquet", b"made")
    folder = newest(config).table("sections", "history")
    assert folder.is_relative_to(config.spark)
    assert [path.read_bytes() for path in folder.iterdir()] == [b"made"]

    remove(config)
    assert bucket.find(f"{on_s3.url}/spark") == []
    assert not config.spark.exists()


def test_a_storage_that_is_not_there_is_told_in_a_sentence(on_s3: "Place", tmp_path: Path) -> None:
    config = on_s3.config(tmp_path / "home", spark_storage="s3://nobodys-bucket/spark")
    config.state.mkdir()
    given = tmp_path / "customers.parquet"
    given.write_bytes(b"given")
    with pytest.raises(UsageError, match=r"s3://nobodys-bucket/spark \(YACP_SPARK_STORAGE\) can't be used"):
        create(config).share(given)


def test_without_a_storage_executors_read_the_archive_where_it_is(tmp_path: Path) -> None:
    config = Settings(home=tmp_path)
    place = create(config)
    assert place.share(tmp_path / "customers.parquet") == str(tmp_path / "customers.parquet")
    assert place.folder.stat().st_mode & 0o777 == 0o700
    before = place.folder / "inputs" / "left.parquet"
    before.touch()
    assert create(config).folder.exists()
    assert not before.exists()


def test_doctor_says_that_java_is_missing(tmp_path: Path) -> None:
    result = yacp(tmp_path / "home", "doctor", variables={"YACP_ENGINE": "spark", "JAVA_HOME": str(tmp_path)})
    assert result.returncode == 2
    assert "needs Java 17 or later" in " ".join(result.stdout.split())


def test_a_missing_extra_is_told_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(session, "version", version)
    with pytest.raises(UsageError, match=r"Spark isn't installed here.*requirements/spark\.txt"):
        session.require()
