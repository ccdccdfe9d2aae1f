"""What the tests share: deliveries written by hand, and one sample of two days that was run for real."""

import csv
import fcntl
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import hypothesis
import pytest

from orchestration.contract.extract import System
from orchestration.contract.systems import SYSTEMS
from orchestration.runs.instance import write_instance
from orchestration.sample.generator import generate
from orchestration.settings import PROJECT, Settings

pytest_plugins = ("dashboard_site", "browsing", "notice_setup", "pipeline_runs")

_ALWAYS = {"deadline": None, "suppress_health_check": list(hypothesis.HealthCheck)}
hypothesis.settings.register_profile("quick", max_examples=8, derandomize=True, database=None, **_ALWAYS)
hypothesis.settings.register_profile("long", max_examples=100, print_blob=True, **_ALWAYS)
hypothesis.settings.load_profile("quick")

if TYPE_CHECKING:
    from servers import S3, Place, Sftp

YACP = Path(sys.executable).with_name("yacp")
DAY = date(2026, 11, 23)
DAY_BEFORE = date(2026, 11, 22)
Row = Mapping[str, str]

# A person of each kind, with nothing missing that the contract wants.
VALUES = {
    "providers": {"provider_id": "P1", "provider_name": "North Works", "lwia_number": "7"},
    "staff": {"staff_id": "S1", "email": "s1@example.org", "role": "super_user"},
    "customers": {
        "customer_id": "C1",
        "provider_id": "P1",
        "lwia_number": "7",
        "first_name": "Ada",
        "last_name": "Example",
        "date_of_birth": "2005-04-01",
        "created_at": "2026-11-01T09:00:00",
    },
    "applications": {
        "application_id": "A1",
        "customer_id": "C1",
        "prescreening_started_at": "2026-11-20T09:00:00",
    },
    "suitability_reviews": {"customer_id": "C1"},
    "progress_updates": {
        "progress_update_id": "U1",
        "customer_id": "C1",
        "updated_at": "2026-11-20T09:00:00",
    },
    "case_notes": {"case_note_id": "N1", "customer_id": "C1", "entered_at": "2026-11-20T09:00:00"},
    "services": {
        "worknet_service_id": "W1",
        "customer_id": "C1",
        "service_code": "Y10",
        "service_name": "Guidance",
        "start_date": "2026-11-20",
        "status": "started",
    },
    "program_completions": {
        "customer_id": "C1",
        "status": "not_complete",
        "industry_credential": "false",
        "postsecondary_credential": "false",
    },
}
IWDS_VALUES = {
    "applications": {
        "iwds_application_id": "I1",
        "iwds_customer_id": "K1",
        "first_name": "ADA",
        "last_name": "EXAMPLE",
        "date_of_birth": "2005-04-01",
        "lwia_number": "90",
        "application_date": "2026-11-01",
        "status_date": "2026-11-01",
    },
    "services": {
        "iwds_service_id": "IS1",
        "iwds_application_id": "I1",
        "service_code": "Y10",
        "service_name": "Guidance",
        "start_date": "2026-11-20",
        "status": "open",
    },
    "credentials": {
        "iwds_credential_id": "IC1",
        "iwds_application_id": "I1",
        "credential_type": "other",
        "earned_on": "2026-11-20",
    },
}


