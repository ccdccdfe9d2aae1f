"""The archive: every accepted delivery as typed Parquet, never changed, so that any day can be rebuilt from it.

    archive/<system>/<as_of_date>/<delivery>/   the extracts, quarantine.parquet, account.parquet, delivery.json

A delivery appears there whole, by one rename. The highest delivery number of a day is the one that counts.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
from pydantic import TypeAdapter

from orchestration.contract.extract import Extract, System
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import NOTHING_PUBLISHED, StateDamaged, UsageError
from orchestration.state.checksums import Damage, damages
from orchestration.state.database import literal

ACCOUNT = "account.parquet"
QUARANTINE = "quarantine.parquet"
RECORD = "delivery.json"
ROWS_FORGOTTEN = "rows_forgotten"
"""The key in an extract's Parquet footer under which ``yacp forget`` counts the rows that it removed."""


@dataclass(frozen=True)
class Acceptance:
    """That a person found a held delivery to be right: who, when, and why."""

    by: str
    at: datetime
    why: str

    def record(self) -> dict[str, str]:
        """The same for a JSON file."""
        return {"by": self.by, "at": self.at.isoformat(), "why": self.why}


def parquet_path(folder: Path, extract: Extract) -> Path:
    """The file of an extract's typed rows in a delivery's folder."""
    return folder / f"{extract.name}.parquet"


@dataclass(frozen=True)
class ArchivedDelivery:
    """An accepted delivery of one system and day; with ``acceptance`` it was held first."""

    folder: Path
    system: str
    as_of_date: date
    delivery: int
    checksums: dict[str, str]
    warnings: tuple[str, ...]
    acceptance: Acceptance | None = None

    def parquet(self, extract: Extract) -> Path:
        """The typed rows of an extract."""
        return parquet_path(self.folder, extract)

    def rows_forgotten(self, extract: Extract) -> int:
        """How many loaded rows were removed later because a person was forgotten."""
        row = duckdb.sql(
            "select cast(decode(value) as bigint)"
            f" from parquet_kv_metadata({literal(self.parquet(extract))}) where decode(key) = '{ROWS_FORGOTTEN}'"
        ).fetchone()
        return int(row[0]) if row else 0

    def damages(self, *names: str) -> list[Damage]:
        """Its files, or those of these names, that are not as they were archived."""
        return damages(self.folder, names or None)

    def require_whole(self, *names: str) -> None:
        """Raises ``StateDamaged`` unless its files, or those of these names, are as they were archived."""
        if found := self.damages(*names):
            raise StateDamaged(
                f"Delivery {self.delivery} of {self.system} for {self.as_of_date} is damaged in the archive: "
                f"{', '.join(map(str, found))} in {self.folder}. {NOTHING_PUBLISHED} Restore the folder from a backup. "
                "Or deliver the same files once more and run the day again, or let yacp repair set the folder aside."
            )

    @property
    def account(self) -> Path:
        """Rows in the manifest, loaded, quarantined and duplicate, per file."""
        return self.folder / ACCOUNT

    @property
    def quarantine(self) -> Path:
        """The rows that didn't fit, each with file, line number, column, value and reason."""
        return self.folder / QUARANTINE


_DELIVERY = TypeAdapter(ArchivedDelivery)


@dataclass(frozen=True)
class Archive:
    """All accepted deliveries below one folder."""

    folder: Path

    def folder_of(self, system: str, day: date, delivery: int) -> Path:
        """The folder of a delivery, accepted or not yet."""
        return self.folder / system / day.isoformat() / f"{delivery:04d}"

    def newest(self, system: System, day: date) -> ArchivedDelivery | None:
        """The delivery that counts for the day; ``None`` when none was accepted."""
        folders = sorted((self.folder / system.name / day.isoformat()).glob("[0-9]*"))
        return _read(folders[-1] / RECORD) if folders else None

    def newest_number(self, system: System, day: date) -> int:
        """The number of the delivery that counts for the day, even if its record is damaged; 0 when there is none."""
        return max((int(path.name) for path in (self.folder / system.name / str(day)).glob("[0-9]*")), default=0)

    def newest_before(self, system: System, day: date) -> ArchivedDelivery | None:
        """The delivery that counts for the newest earlier day that has one; ``None`` when there is none."""
        days = [path.name for path in (self.folder / system.name).glob("[0-9]*-??-??") if path.name < day.isoformat()]
        return self.of_days(system, map(date.fromisoformat, sorted(days, reverse=True)))

    def delivery(self, system: str, day: date, number: int) -> ArchivedDelivery:
        """A delivery that was accepted before, whichever counts now."""
        return _read(self.folder_of(system, day, number) / RECORD)

    def of_days(self, system: System, days: Iterable[date]) -> ArchivedDelivery | None:
        """The delivery that counts for the first of the days that has one; ``None`` when none has."""
        return next((found for day in days if (found := self.newest(system, day))), None)

    def all(self) -> list[ArchivedDelivery]:
        """Every accepted delivery, oldest day first."""
        folders = (folder for system in SYSTEMS for folder in self.folder.glob(f"{system.name}/*/[0-9]*"))
        return [_read(folder / RECORD) for folder in sorted(folders)]


def _read(path: Path) -> ArchivedDelivery:
    try:
        return _DELIVERY.validate_python({**json.loads(path.read_text()), "folder": path.parent})
    except (OSError, ValueError, TypeError):
        raise UsageError(
            f"{path} is damaged. Restore its folder from a backup. Or let yacp repair set it aside, and run the day "
            "again while the delivery is still at its source: it is then loaded again."
        ) from None
