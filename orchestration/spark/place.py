"""Where a run's Spark reads and writes: a folder of its own, so that what a dead run's Java still writes is in no
other run's tables.

    spark/<run>/inputs/      what the models read and DuckDB prepared
    spark/<run>/warehouse/   what Spark writes: a folder of Parquet for each model
    spark/<run>/home/        Spark's own home: its settings, the logs of its executors
    spark/<run>/local/       what Spark spills
    spark/<run>/spark.log    what Spark says
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestration.failures import UsageError
from orchestration.settings import Settings


@dataclass(frozen=True)
class Place:
    """A run's folder on this machine, and the root of what its executors share."""

    folder: Path
    shared: str

    @property
    def inputs(self) -> str:
        """What the models read and DuckDB prepared."""
        return f"{self.shared}/inputs"

    @property
    def warehouse(self) -> str:
        """Where Spark writes its tables."""
        return f"{self.shared}/warehouse"

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


def begin(settings: Settings) -> Place:
    """A new place, and the last run's is gone; where its Java still writes, it has another number."""
    shutil.rmtree(settings.spark, ignore_errors=True)
    settings.spark.mkdir(mode=0o700, exist_ok=True)
    folder = settings.spark / str(1 + max(_numbers(settings), default=0))
    for made in (folder, folder / "home", folder / "local"):
        made.mkdir(mode=0o700)
    return Place(folder, str(folder))


def current(settings: Settings) -> Place:
    """The place that was begun last."""
    newest = max(_numbers(settings), default=None)
    if newest is None:
        raise UsageError("Nothing is prepared for Spark; yacp run prepares a day and builds it.")
    folder = settings.spark / str(newest)
    return Place(folder, str(folder))


def _numbers(settings: Settings) -> list[int]:
    return [int(folder.name) for folder in settings.spark.glob("[0-9]*")]
