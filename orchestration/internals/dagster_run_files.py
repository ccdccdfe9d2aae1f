"""What Dagster keeps of a run that it deletes.

Depends on Dagster's layout: captured output in ``<run>`` under the folder for it, events in a SQLite database
``history/runs/<run>.db`` under ``DAGSTER_HOME``, with its journal. ``DagsterInstance.delete_run`` empties the database
but leaves the files, and the results of the run's checks in the table ``asset_check_executions``, three quarters of a
megabyte a night. When the layout changes, what is kept of expired runs grows for ever. Tried with Dagster 1.13.27.
"""

from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable


def files_of_run(dagster_home: Path, run_id: str, logs: Path | None = None) -> tuple[Path, ...]:
    """The files and folders of a run that are there. ``logs`` is where the output is, if not in its default place."""
    output = [folder / run_id for folder in (dagster_home / "storage", logs) if folder and (folder / run_id).exists()]
    return (*output, *(dagster_home / "history" / "runs").glob(f"{run_id}.db*"))


def delete_check_results(instance: dg.DagsterInstance, run_id: str) -> None:
    """Deletes the results of the run's checks, wherever the events are stored."""
    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage):
        with storage.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.delete().where(AssetCheckExecutionsTable.c.run_id == run_id))
