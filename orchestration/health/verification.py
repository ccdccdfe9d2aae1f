"""What is damaged under ``YACP_HOME``: every file against its checksum, every record against what lies there.

Nothing here writes, except when the last whole look was.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.contract.systems import SYSTEMS
from orchestration.failures import YacpError
from orchestration.landing.archive import Archive
from orchestration.landing.refusals import REFUSED
from orchestration.runs.record_of_runs import damaged_databases
from orchestration.settings import Settings
from orchestration.state.checksums import CHECKSUMS, ChecksumsDamaged, Damage, damages, unrecorded
from orchestration.state.database import Table, connect, literal
from orchestration.state.files import write_whole
from orchestration.state.releases import CURRENT, NAME, RELEASE, current, read_release

DELIVERY, REFUSAL, FILES, PARQUET, LIVE, LINK, RUNS, NUMBERS, COUNTS, NOTE = (
    "archived delivery", "refusal", "release", "Parquet of a release", "live views", "link", "record of runs",
    "checksums", "history", "note",
)  # fmt: skip
"""The kinds of faults; a note is none."""

_COSTS_AND_MENDS = {
    DELIVERY: ("the day can't be built again", "yacp repair; it says whether the system has to deliver it again"),
    REFUSAL: ("what is known of a refused delivery can't be shown", "yacp repair sets it aside"),
    FILES: ("no day can be published on it", "yacp repair goes on from the release before it"),
    PARQUET: ("the day can't be read from Parquet", "yacp repair, then yacp backfill of the day"),
    LIVE: ("readers of published/following may see wrong rows", "yacp repair, then a run of the newest day"),
    LINK: ("readers don't find what is published", "yacp repair sets it"),
    RUNS: ("Dagster doesn't know earlier runs; nothing published depends on it", "yacp repair, or the next run"),
    NUMBERS: (
        "nothing says whether the files beside it are as they were",
        "yacp repair records the files as they are",
    ),
    COUNTS: ("the day is not as it was delivered", "yacp backfill of the day"),
    NOTE: ("it can't be compared; it was written before checksums were", "a run, or nothing"),
}


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was written."""

    kind: str
    path: Path
    what: str

    @property
    def is_note(self) -> bool:
        """Whether it is only something to know."""
        return self.kind == NOTE

    @property
    def costs(self) -> str:
        """What doesn't work because of it."""
        return _COSTS_AND_MENDS[self.kind][0]

    @property
    def mend(self) -> str:
        """What mends it."""
        return _COSTS_AND_MENDS[self.kind][1]


def verify(config: Settings, *, is_quick: bool = False) -> list[Fault]:
    """Everything that is damaged, and notes. A quick look compares sizes, links and records only."""
    found = [*_archive(config, is_quick), *_published(config, is_quick), *_links(config)]
    found += [Fault(RUNS, path, "can't be used") for path in damaged_databases(config)]
    if not is_quick and not [each for each in found if not each.is_note]:
        found += _counts(config)
    return found


def report(config: Settings, found: list[Fault]) -> Table:
    """The faults and notes as a table."""
    rows: list[tuple[object, ...]] = [
        (each.kind, str(each.path.relative_to(config.state)), each.what, each.costs, each.mend) for each in found
    ]
    return Table(("kind", "path", "what", "costs", "mend"), rows)


def remember(config: Settings, found: list[Fault], now: datetime) -> None:
    """Records when everything was compared, and how many faults there were."""
    faults = sum(not each.is_note for each in found)
    write_whole(config.state / "verified.json", json.dumps({"at": now.isoformat(timespec="seconds"), "faults": faults}))


def last_verification(config: Settings) -> datetime | None:
    """When everything was compared last; ``None`` when it never was."""
    try:
        return datetime.fromisoformat(json.loads((config.state / "verified.json").read_text())["at"]).astimezone(UTC)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _archive(config: Settings, is_quick: bool) -> Iterator[Fault]:
    for system in SYSTEMS:
        for folder in sorted((config.archive / system.name).glob("*/[0-9]*")):
            expected = {f"{extract.name}.parquet" for extract in system.extracts}
            yield from _folder(DELIVERY, folder, is_quick, expected)
            try:
                Archive(config.archive).delivery(system.name, date.fromisoformat(folder.parent.name), int(folder.name))
            except (YacpError, ValueError):
                yield Fault(DELIVERY, folder / "delivery.json", "can't be read")
        for folder in sorted((config.archive / REFUSED / system.name).glob("*/[0-9]*")):
            yield from _folder(REFUSAL, folder, is_quick)


