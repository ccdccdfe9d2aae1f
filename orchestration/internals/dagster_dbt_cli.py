"""dagster-dbt's resource without two steps that cost a run four seconds and whose results we don't use.

Depends on ``DbtCliResource._cli_version``, which starts dbt to ask for its version, and on
``_initialize_dbt_core_adapter``, which loads an adapter to fetch metadata that we read from the warehouse in two
queries. When they change, a run gets slower or fails as dbt starts. No setting turns them off. Tried with dagster-dbt
0.29.27.
"""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any

from dagster_dbt import DbtCliResource
from packaging.version import Version


class InstalledDbtCli(DbtCliResource):
    """The dbt of this Python environment."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, _args: Sequence[str]) -> Any:
        return None
