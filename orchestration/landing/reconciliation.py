"""The row account of a delivery, counted again from the files of the archive, whatever landing said of itself."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from orchestration.contract.extract import Extract
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import NOTHING_PUBLISHED, ChecksBlocked, lacks_room
from orchestration.landing.archive import ArchivedDelivery
from orchestration.settings import Settings
from orchestration.state.database import connect, literal

ROW_ACCOUNT = "row_account"


@dataclass(frozen=True)
class RowAccount:
    """What became of the rows of one file. ``forgotten`` are those that ``yacp forget`` has taken out since."""

    extract: Extract
    file: str
    promised: int
    stored: int
    forgotten: int
    quarantined: int
    duplicate: int

    @property
    def found(self) -> int:
        """The rows that are there, or whose absence is accounted for."""
        return self.stored + self.forgotten + self.quarantined + self.duplicate

    @property
    def balances(self) -> bool:
        """Whether that is every row of the manifest."""
        return self.promised == self.found


def recount(settings: Settings, delivery: ArchivedDelivery) -> list[RowAccount]:
    """Counts the rows of every Parquet file and of the quarantine; only exact duplicates are kept nowhere.

    ``ChecksBlocked`` when a file can't be read any more.
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
                " refused as (select extract, count(*) as rows"
                f" from read_parquet({literal(delivery.quarantine)}) group by extract)"
                " select extract, file, rows_in_manifest, stored.rows, coalesce(refused.rows, 0), rows_duplicate"
                f" from read_parquet({literal(delivery.account)}) inner join stored using (extract)"
                " left join refused using (extract)"
            ).fetchall()
        forgotten = {name: delivery.rows_forgotten(extract) for name, extract in extracts.items()}
    except duckdb.Error as error:
        if lacks_room(error):
            raise
        raise _damaged(delivery, "not all of its files can be read") from None
    found = {
        name: RowAccount(extracts[name], file, promised, there, forgotten[name], refused, duplicate)
        for name, file, promised, there, refused, duplicate in rows
    }
    if found.keys() != extracts.keys():
        raise _damaged(delivery, "its account does not name every extract")
    return [found[name] for name in extracts]


def require_balance(delivery: ArchivedDelivery, accounts: list[RowAccount]) -> None:
    """Stops the run where a delivery of the archive is not what was accepted."""
    wrong = [
        f"{account.file} with {account.found:,} of {account.promised:,} rows"
        for account in accounts
        if not account.balances
    ]
    if wrong:
        raise _damaged(delivery, f"rows of it are not accounted for: {', '.join(wrong)}")


def _damaged(delivery: ArchivedDelivery, what: str) -> ChecksBlocked:
    return ChecksBlocked(
        f"The archived delivery {delivery.folder} is damaged: {what}. {NOTHING_PUBLISHED} Restore the folder "
        "from a backup; or, if the delivery is still where it came from, move the folder away and run the day again: the "
        "delivery is then loaded again."
    )