def _published(config: Settings, is_quick: bool) -> Iterator[Fault]:
    for folder in sorted((config.published / "releases").glob("[0-9]*")):
        if NAME.fullmatch(folder.name):
            yield from _folder(FILES, folder, is_quick, {"dashboard.duckdb", "customers.duckdb", RELEASE})
            try:
                read_release(folder)
            except YacpError:
                yield Fault(FILES, folder / RELEASE, "can't be read")
    for folder in sorted((config.published / "following" / "releases").glob("release=*")):
        yield from _folder(LIVE, folder, is_quick)


def _folder(kind: str, folder: Path, is_quick: bool, expected: set[str] | None = None) -> Iterator[Fault]:
    """The faults of a folder with checksums. One that is a file, or lacks a file it must have, is damaged too."""
    if not folder.is_dir():
        yield Fault(kind, folder, "is not a folder")
        return
    found = damages(folder, is_quick=is_quick)
    missing = [Damage(folder / name, "is missing") for name in sorted(expected or ()) if not (folder / name).exists()]
    for damage in {each.path: each for each in [*missing, *found]}.values():
        if damage.path.name == CHECKSUMS:
            yield Fault(NUMBERS, damage.path, damage.what)
        elif kind == FILES and damage.path.suffix == ".parquet":
            yield Fault(PARQUET, damage.path, damage.what)
        else:
            yield Fault(kind, damage.path, damage.what)
    try:
        unknown = unrecorded(folder)
    except ChecksumsDamaged:
        return
    if unknown:
        yield Fault(NOTE, folder, f"{len(unknown)} files have no checksum")


def _links(config: Settings) -> Iterator[Fault]:
    releases = [path for path in (config.published / "releases").glob("[0-9]*") if NAME.fullmatch(path.name)]
    if not releases:
        return
    if not (config.published / CURRENT / RELEASE).exists() or not (config.published / CURRENT).is_symlink():
        yield Fault(LINK, config.published / CURRENT, "doesn't lead to a release")
    for name in ("dashboard.duckdb", "customers.duckdb", "parquet", RELEASE):
        link = config.published / name
        if not link.is_symlink() or link.readlink() != Path(CURRENT, name):
            yield Fault(LINK, link, f"doesn't lead to {CURRENT}/{name}")


def _counts(config: Settings) -> Iterator[Fault]:
    """The published days against their history, and against the archive's accounts of their deliveries."""
    release = current(config)
    if release is None:
        return
    accounts = [
        str(delivery.account) for delivery in Archive(config.archive).all() if delivery.as_of_date in release.days
    ]
    with connect(config) as connection:
        try:
            connection.execute(f"attach {literal(release.file('dashboard'))} as it (read_only)")
            days = connection.execute("select distinct as_of_date from it.sections.history").fetchall()
        except duckdb.Error:
            yield Fault(FILES, release.file("dashboard"), "can't be read")
            return
        for day in sorted(set(release.days) - {day for (day,) in days}):
            yield Fault(COUNTS, release.file("dashboard"), f"has no history of {day}")
        published = release.folder / "parquet/dashboard/quality/deliveries"
        if not accounts or not list(published.glob("*/*.parquet")):
            return
        differing = connection.execute(
            "select distinct p.as_of_date from read_parquet(?, hive_partitioning = false) as p"
            " inner join read_parquet(?) as a using (system, as_of_date, delivery, file)"
            " where p.rows_loaded <> a.rows_loaded or p.rows_in_manifest <> a.rows_in_manifest order by all",
            [str(published / "*/*.parquet"), accounts],
        ).fetchall()
    for (day,) in differing:
        yield Fault(COUNTS, published, f"counts other rows of the deliveries of {day} than the archive")
