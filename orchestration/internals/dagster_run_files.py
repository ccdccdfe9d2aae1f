"""The files that Dagster keeps for a run.

Depends on Dagster's layout: captured output in ``<run>`` under the folder for it, events in a SQLite database
``history/runs/<run>.db`` under ``DAGSTER_HOME``, with its journal. ``DagsterInstance.delete_run`` empties the database
but leaves the files. When the layout changes, the files of expired runs stay on disk. Tried with Dagster 1.13.27.
"""

from pathlib import Path


def files_of_run(dagster_home: Path, run_id: str, logs: Path | None = None) -> tuple[Path, ...]:
    """The files and folders of a run that are there. ``logs`` is where the output is, if not in its default place."""
    output = [folder / run_id for folder in (dagster_home / "storage", logs) if folder and (folder / run_id).exists()]
    return (*output, *(dagster_home / "history" / "runs").glob(f"{run_id}.db*"))
