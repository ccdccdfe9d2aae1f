"""Removes what crashed runs left behind, which may hold personal data: parts of deliveries and releases, spills.

Nothing else does: code that writes cleans up after its own errors only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from orchestration.settings import Settings
from orchestration.state.database import SPILL


def remove_leftovers(settings: Settings) -> None:
    """Removes all leftovers. The caller holds the warehouse, so nobody is working on them."""
    for path in (*_leftovers(settings), *_leftovers_of_dead_processes(settings)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _leftovers(settings: Settings) -> Iterator[Path]:
    """What only the process that holds the warehouse writes."""
    releases, following = settings.published / "releases", settings.published / "following"
    for folder, patterns in (
        (settings.archive / ".incoming", ("*",)),  # landing: a delivery that was not accepted yet
        (settings.state, (f"{settings.warehouse.name}.tmp",)),  # dbt: rows that DuckDB spilled to disk
        (settings.published, (".*.new",)),  # publishing: a link that was not renamed yet
        (releases, (".building*", ".removing*")),  # publishing: a release partly written, or partly removed
        (following, (".new-*",)),  # live views: a file that was not renamed yet
        (following / "releases", (".building*", ".removing*")),  # live views: their part of a release
        (settings.published, (".forgetting-*",)),  # privacy: files rewritten without a person
    ):
        for pattern in patterns:
            yield from folder.glob(pattern)


def _leftovers_of_dead_processes(settings: Settings) -> Iterator[Path]:
    """What other processes write too, with their number in the name."""
    for spill in settings.state.glob(f"{SPILL}*"):  # connections to a database in memory
        if not _is_alive(spill.name.removeprefix(SPILL).split("-")[0]):
            yield spill
    for folder in (settings.state, settings.dagster_home):
        for path in folder.glob(".*.new"):  # state.files.write_whole
            if not _is_alive(path.name.split(".")[-2]):
                yield path


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):  # another user's, or not one of our names
        pass
    return True
