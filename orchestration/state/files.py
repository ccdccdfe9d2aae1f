"""Files that are complete or don't exist, and that survive a power failure."""

import os
from pathlib import Path


def flush_to_disk(path: Path) -> None:
    """Waits until a file, or the list of names in a folder, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, content: str) -> None:
    """Writes a file under another name and renames it: no reader sees half of it, and a crash leaves the old one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.touch(0o600)
    fresh.write_text(content)
    flush_to_disk(fresh)
    fresh.replace(path)
