"""The releases under ``published/``: which there are, which one readers see, and what the next one builds on.

published/releases/<as_of>-<n>/   dashboard.duckdb, customers.duckdb, parquet/, release.json
published/current                 -> releases/<as_of>-<n>
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.failures import UsageError
from orchestration.settings import Settings

RELEASE = "release.json"
CURRENT = "current"
DATA = "data.parquet"
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-(\d+)")


@dataclass(frozen=True)
class Release:
    """One release: where it is and what it says of itself. ``days`` is every day in its history.

    ``sequence`` counts all releases, so their order hangs on no clock, which somebody may set back. ``held_behind``
    names the release that stayed current when this one was built; empty for one that became current itself.
    """

    folder: Path
    as_of_date: date
    number: int
    sequence: int
    published_at: str
    run_id: str
    rows: dict[str, int]
    days: tuple[date, ...]
    held_behind: str = ""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def file(self, name: str) -> Path:
        """``dashboard`` or ``customers``: the DuckDB file of that name."""
        return self.folder / f"{name}.duckdb"


def releases(settings: Settings) -> list[Release]:
    """The releases kept, oldest day first."""
    found = [
        read_release(path)
        for path in (settings.published / "releases").glob("*")
        if _NAME.fullmatch(path.name) and (path / RELEASE).exists()
    ]
    return sorted(found, key=lambda release: (release.as_of_date, release.number))


def current(settings: Settings) -> Release | None:
    """The release that readers see; ``None`` before the first one."""
    link = settings.published / CURRENT
    if (link / RELEASE).exists():
        return read_release(link.resolve())
    if link.is_symlink():
        raise UsageError(
            f"{link} leads to {link.readlink()}, which is not whole any more. Let it lead to a release that is: "
            f"ln -sfn releases/<release> {link}. Only when there is none left, remove it and let yacp backfill publish "
            "the days again."
        )
    return None


def pending(settings: Settings) -> Release | None:
    """The release with corrected older days that waits for the newest day to be run again; mostly ``None``."""
    standing = current(settings)
    waiting = [r for r in releases(settings) if standing is not None and r.held_behind == standing.name]
    return max(waiting, key=lambda release: release.sequence, default=None)


def latest(settings: Settings) -> Release | None:
    """What the next release is built on: the held one, else the current one."""
    return pending(settings) or current(settings)


def read_release(folder: Path) -> Release:
    try:
        record = json.loads((folder / RELEASE).read_text())
        return Release(
            folder=folder,
            as_of_date=date.fromisoformat(record["as_of_date"]),
            number=record["number"],
            sequence=record.get("sequence", 0),
            published_at=record["published_at"],
            run_id=record["run_id"],
            rows=record["rows"],
            days=tuple(date.fromisoformat(day) for day in record["days"]),
            held_behind=record.get("held_behind", ""),
        )
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            f"{folder / RELEASE} is damaged. Move the release's folder away; yacp backfill publishes its days again."
        ) from None
