"""The systems that deliver. Landing, the dbt sources, the sample and docs/extracts.md read the contract from here."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.contract.extract import Extract, System
from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET

SYSTEMS: tuple[System, ...] = (WORKNET, IWDS)


def extracts() -> Iterator[Extract]:
    """All twelve extracts, parents before children."""
    for system in SYSTEMS:
        yield from system.extracts
