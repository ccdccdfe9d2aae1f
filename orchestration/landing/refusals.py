"""Refused and held deliveries: their row account and quarantine are kept, so that somebody can tell what to mend.

    archive/refused/<system>/<as_of_date>/<delivery>/   refusal.json, quarantine.parquet, account.parquet

None of their rows is loaded. A refusal of the same delivery number replaces the one before, and an accepted delivery
removes its own.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import TypeAdapter

from orchestration.contract.extract import System
from orchestration.failures import DeliveryHeld, DeliveryRefused, UsageError
from orchestration.landing.archive import ACCOUNT, QUARANTINE, Acceptance, Archive
from orchestration.settings import Settings
from orchestration.state.checksums import record as record_checksums
from orchestration.state.checksums import rewriting
from orchestration.state.files import flush_to_disk, write_whole
from orchestration.state.permissions import restrict, restricted_folder

REFUSED, HELD = "refused", "held"
_RECORD = "refusal.json"


@dataclass(frozen=True)
class Refusal:
    """A delivery that was refused or is held. ``delivery`` is 0 when its manifest couldn't be read."""

    folder: Path
    system: str
    as_of_date: date
    delivery: int
    status: str
    reason: str
    at: datetime
    checksums: dict[str, str]
    acceptance: Acceptance | None = None

    @property
    def account(self) -> Path | None:
        """What became of the rows of the files that could be read."""
        return self._existing(ACCOUNT)

    @property
    def quarantine(self) -> Path | None:
        """The rows that didn't fit, in the form of an accepted delivery's quarantine."""
        return self._existing(QUARANTINE)

    def _existing(self, name: str) -> Path | None:
        return path if (path := self.folder / name).exists() else None


_REFUSAL = TypeAdapter(Refusal)


def refusals(archive: Path) -> list[Refusal]:
    """All refusals kept, oldest day first."""
    return [_read(path) for path in sorted((archive / REFUSED).glob(f"*/*/[0-9]*/{_RECORD}"))]


def keep_refusal(settings: Settings, refused: DeliveryRefused, landed: Path, key: tuple[System, date, int]) -> None:
    """Moves what landing found out about a refused delivery to its own place; without the rows that fit."""
    system, day, number = key
    for path in landed.iterdir():
        if path.name not in (ACCOUNT, QUARANTINE):
            path.unlink()
    record = {
        "system": system.name,
        "as_of_date": str(day),
        "delivery": number,
        "status": HELD if isinstance(refused, DeliveryHeld) else REFUSED,
        "reason": str(refused),
        "at": datetime.now(UTC).isoformat(),
        "checksums": refused.checksums,
    }
    (landed / _RECORD).write_text(json.dumps(record, indent=1))
    record_checksums(landed)
    restrict(settings, landed, *landed.iterdir())
    for path in landed.iterdir():
        flush_to_disk(path)
    folder = _folder(settings, system, day, number)
    restricted_folder(settings, folder.parent)
    shutil.rmtree(folder, ignore_errors=True)
    landed.rename(folder)


def discard_refusal(settings: Settings, system: System, day: date, number: int) -> None:
    """Removes the refusal of a delivery that has been accepted since."""
    shutil.rmtree(_folder(settings, system, day, number), ignore_errors=True)


def acceptance_of(
    settings: Settings, system: System, day: date, number: int, checksums: dict[str, str]
) -> Acceptance | None:
    """Who accepted a held delivery and why; ``None`` when nobody did, or the files are others by now."""
    path = _folder(settings, system, day, number) / _RECORD
    if not path.exists():
        return None
    held = _read(path)
    return held.acceptance if held.checksums == checksums else None


def accepted_when_held(settings: Settings, day: date) -> set[tuple[str, int]]:
    """The day's held deliveries that somebody accepted, by system and number, until they are landed."""
    return {
        (refusal.system, refusal.delivery)
        for refusal in refusals(settings.archive)
        if refusal.as_of_date == day and refusal.acceptance
    }


def accept(settings: Settings, system: System, day: date, acceptance: Acceptance) -> Refusal:
    """Records that the newest held delivery of the day is right as it is; ``UsageError`` when none is held."""
    found = [each for each in refusals(settings.archive) if (each.system, each.as_of_date) == (system.name, day)]
    accepted = Archive(settings.archive).newest(system, day)
    newest = max(found, key=lambda refusal: refusal.at, default=None)
    if newest is None or newest.status != HELD:
        what = "it was refused; only a new delivery helps" if newest else "run the day first, which says whether it is"
        raise UsageError(f"No {system.title} delivery of {day} is held: {what}.")
    if accepted and accepted.delivery >= newest.delivery:
        raise UsageError(
            f"Delivery {accepted.delivery} of {system.title} for {day} was accepted since; nothing is held."
        )
    path = newest.folder / _RECORD
    with rewriting([path]):
        write_whole(path, json.dumps({**json.loads(path.read_text()), "acceptance": acceptance.record()}, indent=1))
    restrict(settings, path)
    return newest


def _folder(settings: Settings, system: System, day: date, number: int) -> Path:
    return settings.archive / REFUSED / system.name / day.isoformat() / f"{number:04d}"


def _read(path: Path) -> Refusal:
    try:
        return _REFUSAL.validate_python({**json.loads(path.read_text()), "folder": path.parent})
    except (OSError, ValueError, TypeError):
        raise UsageError(f"{path} is damaged. Remove its folder; it holds only what is known of a refusal.") from None
