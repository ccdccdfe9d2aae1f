"""The row account: what became of each file's rows, written when they are loaded and counted again from the archive.

Nothing disappears, so its numbers add up to the manifest's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.contract.extract import Extract
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import NOTHING_PUBLISHED, ChecksBlocked, lacks_room
from orchestration.landing.archive import ACCOUNT, ArchivedDelivery
from orchestration.settings import Settings
from orchestration.sources.manifest import Manifest
from orchestration.state.database import connect, literal

ROW_ACCOUNT = "row_account"
ROW_ACCOUNT_TITLE = "Every row of the file is accounted for"
ROW_ACCOUNT_SENTENCE = (
    "The rows stored, quarantined, and dropped as exact duplicates, counted again from the archive, add up to the rows "
    "in the manifest."
)


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
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, accounts: list[RowAccount], folder: Path
) -> None:
    """Writes a delivery's accounts as Parquet, one row per file."""
    connection.execute(
        "create table account (system varchar, as_of_date date, delivery integer, extract varchar, file varchar,"
        " rows_in_manifest bigint, rows_loaded bigint, rows_quarantined bigint, rows_duplicate bigint,"
        " loaded_at timestamp with time zone)"
    )
    delivery = (manifest.system, manifest.as_of_date, manifest.delivery)
    loaded_at = datetime.now(UTC)
    rows = [
        (*delivery, one.extract.name, one.file, one.promised, one.stored, one.quarantined, one.duplicate, loaded_at)
        for one in accounts
    ]
    if rows:  # no file of a refused delivery may have been readable
        connection.executemany("insert into account values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute(f"copy account to {literal(folder / ACCOUNT)}")


def recount(settings: Settings, delivery: ArchivedDelivery) -> list[RowAccount]:
    """Counts the rows of every Parquet file and of the quarantine, by extract.

    The number of exact duplicates comes from the account, as nothing stores them. Raises ``ChecksBlocked`` when a file
    can no longer be read.
    """
    extracts = {
        extract.name: extract for system in SYSTEMS if system.name == delivery.system for extract in system.extracts
    }
    stored = " union all ".join(
        f"select {literal(name)} as extract, count(*) as rows from read_parquet({literal(delivery.parquet(extract))})"
        for name, extract in extracts.items()
    )
    try:
        with connect(settings) as connection:
            rows = connection.execute(
                f"with stored as ({stored}),"
                " quarantined as (select extract, count(*) as rows"
                f" from read_parquet({literal(delivery.quarantine)}) group by extract)"
                " select extract, file, rows_in_manifest, stored.rows, coalesce(quarantined.rows, 0), rows_duplicate"
                f" from read_parquet({literal(delivery.account)}) inner join stored using (extract)"
                " left join quarantined using (extract)"
            ).fetchall()
        forgotten = {name: delivery.rows_forgotten(extract) for name, extract in extracts.items()}
    except duckdb.Error as error:
        if lacks_room(error):
            raise
        raise _damaged(delivery, "some of its files can't be read") from None
    found = {
        name: RowAccount(extracts[name], file, promised, rows_stored, quarantined, duplicate, forgotten[name])
        for name, file, promised, rows_stored, quarantined, duplicate in rows
    }
    if found.keys() != extracts.keys():
        raise _damaged(delivery, "its account doesn't list every extract")
    return [found[name] for name in extracts]


def require_balance(delivery: ArchivedDelivery, accounts: list[RowAccount]) -> None:
    """Stops the run when a delivery in the archive no longer holds all the rows that were accepted."""
    wrong = [
        f"{account.file} with {account.found:,} of {account.promised:,} rows"
        for account in accounts
        if not account.balances
    ]
    if wrong:
        raise _damaged(delivery, f"not all of its rows are accounted for: {', '.join(wrong)}")


def _damaged(delivery: ArchivedDelivery, what: str) -> ChecksBlocked:
    return ChecksBlocked(
        f"The archived delivery {delivery.folder} is damaged: {what}. {NOTHING_PUBLISHED} Restore the folder from a "
        "backup. Or, if the delivery is still at its source, move the folder away and run the day again: it is then "
        "loaded again."
    )
