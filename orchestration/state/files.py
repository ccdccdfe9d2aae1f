"""Files that are there whole or not at all, and still there after a power failure."""

from __future__ import annotations

import os
from pathlib import Path


def flush_to_disk(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, content: str, *, mode: int = 0o600) -> None:
    """Writes a file under another name and renames it, so that nobody ever reads half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w") as stream:
        os.fchmod(handle, mode)
        stream.write(content)
        stream.flush()
        os.fsync(handle)
    fresh.replace(path)
