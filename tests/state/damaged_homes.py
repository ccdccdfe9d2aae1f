"""Homes with one damaged file, made from links to one sample, and commands run in this process on them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import DAY, DAY_BEFORE, Sample

from orchestration.cli import main as entry_point
from orchestration.failures import YacpError
from orchestration.landing.intake import land
from orchestration.landing.stand_ins import deliveries_of
from orchestration.publishing.release_files import require_whole
from orchestration.runs.instance import write_instance
from orchestration.settings import settings
from orchestration.state.releases import latest
from orchestration.warehouse.preparation import prepare

RELEASE, PARQUET = "published/current", "published/current/parquet"
FILES = {
    "archived extract": f"archive/worknet/{DAY}/0001/customers.parquet",
    "archived extract of the day before": f"archive/worknet/{DAY_BEFORE}/0001/customers.parquet",
    "account": f"archive/iwds/{DAY}/0001/account.parquet",
    "quarantine": f"archive/worknet/{DAY}/0001/quarantine.parquet",
    "record of a delivery": f"archive/worknet/{DAY}/0001/delivery.json",
    "checksums of a delivery": f"archive/worknet/{DAY}/0001/checksums.json",
    "counts": f"{RELEASE}/dashboard.duckdb",
    "lists": f"{RELEASE}/customers.duckdb",
    "record of a release": f"{RELEASE}/release.json",
    "checksums of a release": f"{RELEASE}/checksums.json",
    "lists of an older day": f"{PARQUET}/customers/lists/line_customers/as_of_date={DAY_BEFORE}/data.parquet",
    "deliveries of the day": f"{PARQUET}/dashboard/quality/deliveries/as_of_date={DAY}/data.parquet",
    "link to the release": "published/current",
    "link for readers": "published/dashboard.duckdb",
    "live views": "published/following/releases/release=*/customers/lists.line_customers/data.parquet",
    "runs": "dagster/history/runs.db",
    "events": "dagster/history/runs/index.db",
    "warehouse": "warehouse.duckdb",
}
LINKS = ("link to the release", "link for readers")
READING = {
    "show": ["show", "--format", "csv"],
    "section": ["show", "enrollment_status"],
    "list": ["list", "inquirant", "--format", "csv"],
    "older list": ["list", "inquirant", "--as-of", str(DAY_BEFORE), "--format", "csv"],
    "changes": ["changes", "--who", "--format", "csv"],
    "sync-problems": ["sync-problems", "--format", "csv"],
    "deliveries": ["deliveries", "--format", "csv"],
    "quarantine": ["quarantine", "--format", "csv"],
    "checks": ["checks", "--format", "csv"],
    "retention": ["retention", "--dry-run", "--format", "csv"],
}


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def removed(path: Path) -> None:
    path.unlink()


def turned(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def became_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: tuple[Callable[[Path], None], ...] = (halved, emptied, removed, turned, became_a_folder)


@dataclass
class Home:
    """A home to damage; ``run`` runs a command on it in this process."""

    sample: Sample
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def damage(self, kind: str, how: Callable[[Path], None]) -> None:
        """Damages a file, with all its links: they are one file."""
        path = min(self.sample.home.glob(FILES[kind]))
        if path.is_symlink():
            path.unlink()
            if how is not removed:
                path.touch()
                how(path)
            return
        links = [other for other in _regular(self.sample.home) if other.samefile(path)]
        content = path.read_bytes()
        for link in links:
            link.unlink()
            link.write_bytes(content)
            how(link)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, standard output, and standard error; an error that nobody caught is raised."""
        self.monkeypatch.setenv("YACP_HOME", str(self.sample.home))
        self.monkeypatch.setenv("YACP_EXTRACTS", str(self.sample.extracts))
        self.monkeypatch.setenv("DAGSTER_HOME", str(self.sample.home / "dagster"))
        self.monkeypatch.setattr(sys, "argv", ["yacp", *arguments])
        settings.cache_clear()
        status = 0
        try:
            entry_point()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        finally:
            settings.cache_clear()
        return status, *self.capsys.readouterr()

    def start_run(self) -> tuple[int, str, str]:
        """What a run of the day reads before it builds anything, without its deliveries at the source."""
        config = self.sample.settings.model_copy(update={"extracts": str(self.sample.home / "none")})
        try:
            for system in _systems():
                land(config, system, DAY)
            prepare(config, deliveries_of(config, DAY))
            if base := latest(config):
                require_whole(base, DAY)
        except YacpError as error:
            return error.exit_status, "", str(error)
        return 0, "", ""


def _systems() -> tuple:  # type: ignore[type-arg]
    from orchestration.contract.systems import SYSTEMS

    return SYSTEMS


def _regular(home: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(home):
        yield from (path for name in names if not (path := Path(folder, name)).is_symlink())


def linked_copy(sample: Sample, target: Path) -> Sample:
    """A copy whose files are links, except for those that commands write to."""
    subprocess.run(["cp", "--archive", "--link", sample.home, target / "home"], check=True)
    for name in ("dagster", "warehouse.duckdb"):
        copied = target / "home" / name
        if copied.is_dir():
            shutil.rmtree(copied)
            shutil.copytree(sample.home / name, copied, symlinks=True)
        else:
            copied.unlink()
            shutil.copy(sample.home / name, copied)
    copied_sample = Sample(target / "home", sample.extracts)
    write_instance(copied_sample.settings)
    return copied_sample
