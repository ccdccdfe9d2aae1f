"""The SHA-256 of every file of an archived delivery and of a release, recorded when they are written.

    <folder>/checksums.json   {"files": {"<path>": ["<sha256>", <bytes>]}, "own": "<sha256 of files>"}

Neither Parquet nor JSON notices a turned bit. So whatever is used as a basis is compared first. A file without a
recorded checksum is accepted: it was written by an earlier version, or by a ``yacp forget`` that was interrupted.
"""

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.state.files import write_whole

CHECKSUMS = "checksums.json"
Checksums = dict[str, tuple[str, int]]
"""By path in the folder: the SHA-256 and the number of bytes."""


@dataclass(frozen=True)
class Damage:
    """A file that is not as it was written, and in what way."""

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{self.path.name} {self.what}"


class ChecksumsDamaged(Exception):
    """A record of checksums can't be read, or is itself not as it was written."""


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(folder: Path, base: Path | None = None) -> None:
    """Records every file in the folder. Those that are links to the same file of ``base`` keep what it recorded."""
    known: Checksums = {}
    if base is not None:
        known = read(base) or {}
    files: Checksums = {}
    for path in sorted(_files(folder)):
        name = str(path.relative_to(folder))
        is_linked = base is not None and name in known and path.samefile(base / name)
        files[name] = known[name] if is_linked else _checksum(path)
    _write(folder, files)


def read(folder: Path) -> Checksums | None:
    """What was recorded; ``None`` when nothing was. ``ChecksumsDamaged`` when it can't be relied on."""
    path = folder / CHECKSUMS
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text())
        files = {str(name): (str(digest), int(size)) for name, (digest, size) in found["files"].items()}
        if found["own"] == _own(files):
            return files
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass
    raise ChecksumsDamaged


def damages(folder: Path, names: Collection[str] | None = None, *, is_quick: bool = False) -> list[Damage]:
    """The files of a folder that are not as they were written: all of them, or those with these paths.

    A quick look compares only the sizes.
    """
    try:
        files = read(folder)
    except ChecksumsDamaged:
        return [Damage(folder / CHECKSUMS, "is damaged")]
    found = []
    for name in names if names is not None else files or ():
        checksum = (files or {}).get(name)
        if what := _difference(folder / name, checksum, is_quick=is_quick):
            found.append(Damage(folder / name, what))
    return found


def in_words(found: Sequence[Damage], below: Path | None = None) -> str:
    """The first three damages and how many more there are; paths are from ``below``, or absolute."""
    named = (f"{each.path.relative_to(below) if below else each.path} {each.what}" for each in found[:3])
    return ", ".join(named) + (f", and {len(found) - 3} more" if len(found) > 3 else "")


def unrecorded(folder: Path) -> list[Path]:
    """The files of a folder without a checksum."""
    files = read(folder) or {}
    return [path for path in sorted(_files(folder)) if str(path.relative_to(folder)) not in files]


@contextmanager
def rewriting(paths: Iterable[Path]) -> Iterator[None]:
    """For files that are rewritten inside: none of them has a checksum meanwhile, and afterwards the new one.

    So a rewrite that is killed leaves files that are accepted, not files that look damaged.
    """
    by_folder: dict[Path, list[str]] = {}
    for path in paths:
        if folder := next((parent for parent in path.parents if (parent / CHECKSUMS).exists()), None):
            by_folder.setdefault(folder, []).append(str(path.relative_to(folder)))
    for folder, names in by_folder.items():
        drop(folder, names)
    yield
    for folder, names in by_folder.items():
        files = read(folder) or {}
        _write(folder, files | {name: _checksum(folder / name) for name in names})


def drop(folder: Path, names: Collection[str]) -> None:
    """Takes files out of the record."""
    files = read(folder) or {}
    _write(folder, {name: checksum for name, checksum in files.items() if name not in names})


def _difference(path: Path, checksum: tuple[str, int] | None, *, is_quick: bool) -> str:
    """What is wrong with a file; empty when nothing is, or nothing is known."""
    if not path.exists():
        return "is missing"
    if not path.is_file():
        return "is not a file"
    if checksum is None:
        return ""
    digest, size = checksum
    if (found := path.stat().st_size) != size:
        return f"has {found:,} of {size:,} bytes"
    return "" if is_quick or sha256(path) == digest else "is not as it was written"


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if name != CHECKSUMS and not name.startswith("."))


def _checksum(path: Path) -> tuple[str, int]:
    return sha256(path), path.stat().st_size


def _own(files: Checksums) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _write(folder: Path, files: Checksums) -> None:
    """Writes the record with the mode and group of the one before."""
    path = folder / CHECKSUMS
    before = path.stat() if path.exists() else None
    write_whole(path, json.dumps({"files": files, "own": _own(files)}, indent=0) + "\n")
    if before:
        os.chown(path, -1, before.st_gid)
        path.chmod(stat.S_IMODE(before.st_mode))
