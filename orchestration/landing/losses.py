"""Losses: an export that was cut short is well-formed, so what gives it away is that rows are missing.

An extract is compared with that of the system's newest accepted delivery of an earlier as-of date.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orchestration.contract.extract import Extract
from orchestration.failures import NOTHING_LOADED, DeliveryHeld
from orchestration.landing.archive import ACCOUNT, ArchivedDelivery
from orchestration.landing.reconciliation import RowAccount
from orchestration.settings import Settings
from orchestration.sources.manifest import Manifest
from orchestration.state.database import literal


@dataclass(frozen=True)
class _Loss:
    """An extract with fewer rows than before. Rows are those that were loaded."""

    extract: Extract
    file: str
    before: int
    now: int

    @property
    def share(self) -> float:
        return (self.before - self.now) / self.before if self.before else 0.0

    def is_too_large(self, settings: Settings) -> bool:
        """Whether the delivery is held for it."""
        if self.now == 0 and self.before >= settings.held_rows_to_zero:
            return True
        limit = settings.held_loss_share_of.get(self.extract.table, settings.held_loss_share)
        return self.share > limit and self.before - self.now >= settings.held_loss_rows


def large_losses(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    accounts: Sequence[RowAccount],
    before: ArchivedDelivery | None,
) -> list[str]:
    """The extracts that lost too many rows, with both counts; a first delivery has nothing to be compared with."""
    if before is None:
        return []
    before.require_whole(ACCOUNT)
    rows = connection.execute(f"select extract, rows_loaded from read_parquet({literal(before.account)})").fetchall()
    loaded = dict(rows)
    losses = [_Loss(one.extract, one.file, loaded.get(one.extract.name, 0), one.stored) for one in accounts]
    return [
        f"{loss.file} has {loss.now:,} rows, {loss.before:,} on {before.as_of_date} ({loss.share:.0%} fewer)"
        for loss in losses
        if loss.is_too_large(settings)
    ]


def held(manifest: Manifest, losses: Sequence[str]) -> DeliveryHeld:
    """The error for a delivery that lost rows: which, and what to do."""
    system, day = manifest.system, manifest.as_of_date
    return DeliveryHeld(
        f"Delivery {manifest.delivery} of {system} for {day} is held because it may have been cut short: "
        f"{'; '.join(losses)}. {NOTHING_LOADED} If rows are missing, ask for a new delivery with a higher delivery "
        f'number. If it is right, accept it and run the day again: yacp accept {system} {day} --why "…"',
        manifest.checksums,
    )
