"""What runs that died left behind, which may hold anybody's data: half a landing, half a release, what was spilled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from orchestration.settings import Settings
from orchestration.state.database import SPILL


def remove_leftovers(settings: Settings) -> None:
    """Removes it all; whoever has the warehouse's turn knows that nobody is working on it."""
    for path in _left(settings):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _left(settings: Settings) -> Iterator[Path]:
    yield from (settings.archive / ".incoming").glob("*")
    for pattern in (".forgetting-*", ".*.new", "*/.building*", "*/.removing*", "*/.new-*"):
        yield from settings.published.glob(pattern)
    for pattern in (".building*", ".removing*"):
        yield from settings.published.glob(f"following/releases/{pattern}")
    yield settings.warehouse.with_name(f"{settings.warehouse.name}.tmp")
    for spilled in settings.state.glob(f"{SPILL}*"):
        if not _is_alive(int(spilled.name.removeprefix(SPILL).split("-")[0])):  # a reader's needs no turn
            yield spilled


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
