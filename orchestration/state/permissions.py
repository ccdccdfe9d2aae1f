"""Who may open what holds personal data: the account that runs yacp, and the group that the settings name.

Files are born closed, under the umask of whoever has the warehouse (``turn``); a group is let in once they are whole.
"""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.failures import UsageError
from orchestration.settings import Settings

_LISTS = (
    "releases/*/customers.duckdb",
    "releases/*/parquet/customers",
    "releases/*/customers",  # the spare's
    "following/releases/*/customers",
    "following/customers.*",
)


@contextmanager
def private_umask() -> Iterator[None]:
    """Whatever this process and those it starts create inside is their account's alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def group_id(settings: Settings) -> int | None:
    """The number of the group that may read; ``None`` when no group may."""
    if not settings.group:
        return None
    try:
        group = grp.getgrnam(settings.group).gr_gid
    except KeyError:
        raise UsageError(f"YACP_GROUP names the group {settings.group}, which this machine does not have.") from None
    if os.geteuid() != 0 and group not in {os.getegid(), *os.getgroups()}:
        raise UsageError(
            f"YACP_GROUP names the group {settings.group}, but the account that runs yacp is not in it. "
            "Add it to the group, and sign in again."
        )
    return group


def restrict(settings: Settings, *paths: Path) -> None:
    """Closes files and folders to everyone but their account and the group of the settings."""
    group = group_id(settings)
    for path in paths:
        mode = _mode(path, group)
        if group is not None:
            os.chown(path, -1, group)
        path.chmod(mode)


def open_to_readers(settings: Settings, *paths: Path, is_private: bool) -> None:
    """Opens what is whole: counts to everyone, customer lists to those who may read them."""
    if is_private:
        restrict(settings, *paths)
        return
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)


def restricted_folder(settings: Settings, path: Path) -> Path:
    """The folder, and above it what is missing, made for those who may read it."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700)
        restrict(settings, folder)
    return path


def restrict_everything(settings: Settings) -> None:
    """Once after an installation or a change of the group: what was written before is opened or closed as well."""
    archive = restricted_folder(settings, settings.archive)
    if _is_restricted(settings, archive):
        return
    for system in archive.glob("[a-z]*"):  # not .incoming: what is on its way has no other reader
        restrict(settings, *system.rglob("*"), system)
    for folder in _LISTS:
        for top in settings.published.glob(folder):
            restrict(settings, *top.rglob("*"), top)
    if settings.warehouse.exists():
        restrict(settings, settings.warehouse)
    restrict(settings, archive)  # last: it tells that the others are done


def _is_restricted(settings: Settings, path: Path) -> bool:
    group = group_id(settings)
    found = path.stat()
    return stat.S_IMODE(found.st_mode) == _mode(path, group) and group in (None, found.st_gid)


def _mode(path: Path, group: int | None) -> int:
    if path.is_dir():
        return 0o700 if group is None else 0o750
    return 0o600 if group is None else 0o640
