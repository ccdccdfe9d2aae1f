"""One sample of two days, made by real runs once for each state of the code and shared by most tests."""

import fcntl
import hashlib
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
from written_deliveries import DAY, DAY_BEFORE
from yacp_command import yacp

from orchestration.contract.systems import extracts
from orchestration.runs.instance import write_instance
from orchestration.sample.generator import FAULTS, generate
from orchestration.settings import PROJECT, Settings

SECTIONS = (
    "application_status",
    "suitability_review",
    "enrollment_status",
    "progress_page_update",
    "case_note_update",
    "customer_services",
    "program_completion",
)


@dataclass(frozen=True)
class Sample:
    """2,000 fictional customers over two days, the second with faults, both published.

    ``home_before`` is the state folder between the two runs; no test may write there.
    """

    home: Path
    extracts: Path
    home_before: Path = Path("/nowhere")

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, extracts=str(self.extracts))

    def query(self, file: str, sql: str) -> list[tuple[object, ...]]:
        """Rows of a published file, which is attached as ``it``."""
        return query(self.home / "published" / f"{file}.duckdb", sql)

    def copy(self, target: Path) -> "Sample":
        shutil.copytree(self.home, target / "home", symlinks=True)
        shutil.copytree(self.extracts, target / "extracts")
        copied = Sample(target / "home", target / "extracts")
        write_instance(copied.settings)
        return copied


def expected_faults() -> dict[tuple[str, str], tuple[int, int]]:
    """How many records of each file are quarantined, and how many are exact duplicates."""
    count = Counter((fault.system, fault.extract, fault.becomes) for fault in FAULTS)
    return {
        (extract.system, extract.name): (
            count[extract.system, extract.name, "quarantined"],
            count[extract.system, extract.name, "duplicate"],
        )
        for extract in extracts()
    }


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path.resolve()}' as it (read_only)")
        return connection.execute(sql).fetchall()


def copy_of_the_sample(cache: Path, target: Path) -> Sample:
    """A copy to write to. Makes the sample first when the code changed since, which takes a minute."""
    made = cache / _state_of_the_code()
    is_complete = made / "complete"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_complete.exists():
            for outdated in cache.glob("*/"):
                shutil.rmtree(outdated)
            _make(made)
            is_complete.touch()
        for name in ("home", "extracts", "home_before"):
            shutil.copytree(made / name, target / name, symlinks=True)
    copied = Sample(target / "home", target / "extracts", target / "home_before")
    write_instance(copied.settings)
    return copied


def _make(folder: Path) -> None:
    generate(folder / "extracts", customers=2000, as_of=DAY_BEFORE, seed=11)
    generate(folder / "extracts", customers=2000, as_of=DAY, seed=11, faults=True)
    for day in (DAY_BEFORE, DAY):
        if day == DAY:
            shutil.copytree(folder / "home", folder / "home_before", symlinks=True)
        result = yacp(folder / "home", "backfill", str(day), str(day), extracts=folder / "extracts")
        assert result.returncode == 0, result.stderr


def _state_of_the_code() -> str:
    """A digest of everything that the outcome of a run depends on."""
    digest = hashlib.sha256(sys.version.encode())
    folders = ("orchestration", "models", "seeds", "expectations", "dbt_project", "requirements")
    suffixes = {".py", ".sql", ".yml", ".yaml", ".csv", ".md", ".txt"}
    files = (path for folder in folders for path in (PROJECT / folder).rglob("*") if path.suffix in suffixes)
    for path in sorted(files):
        digest.update(f"{path.relative_to(PROJECT)} ".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
