"""dbt's own documentation of the models over the day that the warehouse holds, and the lineage of their columns."""

import shutil
from pathlib import Path

import duckdb

from orchestration.failures import BuildFailed, UsageError
from orchestration.settings import Settings
from orchestration.state.database import connect
from orchestration.warehouse.dbt_project import environment, run_dbt
from orchestration.warehouse.lineage.page import write_page
from orchestration.warehouse.lineage.project import lineage
from orchestration.warehouse.preparation import built_day


def require_warehouse(config: Settings) -> None:
    """Fails at once, before anything waits for the lock, when there is nothing to document."""
    if not config.warehouse.exists():
        raise UsageError("There is no warehouse to document yet; yacp run builds one.")


def write_documentation(config: Settings, folder: Path) -> Path:
    """Writes dbt's page, which links to that of the lineage, and returns its path.

    The caller holds the warehouse, so no run changes it meanwhile.
    """
    try:
        with connect(config, config.warehouse, read_only=True) as connection:
            day = built_day(connection)
    except duckdb.Error:
        raise UsageError(
            f"{config.warehouse} can't be opened; close it in other programs, or run a day again."
        ) from None
    if day is None:
        raise UsageError("The warehouse holds no complete day to document; yacp run builds one.")
    folder.mkdir(parents=True, exist_ok=True)
    if not run_dbt(environment(config, as_of=day.isoformat()), "docs", "generate", "--static"):
        raise BuildFailed(f"dbt could not write the documentation; see {config.dbt_logs}/dbt.log.")
    page = shutil.copyfile(config.dbt_target / "static_index.html", folder / "index.html")
    write_page(lineage(config), folder / "lineage.html")
    return page
