"""Queries about deliveries: what was delivered, what became of it, what is missing. Nothing here writes."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from orchestration.contract.extract import System
from orchestration.contract.iwds import IWDS
from orchestration.contract.systems import SYSTEMS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import StateDamaged, UsageError
from orchestration.landing.archive import Archive
from orchestration.landing.refusals import refusals
from orchestration.landing.stand_ins import earlier_days, stand_in_days
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot
from orchestration.sources.manifest import MANIFEST
from orchestration.state.checksums import damages, in_words
from orchestration.state.database import Table, connect, literal, literal_list, query

ACCEPTED = "accepted"
"""The status of a delivery that was loaded; those of others are in ``refusals``."""

_NO_ACCOUNTS = (
    "(select null as system, null as as_of_date, null as delivery, null as file, null as rows_in_manifest,"
    " null as rows_loaded, null as rows_quarantined, null as rows_duplicate, null as loaded_at, '' as filename)"
)


def deliveries(config: Settings) -> Table:
    """What became of every delivery and why, with the row accounts of its files, newest day first.

    A refused delivery whose files couldn't be read is one row without an account.
    """
    found: list[tuple[object, ...]] = [
        (d.system, d.as_of_date, d.delivery, ACCEPTED, d.acceptance.why if d.acceptance else None, str(d.account))
        for d in Archive(config.archive).all()
    ]
    found += [
        (r.system, r.as_of_date, r.delivery, r.status, r.reason, str(r.account) if r.account else None)
        for r in refusals(config.archive)
    ]
    columns = (
        "system", "as_of_date", "delivery", "status", "file",
        "rows_in_manifest", "rows_loaded", "rows_quarantined", "rows_duplicate", "loaded_at", "why",
    )  # fmt: skip
    accounts = [path for *_, path in found if path]
    _require_whole(accounts)
    if not found:
        return Table(columns, [])
    with connect(config) as connection:
        connection.execute(
            "create table delivered (system varchar, as_of_date date, delivery integer, status varchar, why varchar,"
            " account varchar)"
        )
        connection.executemany("insert into delivered values (?, ?, ?, ?, ?, ?)", found)
        source = f"read_parquet({literal_list(accounts)}, filename = true)" if accounts else _NO_ACCOUNTS
        return query(
            connection,
            f"select {', '.join(columns)}"
            " from delivered left join (select * exclude (system, as_of_date, delivery), filename as account"
            f" from {source}) as accounts using (account)"
            " order by as_of_date desc, system desc, delivery desc, status, file",
            [],
        )


def quarantine(config: Settings, day: date | None) -> Table:
    """The quarantined rows of a day's deliveries, or of all, with their reasons; their values stay in the archive.

    Those of a refused or held delivery are there too; nothing of such a delivery was loaded.
    """
    columns = ("system", "as_of_date", "delivery", "status", "file", "line_number", "column_name", "reason")
    if not (rows := _quarantined(config, day)):
        return Table(columns, [])
    with connect(config) as connection:
        return query(
            connection,
            f"select {', '.join(columns)} from ({rows}) order by as_of_date desc, system desc, file, line_number",
            [],
        )


def quarantine_reasons(config: Settings, day: date) -> list[dict[str, object]]:
    """The same of a day, counted by system, status, extract, file, column and reason, with the first line of each."""
    if not (rows := _quarantined(config, day)):
        return []
    with connect(config) as connection:
        return query(
            connection,
            "select system, status, extract, file, coalesce(column_name, 'the whole row') as column_name, reason,"
            f" count(*) as row_count, min(line_number) as first_line from ({rows}) group by all"
            " order by row_count desc, file, column_name, reason",
            [],
        ).records()


def _quarantined(config: Settings, day: date | None) -> str:
    """The query for the quarantined rows of a day's deliveries, or of all; empty when none has any."""
    accepted = [(d.system, d.as_of_date, d.delivery, ACCEPTED, d.quarantine) for d in Archive(config.archive).all()]
    others = [(r.system, r.as_of_date, r.delivery, r.status, r.quarantine) for r in refusals(config.archive)]
    found = [each for each in (*accepted, *others) if day is None or each[1] == day]
    if day is not None and not found:
        raise UsageError(f"No delivery of {day} was landed.")
    _require_whole([path for *_, path in found if path])
    return " union all ".join(
        f"select {literal(system)} as system, date {literal(as_of)} as as_of_date, {number} as delivery,"
        f" {literal(status)} as status, extract, file, line_number, column_name, reason"
        f" from read_parquet({literal(path)})"
        for system, as_of, number, status, path in found
        if path
    )


def _require_whole(paths: Iterable[object]) -> None:
    """``StateDamaged`` unless the files are as they were archived."""
    found = [damage for path in map(Path, map(str, paths)) for damage in damages(path.parent, [path.name])]
    if found:
        raise StateDamaged(f"The archive is damaged: {in_words(found)}. yacp verify says what mends it.")


def rows_forgotten(config: Settings, day: date) -> int:
    """How many rows of the day's deliveries were removed from the archive because people were forgotten."""
    archive = Archive(config.archive)
    used = [(system, archive.of_days(system, [day, *earlier_days(config, system, day)])) for system in SYSTEMS]
    return sum(found.rows_forgotten(extract) for system, found in used if found for extract in system.extracts)


def newest_delivered(config: Settings) -> date:
    """The newest day that can be built from what the systems have delivered; ``UsageError`` when there is none."""
    with DeliveryRoot(config) as root:
        for day in root.days(*(SYSTEMS if not config.iwds_may_be_late_days else [WORKNET])):
            if not _missing(config, root, day):
                return day
        raise UsageError(
            f"There is no day that both systems have delivered in full under {root.location}. "
            "yacp generate makes sample deliveries; YACP_EXTRACTS sets another location."
        )


def delivered(config: Settings, days: Sequence[date]) -> list[date]:
    """The days that both systems have delivered: to the root, or earlier and now in the archive."""
    with DeliveryRoot(config) as root:
        return [day for day in days if not _missing(config, root, day)]


def require_delivered(config: Settings, day: date, *, pulled: Sequence[System] = ()) -> None:
    """Raises ``UsageError`` before a run starts when a system has not delivered the day, and won't be ``pulled``."""
    with DeliveryRoot(config) as root:
        if missing := [system for system in _missing(config, root, day) if system not in pulled]:
            manifests = " and ".join(f"{root.folder(system, day)}/{MANIFEST}" for system in missing)
            have = "has" if len(missing) == 1 else "have"
            who = " and ".join(system.title for system in missing)
            late = ""
            if config.iwds_may_be_late_days and IWDS in missing:
                late = f" Nor any of the {config.iwds_may_be_late_days} days before (YACP_IWDS_MAY_BE_LATE_DAYS)."
            raise UsageError(f"{who} {have} not delivered {day} yet: there is no {manifests}.{late}")


def _missing(config: Settings, root: DeliveryRoot, day: date) -> list[System]:
    archive = Archive(config.archive)
    return [
        system
        for system in SYSTEMS
        if not (root.has(system, day) or archive.newest(system, day) or any(stand_in_days(config, root, system, day)))
    ]
