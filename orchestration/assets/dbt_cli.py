"""dbt as Dagster starts it, without what would cost four seconds a run and is used for nothing here."""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version as installed
from typing import Any

from dagster_dbt import DbtCliResource
from packaging.version import Version

from orchestration.dbt_project import DBT_COMMAND, PROJECT_DIR


class WarehouseDbt(DbtCliResource):
    """The dbt of this environment, on this project."""

    @cached_property
    def _cli_version(self) -> Version:
        """Read off the installed package instead of starting dbt for it."""
        return Version(installed("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        """None: what the adapter would fetch, orchestration/lineage.py looks up in the warehouse at once."""
        return None


def warehouse_dbt() -> WarehouseDbt:
    """The resource: the dbt of this Python."""
    return WarehouseDbt(
        project_dir=str(PROJECT_DIR),
        profiles_dir=str(PROJECT_DIR),
        dbt_executable=DBT_COMMAND[0],
        global_config_flags=list(DBT_COMMAND[1:]),
    )
