"""The releases under ``published/``: which exist, which one readers see, and which one the next is built on.

published/releases/<as_of>-<n>/   dashboard.duckdb, customers.duckdb, parquet/, release.json
published/current                 -> releases/<as_of>-<n>
"""

import json
import re
from datetime import date
from pathlib import Path

from pydantic import Field
from pydantic.dataclasses import dataclass

from orchestration.failures import NOTHING_PUBLISHED, StateDamaged, UsageError
from orchestration.settings import Settings
from orchestration.state.checksums import Damage, damages, in_words

RELEASE = "release.json"
CURRENT = "current"
DATA = "data.parquet"
NAME = re.compile(r"\d{4}-\d{2}-\d{2}-\d+")


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release, as its ``release.json`` describes it. ``days`` are all days in its history.

    ``sequence`` counts all releases, so that their order doesn't depend on a clock that may be set back.
    ``pending_behind`` names the release that stayed current when this one was built; empty when this one became
    current itself.
    """

    folder: Path
    as_of_date: date
    number: int
    sequence: int = 0
    published_at: str
    run_id: str
    rows: dict[str, int]
    days: tuple[date, ...]
    pending_behind: str = Field(default="", validation_alias="held_behind")

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def file(self, name: str) -> Path:
        """``dashboard`` or ``customers``: the DuckDB file of that name."""
        return self.folder / f"{name}.duckdb"

    def require_whole(self, *names: str) -> None:
        """Raises ``StateDamaged`` unless the files with these paths in its folder are as they were published."""
        if found := damages(self.folder, names):
            raise release_damaged(self.folder, found)


def releases(settings: Settings) -> list[Release]:
    """All releases on disk, oldest day first."""
    found = [
        read_release(path)
        for path in (settings.published / "releases").glob("*")
        if NAME.fullmatch(path.name) and (path / RELEASE).exists()
    ]
    return sorted(found, key=lambda release: (release.as_of_date, release.number))


def release_damaged(folder: Path, found: list[Damage]) -> StateDamaged:
    """The error for a release with files that are not as they were published."""
    return StateDamaged(
        f"The published release {folder.name} is damaged: {in_words(found, folder)} (in {folder}). {NOTHING_PUBLISHED} "
        "yacp repair says what can be done about it."
    )


def current(settings: Settings) -> Release | None:
    """The release that readers see; ``None`` before the first one.

    Without the link, it is the newest release that was ever current: history goes on from what is there.
    """
    link = settings.published / CURRENT
    if link.is_symlink() and not (link / RELEASE).exists():
        raise UsageError(
            f"{link} points to {link.readlink()}, which is no longer complete. yacp repair points it to the newest "
            "release that is, and says which days have to be published again."
        )
    if link.is_symlink():
        return read_release(link.resolve())
    once_current = [release for release in releases(settings) if not release.pending_behind]
    return max(once_current, key=lambda release: release.sequence, default=None)


def lost_link(settings: Settings) -> str:
    """What to say when releases are there but the link to the current one isn't; empty otherwise."""
    link = settings.published / CURRENT
    if link.is_symlink() or not (release := current(settings)):
        return ""
    return f"{link} is lost; going on from {release.name}, the newest release that is there."


def pending(settings: Settings) -> Release | None:
    """The release with corrected older days that becomes visible when the newest day is run again; usually ``None``."""
    visible = current(settings)
    waiting = [r for r in releases(settings) if visible is not None and r.pending_behind == visible.name]
    return max(waiting, key=lambda release: release.sequence, default=None)


def latest(settings: Settings) -> Release | None:
    """What the next release is built on: the pending one, else the current one."""
    return pending(settings) or current(settings)


def read_release(folder: Path) -> Release:
    """The release in a folder."""
    try:
        return Release(folder=folder, **json.loads((folder / RELEASE).read_text()))
    except (OSError, ValueError, TypeError):
        raise UsageError(
            f"{folder / RELEASE} is damaged. yacp repair sets its release aside and says which days have to be "
            "published again."
        ) from None
