"""Replacing files: a new version is written elsewhere and renamed into place, with the mode and group of the old."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestration.state.files import flush_to_disk

RowsByFile = Mapping[Path, int]
"""How many rows of the person each file has."""


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A private folder on the same disk. What a killed command leaves there is removed by the crash cleanup."""
    with tempfile.TemporaryDirectory(prefix=".forgetting-", dir=parent) as folder:
        yield Path(folder)


def replace_file(new: Path, *targets: Path) -> None:
    """Moves a file from the scratch folder over another, or over several that are links to the same file."""
    replaced = targets[0].stat()
    os.chown(new, -1, replaced.st_gid)
    new.chmod(stat.S_IMODE(replaced.st_mode))
    flush_to_disk(new)
    for target in targets:
        link = new.with_name("link")
        link.hardlink_to(new)
        link.replace(target)
    new.unlink()
