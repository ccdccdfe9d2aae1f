"""Who can open files with personal data: the user that runs yacp, and the group that the settings name.

New files are readable by their owner alone, because the process that holds the warehouse has a private umask; the
group gets access once a file is complete.
"""

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
    "releases/*/customers",  # of the spare, which the next release starts from
    "following/releases/*/customers",
    "following/customers.*",
)


def make_home(settings: Settings) -> None:
    """Creates the folder of all state. Others may look for the counts in it; none but its owner may write."""
    home = settings.state
    if not home.exists():
        home.mkdir(mode=0o700, parents=True)
        home.chmod(0o755)
    elif stat.S_IMODE(home.stat().st_mode) & 0o022 and home.stat().st_uid == os.geteuid():
        home.chmod(stat.S_IMODE(home.stat().st_mode) & ~0o022)


@contextmanager
def private_umask() -> Iterator[None]:
    """Files that this process, or a process it starts, creates inside are readable by their owner alone."""
    previous = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(previous)


def group_id(settings: Settings) -> int | None:
    """The number of the group that may read; ``None`` when the settings name none."""
    if not settings.group:
        return None
    try:
        group = grp.getgrnam(settings.group).gr_gid
    except KeyError:
        raise UsageError(f"YACP_GROUP names the group {settings.group}, which this machine doesn't have.") from None
    if os.geteuid() != 0 and group not in {os.getegid(), *os.getgroups()}:
        raise UsageError(
            f"YACP_GROUP names the group {settings.group}, but the user that runs yacp is not in it. "
            "Add the user to the group, and sign in again."
        )
    return group


def restrict(settings: Settings, *paths: Path) -> None:
    """Restricts files and folders to their owner and the group of the settings."""
    group = group_id(settings)
    for path in paths:
        mode = _mode(path, group)
        if group is not None:
            os.chown(path, -1, group)
        path.chmod(mode)


def open_to_readers(settings: Settings, *paths: Path, is_private: bool) -> None:
    """Gives readers access to complete files: everyone to counts, the owner and the group to customer lists."""
    if is_private:
        restrict(settings, *paths)
        return
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)


def restricted_folder(settings: Settings, path: Path) -> Path:
    """The folder, created with its missing parents and restricted to the owner and the group."""
    for folder in reversed((path, *path.parents)):
        if not folder.exists():
            folder.mkdir(mode=0o700)
            restrict(settings, folder)
    return path


def restrict_everything(settings: Settings) -> None:
    """After an installation or a change of the group, applies the permissions to everything written before."""
    archive = restricted_folder(settings, settings.archive)
    found, group = archive.stat(), group_id(settings)
    if stat.S_IMODE(found.st_mode) == _mode(archive, group) and group in (None, found.st_gid):
        return
    lists = [path for pattern in _LISTS for path in settings.published.glob(pattern)]
    for top in (*archive.glob("[a-z]*"), *lists):  # not .incoming, which only its owner reads
        restrict(settings, *top.rglob("*"), top)
    if settings.warehouse.exists():
        restrict(settings, settings.warehouse)
    restrict(settings, archive)  # last, because it marks that all others are done


def too_wide(settings: Settings) -> Iterator[tuple[Path, int]]:
    """Every file and folder below the folder of all state that more accounts can open than should, with its mode."""
    group = group_id(settings)
    for folder, folders, files in os.walk(settings.state):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            try:
                found = path.lstat()
            except FileNotFoundError:  # removed since it was listed
                continue
            mode = stat.S_IMODE(found.st_mode)
            if not stat.S_ISLNK(found.st_mode) and mode & ~_widest(settings, path, found, group):
                yield path, mode
        if Path(folder) == settings.state:
            kept_out = (Path(settings.extracts_root), settings.set_aside)  # nobody else gets into the latter
            folders[:] = [name for name in folders if Path(folder, name) not in kept_out]


def narrow(settings: Settings) -> None:
    """Takes from every file and folder what accounts have that shouldn't."""
    group = group_id(settings)
    for path, mode in too_wide(settings):
        path.chmod(mode & _widest(settings, path, path.lstat(), group))


def _widest(settings: Settings, path: Path, found: os.stat_result, group: int | None) -> int:
    """What a file's or folder's mode may be at most, by where it is."""
    inside = path.relative_to(settings.state).parts
    is_folder = stat.S_ISDIR(found.st_mode)
    is_list = any(part == "customers" or part.startswith("customers.") for part in inside)
    if not inside or (inside[0] == "published" and not is_list):
        return 0o755 if is_folder else 0o644
    is_for_group = inside[0] in ("archive", "warehouse.duckdb", "published") and group == found.st_gid
    return (0o750 if is_folder else 0o640) if is_for_group else (0o700 if is_folder else 0o600)


def _mode(path: Path, group: int | None) -> int:
    if path.is_dir():
        return 0o700 if group is None else 0o750
    return 0o600 if group is None else 0o640
