"""Every setting of the pipeline, typed, and the only place that reads settings from the environment.

A setting is the variable of its name with the prefix ``YACP_``, for example ``YACP_HOME``. The processes that a run
starts also hand each other a few variables, which ``warehouse/`` sets and which are not settings. The web dashboard
has settings of its own, with the prefix ``YACP_DASHBOARD_``.
"""

import re
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ByteSize, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestration.failures import UsageError

_IN_ADDRESS = r"[A-Za-z0-9._~/?#&=%+:@,;!-]*"
_CUSTOMER_URL = re.compile(rf"https://[A-Za-z0-9.-]+(:[0-9]{{1,5}})?/{_IN_ADDRESS}\{{customer_id\}}{_IN_ADDRESS}")
_DASHBOARD_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")
PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: the models, seeds and expectations are beside this package."""


class Settings(BaseSettings):
    """Paths, limits, and access to other systems."""

    model_config = SettingsConfigDict(env_prefix="YACP_", env_ignore_empty=True, extra="ignore")

    home: Path = Field(default=PROJECT / ".yacp", description="The folder of all state: archive, warehouse, published.")
    extracts: str = Field(default="", description="Where deliveries come from; empty: the folder extracts under home.")
    sources: Path | None = Field(
        default=None,
        description="The folder of source profiles, one folder per system; empty: the folder sources under home.",
    )
    pull_minutes: float = Field(
        default=60, gt=0, description="How many minutes the SQL of one extract of a source may take."
    )
    known_hosts: Path | None = Field(
        default=None,
        description="The file with the known keys of sftp servers; empty: ~/.ssh/known_hosts.",
    )
    sftp_key_file: Path | None = Field(
        default=None, description="The private key for sftp; empty: those of the ssh-agent and in ~/.ssh."
    )
    sftp_password: SecretStr = Field(default=SecretStr(""), description="The password for sftp, if there is no key.")
    s3_endpoint: str = Field(default="", description="The address of an object store other than that of AWS.")
    connect_timeout: float = Field(default=15, gt=0, description="How many seconds connecting may take.")
    read_timeout: float = Field(default=60, gt=0, description="How many seconds an answer, or 4 MiB, may take.")
    retries: int = Field(default=6, ge=0, description="How many times to retry after a lost connection.")
    retry_wait: float = Field(
        default=1, ge=0, description="Seconds before the first retry; doubled each time, up to a minute."
    )
    max_quarantined_share: float = Field(
        default=0.01, ge=0, le=1, description="A delivery is refused if a larger share of a file's rows is invalid."
    )
    held_loss_share: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="A delivery is held if an extract lost a larger share of its rows since the day before.",
    )
    held_loss_share_of: dict[str, float] = Field(
        default={},
        description='The same for single extracts, as JSON: {"worknet_staff": 0.5}.',
    )
    held_loss_rows: int = Field(default=20, ge=1, description="It isn't held if the extract lost fewer rows than this.")
    held_rows_to_zero: int = Field(
        default=5, ge=1, description="It is held if an extract that had at least this many rows has none."
    )
    iwds_may_be_late_days: int = Field(
        default=0,
        ge=0,
        le=366,
        description="If IWDS hasn't delivered a day, its newest delivery that is at most so many days older stands in.",
    )
    max_file_size: ByteSize = Field(
        default=ByteSize(10_000_000_000), gt=0, description="The largest size of a delivered file, uncompressed."
    )
    releases_kept: int = Field(default=5, ge=1, description="How many releases to keep.")
    archive_retention_days: int = Field(
        default=0, ge=0, description="Days after which an archived day is removed; 0: never."
    )
    release_retention_days: int = Field(
        default=0, ge=0, description="Days after which a release is removed, whatever their number; 0: never."
    )
    log_retention_days: int = Field(
        default=90, ge=0, description="Days after which the record of a run and its logs are removed; 0: never."
    )
    dagster_database: SecretStr = Field(
        default=SecretStr(""),
        description="The PostgreSQL database for Dagster's record of runs, as postgresql://user:password@host/name; "
        "empty: files under home.",
    )
    dagster_database_file: Path | None = Field(default=None, description="A file with the address instead.")
    dagster_logs: str = Field(
        default="",
        description="Where Dagster keeps what steps print: a folder or s3://bucket/folder; empty: under home.",
    )
    owner: str = Field(
        default="team:yacp-data",
        pattern=r"^(team:\S+|\S+@\S+)$",
        description="Who owns the assets in Dagster: team:name, or an address.",
    )
    criticality: str = Field(
        default="high",
        pattern=r"^[A-Za-z0-9_.-]{1,63}$",
        description="The tag criticality of the assets in Dagster, in your agency's words.",
    )
    first_day: date | None = Field(
        default=None,
        description="The first day that Dagster offers; empty: the earliest that is delivered, archived or published.",
    )
    group: str = Field(
        default="",
        description="The group that may read archive, warehouse and customer lists; empty: only the account may.",
    )
    customer_url: str = Field(
        default="",
        description="The address of a customer's record in your systems, with {customer_id} in place of the id; "
        "https only. A column of the lists, and a link on the page of the customer.",
    )
    lock_wait_minutes: float = Field(
        default=720, ge=0, description="How many minutes a run waits for another one to finish before it gives up."
    )
    ui_hosts: str = Field(
        default="",
        description="The names of this machine under which others reach the Dagster UI, separated by commas; "
        "empty: none.",
    )
    ui_users: str = Field(
        default="",
        description="The addresses of those who may use the Dagster UI once a proxy in YACP_DASHBOARD_PROXIES has "
        "signed them in, separated by commas; empty: anybody at this machine.",
    )
    following_minutes: float = Field(
        default=60,
        ge=0,
        description="How long a query or transaction over published/following may take: a release can be read there "
        "for this many minutes after a newer one replaced it.",
    )
    memory_limit: str = Field(
        default="3GB",
        pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$",
        description="How much memory DuckDB may use before it spills to disk.",
    )
    threads: int = Field(default=2, ge=1, description="How many threads DuckDB may use.")
    engine: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="What builds the models; spark needs the extra of that name and Java 17."
    )
    spark_master: str = Field(
        default="", description="Where Spark runs; empty: on this machine, with as many threads as DuckDB may use."
    )
    spark_conf: Path | None = Field(
        default=None, description="A file like Spark's spark-defaults.conf; its settings override ours."
    )
    spark_storage: str = Field(
        default="",
        description="A folder or s3://bucket/folder for executors on other machines; empty: there are none.",
    )

    late_after: time = Field(
        default=time(8), description="A day is late if it isn't published by this time of the next day, in Chicago."
    )
    smtp_host: str = Field(default="", description="The mail server for notices; empty: no mail.")
    smtp_port: int | None = Field(
        default=None, ge=1, le=65535, description="Its port; empty: 587 for starttls, 465 for tls, 25 for none."
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection to the mail server is encrypted."
    )
    smtp_user: str = Field(default="", description="The user name for the mail server; empty: no login.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="The password for the mail server.")
    smtp_password_file: Path | None = Field(default=None, description="A file with the password instead.")
    mail_from: str = Field(default="", validate_default=True, description="The sender of notices.")
    mail_to: str = Field(
        default="", validate_default=True, description="The receivers of notices: addresses, separated by commas."
    )
    webhook_url: SecretStr = Field(
        default=SecretStr(""), description="The webhook that notices are posted to as JSON; empty: none."
    )
    webhook_url_file: Path | None = Field(default=None, description="A file with the address of the webhook instead.")

    digest_to: Path | None = Field(
        default=None,
        description="The file with the addresses that get the morning digest, one a line; empty: there is none.",
    )
    digest_at: time = Field(
        default=time(6), description="From when on weekdays the digest is sent, once the day is published, in Chicago."
    )
    digest_url: str = Field(
        default="",
        validate_default=True,
        description="The address of the dashboard as its visitors type it, for the links in the digest.",
    )

    @field_validator("customer_url")
    @classmethod
    def _address_of_a_record(cls, value: str) -> str:
        if value and not _CUSTOMER_URL.fullmatch(value):
            raise ValueError("it must be a complete https address with {customer_id} once, after the host")
        return value

    @field_validator("digest_url")
    @classmethod
    def _address_of_the_dashboard(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("digest_to") and not value:
            raise ValueError("YACP_DIGEST_TO is set, so this must be the dashboard's address")
        if value and not _DASHBOARD_URL.fullmatch(value):
            raise ValueError("it must be an address like https://dashboard.example.org, with nothing after ? or #")
        return value.rstrip("/")

    @field_validator("mail_from", "mail_to")
    @classmethod
    def _addresses(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("smtp_host") and not all("@" in address for address in value.split(",")):
            raise ValueError("YACP_SMTP_HOST is set, so this must be a mail address like team@example.org")
        return value

    @field_validator("smtp_user")
    @classmethod
    def _requires_encryption(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("smtp_security") == "none":
            raise ValueError("a password is only sent over an encrypted connection, but YACP_SMTP_SECURITY is none")
        return value

    def secret(self, name: str) -> str:
        """The value of a secret setting, from the environment or from the file that replaces it."""
        file: Path | None = getattr(self, f"{name}_file")
        value: SecretStr = getattr(self, name)
        if value.get_secret_value() or file is None:
            return value.get_secret_value()
        try:
            return file.read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"YACP_{name.upper()}_FILE: {file} can't be read.") from None

    @property
    def ui_host_names(self) -> frozenset[str]:
        """The names in lower case."""
        return _parts(self.ui_hosts)

    @property
    def ui_addresses(self) -> frozenset[str]:
        """The addresses in lower case."""
        return _parts(self.ui_users)

    @property
    def state(self) -> Path:
        """The absolute path of the folder for all state."""
        return self.home.expanduser().absolute()

    @property
    def extracts_root(self) -> str:
        """The fsspec location that deliveries come from."""
        return self.extracts or str(self.state / "extracts")

    @property
    def sources_folder(self) -> Path:
        """The source profiles, a folder for each system that is pulled."""
        return self.sources.expanduser().absolute() if self.sources else self.state / "sources"

    @property
    def archive(self) -> Path:
        """The accepted deliveries as typed Parquet."""
        return self.state / "archive"

    @property
    def set_aside(self) -> Path:
        """What was damaged, each with the reason; only its owner may look into it."""
        return self.state / "set_aside"

    @property
    def warehouse(self) -> Path:
        """The build's private database; no reader opens it."""
        return self.state / "warehouse.duckdb"

    @property
    def checks(self) -> Path:
        """What the checks found in the last run of each day, published or not."""
        return self.state / "checks"

    @property
    def spark(self) -> Path:
        """What the last run's Spark read and wrote."""
        return self.state / "spark"

    @property
    def master(self) -> str:
        """Spark's master URL."""
        return self.spark_master or f"local[{self.threads}]"

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


def _parts(text: str) -> frozenset[str]:
    return frozenset(part.strip(" ").lower() for part in text.split(",") if part.strip(" "))


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
