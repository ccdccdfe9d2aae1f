"""Where a run's Spark reads and writes: a folder of its own, so that what a dead run's Java still writes is in no
other run's tables.

    spark/<run>/inputs/      what DuckDB prepared for the models
    spark/<run>/warehouse/   what Spark writes: a folder of Parquet for each model
    spark/<run>/home/        Spark's own home: its settings, the logs of its executors
    spark/<run>/local/       what Spark spills
    spark/<run>/spark.log    what Spark says

Executors on other machines don't see it. ``YACP_SPARK_STORAGE`` is a bucket or a folder that they all reach: what the
models read is put there, and what comes after the models is fetched from there, so that it is local again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec

from orchestration.failures import NOTHING_PUBLISHED, UsageError, YacpError
from orchestration.settings import Settings
from orchestration.sources import storage  # noqa: F401 - its s3 is the one that fsspec opens

_RUN = "yacp-run-"


@dataclass(frozen=True)
class Workspace:
    """A run's folder on this machine, and the root of what its executors share."""

    folder: Path
    settings: Settings

    @property
    def warehouse(self) -> str:
        """Where Spark writes its tables."""
        return f"{self._shared}/warehouse"

    @property
    def views(self) -> Path:
        """The sources, each with the query that Spark reads it by."""
        return self.folder / "views.json"

    @property
    def home(self) -> Path:
        """What Spark takes for its installation."""
        return self.folder / "home"

    @property
    def log(self) -> Path:
        """What Spark says."""
        return self.folder / "spark.log"

    def share(self, file: Path) -> str:
        """Where executors read a file of this machine: where it is, or its copy in the storage."""
        if not self.is_elsewhere:
            return str(file)
        name = "-".join(file.parts[-4:])
        with _storage(self.settings) as (filesystem, root):
            folder = f"{root}/{_RUN}{self.folder.name}/inputs"
            filesystem.makedirs(folder, exist_ok=True)
            filesystem.put_file(str(file), f"{folder}/{name}")
        return f"{self._shared}/inputs/{name}"

    def table(self, schema: str, name: str) -> Path:
        """The folder, on this machine, with the Parquet of a table that Spark wrote."""
        table = f"warehouse/{schema}.db/{name}"
        if self.is_elsewhere:
            with _storage(self.settings) as (filesystem, root):
                (self.folder / table).mkdir(parents=True, exist_ok=True)
                for path in filesystem.glob(f"{root}/{_RUN}{self.folder.name}/{table}/*.parquet"):
                    filesystem.get_file(path, str(self.folder / table / Path(path).name))
        return self.folder / table

    @property
    def is_elsewhere(self) -> bool:
        """Whether executors are on machines that don't see this one's folders."""
        return bool(self.settings.spark_storage)

    @property
    def _shared(self) -> str:
        if not self.is_elsewhere:
            return str(self.folder)
        root = self.settings.spark_storage.rstrip("/")
        return f"{root.replace('s3://', 's3a://', 1)}/{_RUN}{self.folder.name}"  # Hadoop has another name for it


def create(settings: Settings) -> Workspace:
    """A new place, and the last run's is gone; where its Java still writes, it has another number."""
    remove(settings)
    settings.spark.mkdir(mode=0o700, exist_ok=True)
    folder = settings.spark / str(1 + max(_numbers(settings), default=0))
    for made in (folder, folder / "home", folder / "inputs", folder / "local"):
        made.mkdir(mode=0o700)
    return Workspace(folder, settings)


def newest(settings: Settings) -> Workspace:
    """The place that was begun last."""
    newest = max(_numbers(settings), default=None)
    if newest is None:
        raise UsageError("Nothing is prepared for Spark; yacp run prepares a day and builds it.")
    return Workspace(settings.spark / str(newest), settings)


def remove(settings: Settings) -> None:
    """Takes away what Spark read and wrote, on this machine and in the storage: it may be anybody's data."""
    shutil.rmtree(settings.spark, ignore_errors=True)
    clear_shared_storage(settings)


def clear_shared_storage(settings: Settings) -> None:
    """Takes away what executors shared; nothing of it is needed once the day is built."""
    if settings.spark_storage:
        with _storage(settings) as (filesystem, root):
            for run in filesystem.glob(f"{root}/{_RUN}*"):
                filesystem.rm(run, recursive=True)


def _numbers(settings: Settings) -> list[int]:
    return [int(folder.name) for folder in settings.spark.glob("[0-9]*")]


@contextmanager
def _storage(settings: Settings) -> Iterator[tuple[Any, str]]:
    place = settings.spark_storage
    options = {"endpoint_url": settings.s3_endpoint or None} if place.startswith("s3://") else {}
    filesystem = None
    try:
        filesystem, root = fsspec.core.url_to_fs(place, skip_instance_cache=True, use_listings_cache=False, **options)
        yield filesystem, str(root).rstrip("/")
    except Exception as error:
        tell = getattr(filesystem, "translate_error", None)
        told = tell(error) if tell else error
        if isinstance(told, OSError | ImportError | ValueError):
            raise UsageError(
                f"{place} (YACP_SPARK_STORAGE) can't be used: {type(told).__name__}. {NOTHING_PUBLISHED} Fix it "
                "and run the day again."
            ) from None
        if isinstance(told, YacpError):
            raise told from None
        raise
