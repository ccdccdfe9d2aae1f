"""The settings of the dashboard, read from the environment: ``YACP_DASHBOARD_PORT`` sets ``port``."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

STANDARD_OUTPUT = "-"


class WrongSetting(Exception):
    """A setting can't be used; the text says which and why."""


class Settings(BaseSettings):
    """Where the releases are, who can sign in, and the limits."""

    model_config = SettingsConfigDict(env_prefix="YACP_DASHBOARD_", env_ignore_empty=True, extra="ignore")

    published: Path = Field(description="The folder with the releases, and the link to the current one.")
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port to listen on.")
    proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="The proxies that may say who is signed in, separated by commas; empty: none."
    )
    identity_header: str = Field(
        default="X-Forwarded-Email",
        pattern=r"^[A-Za-z0-9-]+$",
        description="The header in which they send it.",
    )
    access_log: str = Field(default=STANDARD_OUTPUT, description="The file for the access log; -: standard output.")
    memory_limit: str = Field(
        default="512MB", pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$", description="How much memory DuckDB may use."
    )
    threads: int = Field(default=1, ge=1, description="How many threads DuckDB may use for one query.")

    smallest_group: int = Field(
        default=10, ge=1, description="Groups of fewer customers are too small to compare: their rates aren't shown."
    )

    @field_validator("proxies", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        if isinstance(value, str):
            networks = tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
            if any(network.prefixlen == 0 for network in networks):
                raise ValueError("a network of every address would let anybody say who they are; name the proxies")
            return networks
        return value


def read_settings(**overrides: Any) -> Settings:
    """The settings of the environment, and the given ones over them; ``WrongSetting`` when one can't be used."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = "; ".join(f"YACP_DASHBOARD_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise WrongSetting(f"A setting is wrong: {wrong}.") from None
