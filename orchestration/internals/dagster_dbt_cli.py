"""dagster-dbt's resource, without two steps that cost four seconds a run and whose results nothing uses here.

Leans on ``DbtCliResource._cli_version`` (starts dbt to ask for its version) and ``_initialize_dbt_core_adapter`` (loads an
adapter to fetch metadata that we read from the warehouse in one query). When they change, a run gets slower or fails as
dbt starts. Tried with dagster-dbt 0.29.
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

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None
