"""dagster-dbt's resource without two steps that cost a run four seconds and whose results we don't use.

Depends on ``DbtCliResource._cli_version``, which starts dbt to ask for its version, and on
``_initialize_dbt_core_adapter``, which loads an adapter to fetch metadata that we read from the warehouse in two
queries. When they change, a run gets slower or fails as dbt starts. No setting turns them off. Tried with dagster-dbt
0.29.27.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any

from dagster_dbt import DbtCliResource
from packaging.version import Version

_SET_BY_DAGSTER = ("DBT_TARGET_PATH", "DBT_LOG_PATH")


class InstalledDbtCli(DbtCliResource):
    """The dbt of this Python environment."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def with_variables(self, variables: Mapping[str, str]) -> "InstalledDbtCli":
        """The same dbt, started with these variables.

        They never enter the environment of this process: a thread of a library that reads it at the moment it changes
        takes the whole process with it. dagster-dbt sets the folder of results and of the log itself.
        """
        assignments = [f"{name}={value}" for name, value in variables.items() if name not in _SET_BY_DAGSTER]
        return InstalledDbtCli(
            project_dir=self.project_dir,
            profiles_dir=self.profiles_dir,
            dbt_executable="env",
            global_config_flags=[*assignments, self.dbt_executable, *self.global_config_flags],
        )

    def _initialize_dbt_core_adapter(self, _args: Sequence[str]) -> Any:
        return None
