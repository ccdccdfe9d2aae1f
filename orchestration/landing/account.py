"""The row account: what became of each file's rows. Nothing disappears, so its numbers add up to the manifest's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.contract.extract import Extract
from orchestration.sources.manifest import Manifest
from orchestration.state.database import literal


@dataclass(frozen=True)
class RowAccount:
    """What became of the rows of one file. ``forgotten`` are those that ``yacp forget`` removed later."""

    extract: Extract
    file: str
    promised: int
    stored: int
    quarantined: int
    duplicate: int
    forgotten: int = 0

    @property
    def found(self) -> int:
        """The rows that are there, or whose absence is accounted for."""
        return self.stored + self.forgotten + self.quarantined + self.duplicate

    @property
    def balances(self) -> bool:
        """Whether those are all the rows in the manifest."""
        return self.promised == self.found


def write_accounts(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, accounts: list[RowAccount], path: Path
) -> None:
    """Writes a delivery's accounts as Parquet, one row per file."""
    connection.execute(
        "create table account (system varchar, as_of_date date, delivery integer, extract varchar, file varchar,"
        " rows_in_manifest bigint, rows_loaded bigint, rows_quarantined bigint, rows_duplicate bigint,"
        " loaded_at timestamp with time zone)"
    )
    delivery = (manifest.system, manifest.as_of_date, manifest.delivery)
    loaded_at = datetime.now(UTC)
    connection.executemany(
        "insert into account values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*delivery, one.extract.name, one.file, one.promised, one.stored, one.quarantined, one.duplicate, loaded_at)
            for one in accounts
        ],
    )
    connection.execute(f"copy account to {literal(path)}")
