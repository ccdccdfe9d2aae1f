"""Queries about deliveries: what was delivered, what became of it, what is missing. Nothing here writes."""

from collections.abc import Sequence
from datetime import date

from orchestration.contract.extract import System
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import UsageError
from orchestration.landing.archive import Archive
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot
from orchestration.sources.manifest import MANIFEST
from orchestration.state.database import Table, connect, literal, literal_list, query


def deliveries(config: Settings) -> Table:
    """The row accounts of all accepted deliveries, newest day first."""
    accounts = [delivery.account for delivery in Archive(config.archive).all()]
    columns = (
        "system", "as_of_date", "delivery", "file",
        "rows_in_manifest", "rows_loaded", "rows_quarantined", "rows_duplicate", "loaded_at",
    )  # fmt: skip
    if not accounts:
        return Table(columns, [])
    with connect(config) as connection:
        return query(
            connection,
            f"select {', '.join(columns)} from read_parquet({literal_list(accounts)})"
            " order by as_of_date desc, system desc, delivery desc, file",
            [],
        )


def quarantine(config: Settings, day: date | None) -> Table:
    """The quarantined rows of a day, or of all, with their reasons; their values stay in the archive."""
    folders = [d for d in Archive(config.archive).all() if day is None or d.as_of_date == day]
    if day is not None and not folders:
        raise UsageError(f"No delivery of {day} was accepted.")
    columns = ("system", "as_of_date", "delivery", "file", "line_number", "column_name", "reason")
    if not folders:
        return Table(columns, [])
    selects = " union all ".join(
        f"select {literal(d.system)} as system, date {literal(d.as_of_date)} as as_of_date, {d.delivery} as delivery,"
        f" file, line_number, column_name, reason from read_parquet({literal(d.quarantine)})"
        for d in folders
    )
    with connect(config) as connection:
        return query(connection, f"from ({selects}) order by as_of_date desc, system desc, file, line_number", [])


def rows_forgotten(config: Settings, day: date) -> int:
    """How many rows of the day's deliveries were removed from the archive because people were forgotten."""
    newest = [(system, Archive(config.archive).newest(system, day)) for system in SYSTEMS]
    return sum(found.rows_forgotten(extract) for system, found in newest if found for extract in system.extracts)


def newest_delivered(config: Settings) -> date:
    """The newest day that both systems have delivered in full; ``UsageError`` when there is none."""
    with DeliveryRoot(config) as root:
        for day in root.days(*SYSTEMS):
            return day
        raise UsageError(
            f"There is no day that both systems have delivered in full under {root.location}. "
            "yacp generate makes sample deliveries; YACP_EXTRACTS sets another location."
        )


def delivered(config: Settings, days: Sequence[date]) -> list[date]:
    """The days that both systems have delivered: to the root, or earlier and now in the archive."""
    with DeliveryRoot(config) as root:
        return [day for day in days if not _missing(config, root, day)]


def require_delivered(config: Settings, day: date) -> None:
    """Raises ``UsageError`` before a run starts when a system has not delivered the day."""
    with DeliveryRoot(config) as root:
        if missing := _missing(config, root, day):
            manifests = " and ".join(f"{root.folder(system, day)}/{MANIFEST}" for system in missing)
            have = "has" if len(missing) == 1 else "have"
            who = " and ".join(system.title for system in missing)
            raise UsageError(f"{who} {have} not delivered {day} yet: there is no {manifests}.")


def _missing(config: Settings, root: DeliveryRoot, day: date) -> list[System]:
    archive = Archive(config.archive)
    return [s for s in SYSTEMS if not (root.has(s, day) or archive.newest(s, day))]
