"""Pull: writes what a source holds for a day as a delivery, in the folder that deliveries come from.

The delivery is written beside its place and renamed into it, so a pull that is killed leaves nothing but a folder that
the next run removes. One that equals the delivery before is not written again.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.contract.extract import System
from orchestration.failures import DeliveryRefused, SourceError, UsageError
from orchestration.landing.archive import Archive
from orchestration.pulling.extraction import Progress, extract_all, parquet_name
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot
from orchestration.sources.manifest import MANIFEST, Manifest, ManifestFile
from orchestration.sources.profile import Profile, read_profile
from orchestration.sources.readiness import fingerprint, require_newest_day, require_ready
from orchestration.state.checksums import sha256
from orchestration.state.crash_cleanup import PULL
from orchestration.state.database import connect, literal
from orchestration.state.files import flush_to_disk
from orchestration.state.permissions import make_home, private_umask


@dataclass(frozen=True)
class Pulled:
    """What a pull brought. ``is_new`` is false when the delivery before has the same rows.

    ``full_numbers`` is how many full Social Security numbers were cut to their last four digits.
    """

    profile: Profile
    day: date
    delivery: int
    is_new: bool
    rows: dict[str, int]
    seconds: float
    full_numbers: int = 0


def pull_newest(settings: Settings, system: System, progress: Progress = lambda _: None) -> Pulled:
    """Pulls the newest day that the source has complete; ``SourceError`` when it has none."""
    day = require_newest_day(settings, read_profile(settings, system))
    return pull(settings, system, day, progress)


def pull(settings: Settings, system: System, day: date, progress: Progress = lambda _: None) -> Pulled:
    """Pulls a day and makes it a delivery. ``SourceError`` when the source or the profile isn't as it has to be."""
    started = time.monotonic()
    profile = read_profile(settings, system)
    root = _local_root(settings)
    require_ready(settings, profile, day)
    make_home(settings)
    with private_umask(), _one_at_a_time(root, system), scratch_folder(root, system.name) as scratch:
        seen = fingerprint(settings, profile, day)
        found = extract_all(settings, profile, day, scratch, progress)
        before = delivered_manifest(settings, system, day)
        target = root / system.name / day.isoformat()
        is_new = before is None or not _has_same_rows(settings, system, scratch, target, before)
        number = _next_number(settings, system, day, before) if is_new or before is None else before.delivery
        manifest = _manifest(system, day, number, found.rows, scratch, seen) if is_new else before
        assert manifest  # noqa: S101 - without one before, it is new
        _put_in_place(scratch, target, manifest.model_copy(update={"source": seen}), is_new=is_new)
    return Pulled(profile, day, number, is_new, found.rows, time.monotonic() - started, found.full_numbers)


def delivered_manifest(settings: Settings, system: System, day: date) -> Manifest | None:
    """The manifest of the day's delivery where deliveries come from; ``None`` if there is none that can be read."""
    with DeliveryRoot(settings) as root, suppress(UsageError, DeliveryRefused):
        return root.manifest(system, day)
    return None


def _local_root(settings: Settings) -> Path:
    if "://" in settings.extracts_root:
        raise SourceError(
            "A pull writes its deliveries into a folder, but YACP_EXTRACTS names another kind of location. Set it to a "
            "folder, or remove it: then that is the folder extracts under YACP_HOME."
        )
    return Path(settings.extracts_root).absolute()


@contextmanager
def _one_at_a_time(root: Path, system: System) -> Iterator[None]:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(root / f"{PULL}{system.name}.lock")
    try:
        with lock.acquire(timeout=0):
            yield
    except Timeout:
        raise SourceError(f"{system.title} is being pulled by another process. Wait for it to finish.") from None


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder for the time of a pull. What a killed process left of the same name is removed by the next run."""
    folder = parent / f"{PULL}{name}-{os.getpid()}-0"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _next_number(settings: Settings, system: System, day: date, before: Manifest | None) -> int:
    accepted = Archive(settings.archive).newest(system, day)
    return max(before.delivery if before else 0, accepted.delivery if accepted else 0) + 1


def _has_same_rows(settings: Settings, system: System, new: Path, old: Path, before: Manifest) -> bool:
    """Whether every extract has the same rows, in any order: a database returns them in whatever order it likes."""
    names = [parquet_name(extract) for extract in system.extracts]
    if {file.name for file in before.files} != set(names) or not all((old / name).exists() for name in names):
        return False
    with connect(settings) as connection:
        return all(_content(connection, new / name) == _content(connection, old / name) for name in names)


def _content(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[object, ...]:
    source = f"read_parquet({literal(path)})"
    try:
        columns = connection.execute(f"describe from {source}").fetchall()
        row = connection.execute(
            f"select count(*), sum(hash(each)), bit_xor(hash(each)) from {source} as each"
        ).fetchone()
    except duckdb.Error:  # damaged, and replaced by the new one
        return (path,)
    return tuple((name, kind) for name, kind, *_ in columns) + (row or ())


def _manifest(system: System, day: date, number: int, rows: dict[str, int], folder: Path, seen: str) -> Manifest:
    files = []
    for extract in system.extracts:
        path = folder / parquet_name(extract)
        files.append(ManifestFile(name=path.name, rows=rows[extract.name], sha256=sha256(path)))
    return Manifest.model_validate(
        {"system": system.name, "as_of_date": day, "delivery": number, "files": files, "source": seen}
    )


def _put_in_place(scratch: Path, target: Path, manifest: Manifest, *, is_new: bool) -> None:
    """Makes the pull the day's delivery; an equal one only gets the note of what it was pulled from."""
    (scratch / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    flush_to_disk(scratch / MANIFEST)
    if not is_new:
        (scratch / MANIFEST).replace(target / MANIFEST)
        return
    flush_to_disk(scratch)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replaced = scratch.with_name(f"{scratch.name}-replaced")
    if target.exists():
        target.rename(replaced)
    scratch.rename(target)
    flush_to_disk(target.parent)
    shutil.rmtree(replaced, ignore_errors=True)
