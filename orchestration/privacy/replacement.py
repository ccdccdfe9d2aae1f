"""Files written anew and put in place whole, with the rights they are to have."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestration.state.files import flush_to_disk

RowsByFile = Mapping[Path, int]
"""Files that hold the person, each with its number of rows."""


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """A closed folder on the same disk; one that a killed command leaves is swept with the other leftovers."""
    with tempfile.TemporaryDirectory(prefix=".forgetting-", dir=beside) as folder:
        yield Path(folder)


def replace_file(made: Path, *places: Path) -> None:
    """Puts a file made in the workshop in the place of another, or of several that share one, with the same rights."""
    replaced = places[0].stat()
    os.chown(made, -1, replaced.st_gid)
    made.chmod(stat.S_IMODE(replaced.st_mode))
    flush_to_disk(made)
    for place in places:
        fresh = made.with_name("fresh")
        fresh.hardlink_to(made)
        fresh.replace(place)
    made.unlink()
