"""Every setting of the dashboard, typed; nothing else in the package reads the environment.

A setting is set by the variable of its name with ``YACP_DASHBOARD_`` before it, for example ``YACP_DASHBOARD_PORT``.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

STANDARD_OUTPUT = "-"


class Settings(BaseSettings):
    """Where the releases are, who is let in, and where the limits lie."""

    model_config = SettingsConfigDict(env_prefix="YACP_DASHBOARD_", env_ignore_empty=True, extra="ignore")

    published: Path = Field(description="The folder with the releases, and the link to the current one.")
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port to listen on.")
    proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="The addresses, separated by commas, that may say who is signed in; empty: none."
    )
    identity_header: str = Field(
        default="X-Forwarded-Email", pattern=r"^[A-Za-z0-9-]+$", description="The header in which they say it."
    )
    access_log: str = Field(default=STANDARD_OUTPUT, description="A file for the log of lists; -: standard output.")
    memory_limit: str = Field(
        default="512MB", pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$", description="What DuckDB may use of the memory."
    )
    threads: int = Field(default=1, ge=1, description="How many threads DuckDB may use for one query.")

    @field_validator("proxies", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value
