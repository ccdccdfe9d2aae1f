"""Files with personal data can't be opened by others at any moment while a run writes them."""

import grp
import os
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import DAY, DAY_BEFORE, YACP, clean_environment

from orchestration.sample.generator import generate
from orchestration.settings import Settings
from orchestration.state.checksums import CHECKSUMS
from orchestration.state.permissions import too_wide

FOLDERS = {"published", "releases", "following"}
PUBLIC = {"dashboard.duckdb", "dashboard.sql", "dashboard", "release.json", "current", *FOLDERS}


@dataclass
class Watch:
    """Looks at a state folder again and again, and records the names it saw and what others could have opened."""

    home: Path
    group: int | None = None
    seen: set[str] = field(default_factory=set)
    open_to: set[str] = field(default_factory=set)

    def look(self) -> None:
        self._look(self.home, others=True, of_group=True)

    def _look(self, folder: Path, *, others: bool, of_group: bool) -> None:
        for entry in self._entries(folder):
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISLNK(found.st_mode) or entry.name.removeprefix(".new-") in PUBLIC - FOLDERS:
                continue
            path = Path(entry.path)
            self.seen.add(entry.name)
            if entry.name == CHECKSUMS and path.is_relative_to(self.home / "published"):
                continue
            is_group = found.st_gid == self.group
            if entry.name not in FOLDERS and not is_release(path):
                wanted = stat.S_IRUSR | (stat.S_IRGRP if is_group else 0)
                readable = (found.st_mode & stat.S_IROTH and others) or (found.st_mode & stat.S_IRGRP and of_group)
                if readable and found.st_mode & (stat.S_IROTH | stat.S_IRGRP) & ~wanted:
                    self.open_to.add(f"{path.relative_to(self.home)} {stat.filemode(found.st_mode)} {found.st_gid}")
            if stat.S_ISDIR(found.st_mode):
                self._look(
                    path,
                    others=others and bool(found.st_mode & stat.S_IXOTH),
                    of_group=of_group and bool(found.st_mode & (stat.S_IXOTH | stat.S_IXGRP)) and not is_group,
                )

    @staticmethod
    def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            yield from list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs a command with a umask of 0 and looks until it ends."""
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                env=clean_environment(self.home, **variables),
                stdout=output,
                stderr=output,
                umask=0,
            )
            while process.poll() is None:
                self.look()
                time.sleep(0.05)  # leaves the processor to the run
            output.seek(0)
            return subprocess.CompletedProcess(command, process.returncode, output.read())


def is_release(path: Path) -> bool:
    """The folders of a release and of its Parquet are open to everyone; their contents are looked at one by one."""
    return path.parent.name == "releases" or (path.name == "parquet" and is_release(path.parent))


@pytest.fixture
def extracts(tmp_path: Path) -> Path:
    folder = tmp_path / "extracts"
    generate(folder, customers=1000, as_of=DAY_BEFORE, seed=5)
    generate(folder, customers=1000, as_of=DAY, seed=5, faults=True)
    return folder


def a_group() -> grp.struct_group:
    """A group that this user can give a file to: for root any other, otherwise the user's own."""
    if os.geteuid() == 0:
        return next(group for group in grp.getgrall() if group.gr_gid != os.getegid())
    return grp.getgrgid(os.getegid())


def private_files(home: Path) -> list[Path]:
    release = (home / "published" / "current").resolve()
    return [
        home / "warehouse.duckdb",
        release / "customers.duckdb",
        *(path for path in (release / "parquet" / "customers").rglob("*") if path.is_file()),
        *(path for path in (home / "archive").rglob("*") if path.is_file()),
    ]


def test_others_can_never_read_personal_data(tmp_path: Path, extracts: Path) -> None:
    """In a run by the command without a group, then in a run as the daemon starts it with a group."""
    home = tmp_path / "home"
    watch = Watch(home)
    done = watch.run(YACP, "run", "--as-of", str(DAY_BEFORE), YACP_EXTRACTS=str(extracts))
    assert done.returncode == 0, done.stdout
    assert {
        "warehouse.duckdb",
        "customers.duckdb",
        "customers.csv",
        "quarantine.parquet",
    } <= watch.seen
    assert any(name.startswith(".building") for name in watch.seen)
    assert not watch.open_to, sorted(watch.open_to)
    assert {stat.S_IMODE(path.stat().st_mode) for path in private_files(home)} == {0o600}
    before = set(private_files(home))
    assert list(too_wide(Settings(home=home))) == []
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert stat.S_IMODE((home / "warehouse.lock").stat().st_mode) == 0o600

    group = a_group()
    watch = Watch(home, group.gr_gid)
    done = watch.run(
        YACP.with_name("dagster"), "job", "execute", "-m", "orchestration.definitions", "-j", "nightly",
        "--tags", f'{{"dagster/partition": "{DAY}"}}',
        DAGSTER_HOME=str(home / "dagster"), YACP_EXTRACTS=str(extracts), YACP_GROUP=group.gr_name,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert not watch.open_to, sorted(watch.open_to)
    files = private_files(home)
    assert len(set(files) - before) > 20
    assert {(stat.S_IMODE(path.stat().st_mode), path.stat().st_gid) for path in files} == {(0o640, group.gr_gid)}
    folders = {path.parent for path in files} - {home, (home / "published" / "current").resolve()}
    assert {(stat.S_IMODE(path.stat().st_mode), path.stat().st_gid) for path in folders} == {(0o750, group.gr_gid)}
