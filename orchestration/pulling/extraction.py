"""Extraction: the selects of a profile run, and the rows of each extract are in a Parquet file."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.contract.extract import Extract
from orchestration.failures import SourceUnreachable
from orchestration.pulling.full_numbers import LastFourOnly
from orchestration.settings import Settings
from orchestration.sources.database import open_snapshot
from orchestration.sources.file_tables import load_tables
from orchestration.sources.profile import Database, Files, Profile
from orchestration.sources.profile_sql import close_to_the_outside, select_rows
from orchestration.sources.row_files import write_rows
from orchestration.sources.storage import seconds_to_wait
from orchestration.state.database import connect

Progress = Callable[[str], None]

log = logging.getLogger(__name__)


def parquet_name(extract: Extract) -> str:
    """The name of the extract's file in a delivery."""
    return f"{extract.name}.parquet"


@dataclass(frozen=True)
class Extracted:
    """The rows of each extract, and how many full Social Security numbers were cut to their last four digits."""

    rows: dict[str, int]
    full_numbers: int


def extract_all(settings: Settings, profile: Profile, day: date, folder: Path, progress: Progress) -> Extracted:
    """Writes a Parquet file per extract into the folder.

    A lost connection starts all over, so that everything is from one snapshot, with twice the wait each time.
    """
    failed = 0
    while True:
        try:
            if profile.database:
                return _from_database(settings, profile, profile.database, day, folder, progress)
            assert profile.files  # noqa: S101 - a profile has either
            return _from_files(settings, profile, profile.files, day, folder, progress)
        except SourceUnreachable as error:
            failed += 1
            if failed > settings.retries:
                tried = f" Tried {failed} times." if failed > 1 else ""
                raise SourceUnreachable(f"{error}{tried}") from None
            wait = seconds_to_wait(settings, failed)
            log.warning("%s: no connection; retrying in %g s (%d of %d)", profile.path, wait, failed, settings.retries)
            time.sleep(wait)


def _from_database(
    settings: Settings, profile: Profile, database: Database, day: date, folder: Path, progress: Progress
) -> Extracted:
    texts = _texts(profile)
    counts, last_four = {}, LastFourOnly()
    with open_snapshot(settings, profile, database) as snapshot:
        for extract in profile.system.extracts:
            progress(f"pulling {profile.system.name} {extract.name}")
            rows = snapshot.select(profile.sql_path(extract), texts[extract.name], day)
            counts[extract.name] = write_rows(last_four.of(rows, extract), folder / parquet_name(extract))
    return Extracted(counts, last_four.count)


def _from_files(
    settings: Settings, profile: Profile, files: Files, day: date, folder: Path, progress: Progress
) -> Extracted:
    texts = _texts(profile)
    counts, last_four = {}, LastFourOnly()
    with connect(settings) as connection:
        load_tables(connection, settings, profile, files, day, folder, progress)
        close_to_the_outside(connection)
        for extract in profile.system.extracts:
            progress(f"pulling {profile.system.name} {extract.name}")
            path = profile.sql_path(extract)
            rows = select_rows(connection, path, texts[extract.name], day, settings.pull_minutes)
            counts[extract.name] = write_rows(last_four.of(rows, extract), folder / parquet_name(extract))
    return Extracted(counts, last_four.count)


def _texts(profile: Profile) -> dict[str, str]:
    """All selects, read before the first of them runs: a missing one is an error right away."""
    return {extract.name: profile.sql(extract) for extract in profile.system.extracts}
