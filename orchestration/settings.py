"""Every setting, typed. Nothing else in the project reads the environment.

A setting is set by the variable of its name with ``YACP_`` before it, for example ``YACP_HOME``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: the models, seeds and expectations stand beside this package."""


class Settings(BaseSettings):
    """Where things are and where the limits lie."""

    model_config = SettingsConfigDict(env_prefix="YACP_", env_ignore_empty=True, extra="ignore")

    home: Path = Field(default=PROJECT / ".yacp", description="The folder of all state: archive, warehouse, published.")
    extracts: str = Field(
        default="", description="The root that deliveries come from; empty: the folder extracts under home."
    )
    known_hosts: Path | None = Field(
        default=None,
        description="The file that the keys of sftp servers are checked against; empty: ~/.ssh/known_hosts.",
    )
    sftp_key_file: Path | None = Field(
        default=None, description="The private key for sftp; empty: the ssh-agent and the keys in ~/.ssh."
    )
    sftp_password: SecretStr = Field(default=SecretStr(""), description="The password for sftp, where no key will do.")
    s3_endpoint: str = Field(default="", description="The address of an object store other than AWS.")
    connect_timeout: float = Field(default=15, gt=0, description="How many seconds a connection may take.")
    read_timeout: float = Field(default=60, gt=0, description="How many seconds an answer, or 4 MiB, may take.")
    retries: int = Field(default=4, ge=0, description="How often a lost connection is tried again.")
    retry_wait: float = Field(
        default=1, ge=0, description="Seconds before the first of them; doubled each time, at most a minute."
    )
    max_quarantined_share: float = Field(
        default=0.01, ge=0, le=1, description="Over this share of a file's rows the delivery is refused."
    )
    releases_kept: int = Field(default=5, ge=1, description="How many releases stay on disk.")
    group: str = Field(
        default="",
        description="The group that may read archive, warehouse and customer lists; empty: the account alone.",
    )
    memory_limit: str = Field(
        default="3GB",
        pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$",
        description="What DuckDB may use before it spills to disk.",
    )
    threads: int = Field(default=2, ge=1, description="How many threads DuckDB may use.")

    @property
    def state(self) -> Path:
        """The absolute folder of all state."""
        return self.home.expanduser().absolute()

    @property
    def extracts_root(self) -> str:
        """The fsspec location that deliveries come from."""
        return self.extracts or str(self.state / "extracts")

    @property
    def archive(self) -> Path:
        """Every accepted delivery as typed Parquet; immutable."""
        return self.state / "archive"

    @property
    def warehouse(self) -> Path:
        """The build's private database; nobody else opens it."""
        return self.state / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """What readers see."""
        return self.state / "published"

    @property
    def dagster_home(self) -> Path:
        """The Dagster instance that the command line, the schedule and the UI share."""
        return self.state / "dagster"

    @property
    def dbt_target(self) -> Path:
        """dbt's manifest, results and compiled SQL."""
        return self.state / "dbt" / "target"

    @property
    def dbt_logs(self) -> Path:
        """dbt's log files."""
        return self.state / "dbt" / "logs"


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