@dataclass
class Deliveries:
    """Writes deliveries below a root; every extract not named holds one row that fits."""

    root: Path

    def rows(self, system: System, extract: str, rows: Sequence[Row]) -> str:
        columns = [column.name for column in system.extract(extract).columns]
        defaults = (VALUES if system.name == "worknet" else IWDS_VALUES)[extract]
        lines = [",".join(columns)]
        lines += [",".join(_quoted({**defaults, **row}.get(column, "")) for column in columns) for row in rows]
        return "\n".join(lines) + "\n"

    def write(
        self,
        system: System,
        files: Mapping[str, str | bytes | Sequence[Row]] | None = None,
        *,
        day: date = DAY,
        delivery: int = 1,
        promise: Mapping[str, int] | None = None,
    ) -> Path:
        """``files`` maps an extract to its rows, or a file name to its content; ``promise`` overrides row counts."""
        folder = self.root / system.name / str(day)
        folder.mkdir(parents=True, exist_ok=True)
        contents: dict[str, bytes] = {}
        counts: dict[str, int] = {}
        given = dict(files or {})
        for extract in system.extracts:
            if not any(name.split(".")[0] == extract.name for name in given):
                given[extract.name] = [{}]
        for name, content in given.items():
            extract_name, _, suffix = name.partition(".")
            file = name if suffix else f"{name}.csv"
            if isinstance(content, str | bytes):
                data = content.encode() if isinstance(content, str) else content
                if file not in (promise or {}):
                    text = gzip.decompress(data) if file.endswith(".gz") else data
                    counts[file] = text.count(b"\n") - 1
            else:
                data = self.rows(system, extract_name, content).encode()
                counts[file] = len(content)
            contents[file] = data
        for file, data in contents.items():
            (folder / file).write_bytes(data)
        manifest = {
            "system": system.name,
            "as_of_date": str(day),
            "delivery": delivery,
            "files": [
                {
                    "name": file,
                    "rows": {**counts, **(promise or {})}[file],
                    "sha256": hashlib.sha256(data).hexdigest(),
                }
                for file, data in contents.items()
            ],
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if set(value) & set(',"\n') else value


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", extracts=str(tmp_path / "extracts"))


@pytest.fixture
def deliveries(tmp_path: Path) -> Deliveries:
    return Deliveries(tmp_path / "extracts")


def clean_environment(home: Path, extracts: Path | None = None, **variables: str) -> dict[str, str]:
    """The variables of a process of ours: nothing of what is set for whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("YACP_", "DAGSTER_"))}
    given = {"YACP_EXTRACTS": str(extracts)} if extracts else {}
    return clean | {"YACP_HOME": str(home), "COLUMNS": "160"} | given | variables


def yacp(
    home: Path, *arguments: str, extracts: Path | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command as a person runs it."""
    return subprocess.run(
        [str(YACP), *arguments],
        env=clean_environment(home, extracts, **variables or {}),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@dataclass(frozen=True)
class Sample:
    """2,000 invented customers over two days, the second with faults, both published.

    ``evening`` is the house after the first of them; nothing may write there.
    """

    home: Path
    extracts: Path
    evening: Path = Path("/nowhere")

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, extracts=str(self.extracts))

    def query(self, file: str, sql: str) -> list[tuple[object, ...]]:
        """Rows of a published file, attached as ``it``."""
        return query(self.home / "published" / f"{file}.duckdb", sql)

    def copy(self, target: Path) -> "Sample":
        shutil.copytree(self.home, target / "home", symlinks=True)
        shutil.copytree(self.extracts, target / "extracts")
        copied = Sample(target / "home", target / "extracts")
        write_instance(copied.settings)
        return copied


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path.resolve()}' as it (read_only)")
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def sample(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Costs a minute, once for each state of the code: nearly everything that people see is looked at on it."""
    cache = pytestconfig.cache
    assert cache is not None
    made = cache.mkdir("sample") / _state_of_the_code()
    whole = made / "whole"
    with (made.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            for outdated in made.parent.glob("*/"):
                shutil.rmtree(outdated)
            generate(made / "extracts", customers=2000, as_of=DAY_BEFORE, seed=11)
            generate(made / "extracts", customers=2000, as_of=DAY, seed=11, faults=True)
            for day in (DAY_BEFORE, DAY):
                if day == DAY:
                    shutil.copytree(made / "home", made / "evening", symlinks=True)
                result = yacp(made / "home", "backfill", str(day), str(day), extracts=made / "extracts")
                assert result.returncode == 0, result.stderr
            whole.touch()
        copied = tmp_path_factory.mktemp("sample")
        for name in ("home", "extracts", "evening"):
            shutil.copytree(made / name, copied / name, symlinks=True)
    found = Sample(copied / "home", copied / "extracts", copied / "evening")
    write_instance(found.settings)
    return found


def _state_of_the_code() -> str:
    """A digest of all that a run's outcome hangs on."""
    digest = hashlib.sha256(sys.version.encode())
    folders = ("orchestration", "models", "seeds", "expectations", "dbt_project", "requirements")
    suffixes = {".py", ".sql", ".yml", ".yaml", ".csv", ".md", ".txt"}
    files = (path for folder in folders for path in (PROJECT / folder).rglob("*") if path.suffix in suffixes)
    for path in sorted(files):
        digest.update(f"{path.relative_to(PROJECT)} ".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session")
def s3() -> "Iterator[S3]":
    from servers import S3

    with S3.start() as server:
        yield server


@pytest.fixture
def sftp(tmp_path: Path) -> "Iterator[Sftp]":
    from servers import Sftp

    (tmp_path / "server" / "outbox").mkdir(parents=True)
    server = Sftp(tmp_path / "server")
    yield server
    server.close()


@pytest.fixture
def _strange_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither keys nor profiles of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in [name for name in os.environ if name.startswith("AWS_") or name == "SSH_AUTH_SOCK"]:
        if name != "AWS_EC2_METADATA_DISABLED":
            monkeypatch.delenv(name)


@pytest.fixture
def on_sftp(sftp: "Sftp", tmp_path: Path, _strange_home: None) -> "Iterator[Place]":
    from servers import sftp_place

    with sftp_place(tmp_path, sftp) as place:
        yield place


@pytest.fixture
def on_s3(s3: "S3", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _strange_home: None) -> "Iterator[Place]":
    from servers import s3_place

    with s3_place(tmp_path, s3) as place:
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        yield place


@pytest.fixture(params=["sftp", "s3"])
def place(request: pytest.FixtureRequest) -> "Place":
    """Somewhere far away that deliveries come from: an sftp server, then a bucket."""
    return request.getfixturevalue(f"on_{request.param}")


@pytest.fixture(scope="session")
def systems() -> dict[str, System]:
    return {system.name: system for system in SYSTEMS}


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))
