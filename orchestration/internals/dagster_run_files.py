"""The files that Dagster keeps for a run.

Depends on Dagster's layout under ``DAGSTER_HOME``: captured output in ``storage/<run>``, events in a SQLite database
``history/runs/<run>.db`` with its journal. ``DagsterInstance.delete_run`` empties the database but leaves the files.
When the layout changes, the files of expired runs stay on disk. Tried with Dagster 1.13.27.
"""

from pathlib import Path


def files_of_run(dagster_home: Path, run_id: str) -> tuple[Path, ...]:
    """The files and folders of a run that are there."""
    output = dagster_home / "storage" / run_id
    return (*((output,) if output.exists() else ()), *(dagster_home / "history" / "runs").glob(f"{run_id}.db*"))
