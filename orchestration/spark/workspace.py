"""The folder that a run's Spark reads and writes, one per run: the Java of a dead run can't write into the next run's.

    spark/<run>/inputs/      what DuckDB prepared for the models
    spark/<run>/warehouse/   Spark's output: a folder of Parquet for each model
    spark/<run>/home/        SPARK_HOME: settings, executors' logs
    spark/<run>/local/       spilled data
    spark/<run>/spark.log    Spark's log

Executors on other machines can't read it. ``YACP_SPARK_STORAGE`` is a bucket or a folder that all of them can: inputs
are copied there, and results that later steps need are copied back.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec

from orchestration.failures import NOTHING_PUBLISHED, UsageError, YacpError
from orchestration.settings import Settings
from orchestration.sources import storage  # noqa: F401 - registers the s3 that fsspec opens

_RUN = "yacp-run-"


@dataclass(frozen=True)
class Workspace:
    """A run's folder on this machine, and its folder in the shared storage if there is one."""

    folder: Path
    settings: Settings

    @property
    def warehouse(self) -> str:
        """Where Spark writes its tables."""
        return f"{self._shared}/warehouse"

    @property
    def views(self) -> Path:
        """The file with the query for each source."""
        return self.folder / "views.json"

    @property
    def log(self) -> Path:
        """Spark's log."""
        return self.folder / "spark.log"

    def share(self, file: Path) -> str:
        """The path by which executors read a file of this machine: its own, or that of a copy in the shared storage."""
        if not self.is_shared:
            return str(file)
        name = "-".join(file.parts[-4:])
        with _storage(self.settings) as (filesystem, root):
            folder = f"{root}/{_RUN}{self.folder.name}/inputs"
            filesystem.makedirs(folder, exist_ok=True)
            filesystem.put_file(str(file), f"{folder}/{name}")
        return f"{self._shared}/inputs/{name}"

    def table(self, schema: str, name: str) -> Path:
        """The local folder with the Parquet of a table that Spark wrote."""
        table = f"warehouse/{schema}.db/{name}"
        if self.is_shared:
            with _storage(self.settings) as (filesystem, root):
                (self.folder / table).mkdir(parents=True, exist_ok=True)
                for path in filesystem.glob(f"{root}/{_RUN}{self.folder.name}/{table}/*.parquet"):
                    filesystem.get_file(path, str(self.folder / table / Path(path).name))
        return self.folder / table

    @property
    def is_shared(self) -> bool:
        """Whether executors on other machines use a shared storage."""
        return bool(self.settings.spark_storage)

    @property
    def _shared(self) -> str:
        if not self.is_shared:
            return str(self.folder)
        root = self.settings.spark_storage.rstrip("/")
        return f"{root.replace('s3://', 's3a://', 1)}/{_RUN}{self.folder.name}"  # Hadoop's name for s3


def create_workspace(settings: Settings) -> Workspace:
    """Creates the run's workspace and deletes the last one; if its Java still writes there, the number differs."""
    delete_workspaces(settings)
    settings.spark.mkdir(mode=0o700, exist_ok=True)
    folder = settings.spark / str(1 + max(_numbers(settings), default=0))
    for private in (folder, folder / "home", folder / "inputs", folder / "local"):
        private.mkdir(mode=0o700)
    return Workspace(folder, settings)


def newest_workspace(settings: Settings) -> Workspace:
    """The workspace that was created last."""
    number = max(_numbers(settings), default=None)
    if number is None:
        raise UsageError("Nothing is prepared for Spark; yacp run prepares a day and builds it.")
    return Workspace(settings.spark / str(number), settings)


def delete_workspaces(settings: Settings) -> None:
    """Deletes what Spark read and wrote, on this machine and in the shared storage: it may be personal."""
    shutil.rmtree(settings.spark, ignore_errors=True)
    delete_shared_files(settings)


def delete_shared_files(settings: Settings) -> None:
    """Empties the shared storage, which isn't needed once the day is built."""
    if settings.spark_storage:
        with _storage(settings) as (filesystem, root):
            for run in filesystem.glob(f"{root}/{_RUN}*"):
                filesystem.rm(run, recursive=True)


def _numbers(settings: Settings) -> list[int]:
    return [int(folder.name) for folder in settings.spark.glob("[0-9]*")]


@contextmanager
def _storage(settings: Settings) -> Iterator[tuple[Any, str]]:
    location = settings.spark_storage
    options = {"endpoint_url": settings.s3_endpoint or None} if location.startswith("s3://") else {}
    filesystem = None
    try:
        filesystem, root = fsspec.core.url_to_fs(
            location, skip_instance_cache=True, use_listings_cache=False, **options
        )
        yield filesystem, str(root).rstrip("/")
    except Exception as error:
        translated = getattr(filesystem, "translate_error", lambda error: error)(error)
        if isinstance(translated, OSError | ImportError | ValueError):
            raise UsageError(
                f"{location} (YACP_SPARK_STORAGE) can't be used: {type(translated).__name__}. {NOTHING_PUBLISHED} Fix "
                "it and run the day again."
            ) from None
        if isinstance(translated, YacpError):
            raise translated from None
        raise
