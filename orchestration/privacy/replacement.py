"""Replacing files by new versions of them."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.state.files import flush_to_disk


@contextmanager
def replaced(targets: list[Path], parent: Path) -> Iterator[Path]:
    """Yields where to write the new version of a file, given with all its links, which it then replaces.

    It gets the mode and group of the old one. ``parent`` is on the same disk; what a killed command leaves there is
    removed by the crash cleanup.
    """
    with TemporaryDirectory(prefix=".forgetting-", dir=parent) as folder:
        new, link = Path(folder, targets[0].name), Path(folder, "link")
        yield new
        old = targets[0].stat()
        os.chown(new, -1, old.st_gid)
        new.chmod(stat.S_IMODE(old.st_mode))
        flush_to_disk(new)
        for target in targets:
            link.hardlink_to(new)
            link.replace(target)
