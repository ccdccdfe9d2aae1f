"""The systems that deliver. Landing, the dbt sources, the sample and docs/extracts.md read the contract from here."""

from orchestration.contract.extract import Extract, System
from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET

SYSTEMS: tuple[System, ...] = (WORKNET, IWDS)


def extracts() -> list[Extract]:
    """All twelve extracts, parents before children."""
    return [extract for system in SYSTEMS for extract in system.extracts]
