"""Reconciliation: the row account of a delivery, counted again from its files in the archive."""

from __future__ import annotations

import duckdb

from orchestration.contract.systems import SYSTEMS
from orchestration.failures import NOTHING_PUBLISHED, ChecksBlocked, lacks_room
from orchestration.landing.account import RowAccount
from orchestration.landing.archive import ArchivedDelivery
from orchestration.settings import Settings
from orchestration.state.database import connect, literal

ROW_ACCOUNT = "row_account"


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
