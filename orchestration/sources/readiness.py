"""Which days a source has complete, and what a pull of a day would depend on."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from orchestration.contract.dates import today_in_chicago
from orchestration.failures import SourceError
from orchestration.settings import Settings
from orchestration.sources.database import newest_finished_day
from orchestration.sources.day_patterns import DayPattern
from orchestration.sources.file_tables import days_found, find_files, open_location
from orchestration.sources.profile import Database, Files, Profile
from orchestration.sources.storage import Storage


def ready_days(settings: Settings, profile: Profile) -> Iterator[date]:
    """The days that can be pulled, newest first. A database has one, unless its SQL can tell about earlier days."""
    if profile.database:
        yield newest_day_of(settings, profile, profile.database)
    elif profile.files:
        with open_location(settings, profile, profile.files) as storage:
            for day in days_found(storage, profile.files):
                if day <= today_in_chicago() and not _why_not(storage, profile, profile.files, day):
                    yield day


def newest_ready_day(settings: Settings, profile: Profile) -> date | None:
    """The newest day that can be pulled; ``None`` when there is none."""
    return next(ready_days(settings, profile), None)


def require_newest_day(settings: Settings, profile: Profile) -> date:
    """The same; ``SourceError`` when there is none."""
    if (day := newest_ready_day(settings, profile)) is None:
        raise SourceError(
            f"{profile.system.title} has no complete day: look at the patterns and [ready] in {profile.path}."
        )
    return day


def newest_day_of(settings: Settings, profile: Profile, database: Database) -> date:
    """The newest finished day of a database: what its query says, or else yesterday."""
    yesterday = today_in_chicago() - timedelta(days=1)
    return newest_finished_day(settings, profile, database) if profile.ready.query else yesterday


def require_ready(settings: Settings, profile: Profile, day: date) -> None:
    """Raises ``SourceError`` when the source doesn't have the day, or not in full yet."""
    if profile.files:
        with open_location(settings, profile, profile.files) as storage:
            find_files(storage, profile, profile.files, day)
            if why := _why_not(storage, profile, profile.files, day):
                raise SourceError(f"{profile.system.title} is not complete for {day} yet: {why}.")
    elif profile.database:
        newest = newest_day_of(settings, profile, profile.database)
        if day > newest or (day < newest and not profile.database.past_days):
            more = "" if day > newest else " Set past_days if the SQL can tell how an earlier day ended, by :as_of."
            raise SourceError(f"{profile.path}: the database has {newest} as its finished day, not {day}.{more}")


def fingerprint(settings: Settings, profile: Profile, day: date) -> str:
    """What a pull of the day depends on, as far as it can be seen from outside: the profile, and the files' changes."""
    digest = hashlib.sha256()
    for path in profile.all_files:
        digest.update(f"{path.name}\n".encode() + (path.read_bytes() if path.exists() else b"") + b"\0")
    if profile.files:
        with open_location(settings, profile, profile.files) as storage:
            for name, found in find_files(storage, profile, profile.files, day).items():
                for each in found:
                    digest.update(f"{name} {each.path} {storage.size_and_change(each.path)}\n".encode())
    return digest.hexdigest()


def _why_not(storage: Storage, profile: Profile, files: Files, day: date) -> str:
    """Why a day isn't ready whose files are there; empty when it is."""
    ready = profile.ready
    if ready.file and not any(DayPattern(ready.file).find(storage, day)):
        return f"there is no file like {ready.file}, which says so ([ready] in {profile.path})"
    if ready.age_minutes:
        newest = datetime.now(UTC) - timedelta(minutes=ready.age_minutes)
        for found in find_files(storage, profile, files, day).values():
            for each in found:
                if storage.size_and_change(each.path)[1] > newest:
                    return f"{each.path} changed in the last {ready.age_minutes:g} minutes"
    return ""
