"""Removes what crashed runs left behind, which may hold personal data: parts of deliveries and releases, spills.

Nothing else does: code that writes cleans up after its own errors only.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from orchestration.settings import Settings
from orchestration.state.database import SPILL

PULL = ".pull-"
"""How the folder of a pull under way begins, beside the folders of the systems, with the number of its process."""


def remove_leftovers(settings: Settings) -> None:
    """Removes all leftovers. The caller holds the warehouse, so nobody is working on them."""
    for path in list(_leftovers(settings)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _leftovers(settings: Settings) -> Iterator[Path]:
    # What only the process that holds the warehouse writes.
    yield from (settings.archive / ".incoming").glob("*")  # landing: a delivery that was not accepted yet
    yield settings.state / f"{settings.warehouse.name}.tmp"  # dbt: rows that DuckDB spilled to disk
    for pattern in (
        ".*.new",  # publishing: a link that was not renamed yet
        "releases/.building*",  # publishing: a release partly written
        "releases/.removing*",  # publishing: a release partly removed
        "following/.new-*",  # live views: a file that was not renamed yet
        "following/releases/.building*",  # live views: their part of a release
        "following/releases/.removing*",
        ".forgetting-*",  # privacy: files rewritten without a person
    ):
        yield from settings.published.glob(pattern)
    # What other processes write too, with their number in the name: databases in memory, and write_whole.
    for folder in (settings.state, settings.dagster_home, *_folder_of_deliveries(settings)):
        for path in (*folder.glob(f"{SPILL}*"), *folder.glob(f"{PULL}*"), *folder.glob(".*.new")):
            process = re.search(r"[-.](\d+)(-\d+(-replaced)?|\.new)$", path.name)
            if process and not _is_alive(int(process[1])):
                yield path


def _folder_of_deliveries(settings: Settings) -> list[Path]:
    return [] if "://" in settings.extracts_root else [Path(settings.extracts_root)]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True
