"""Files made to fill memory and disk: refused in words, in memory and on disk that a small machine has."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DAY, Deliveries

from orchestration.contract.worknet import WORKNET

HEADER = b"provider_id,provider_name,lwia_number\n"
PIECE = 10_000_000
MOST_MEMORY = 512 << 20
LAND = """
import sys
from datetime import date
from pathlib import Path
from orchestration.contract.worknet import WORKNET
from orchestration.landing.intake import land
from orchestration.failures import DeliveryRefused
from orchestration.settings import Settings
try:
    land(Settings(), WORKNET, date.fromisoformat(sys.argv[1]))
except DeliveryRefused as refused:
    print(refused)
    # What getrusage knows begins with the most of the process that started this one.
    (peak,) = (line.split()[1] for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
    print(int(peak) << 10)
"""


def a_line_of_a_gigabyte(path: Path) -> None:
    with path.open("wb") as stream:
        stream.write(HEADER + b"P1,")
        for _ in range(100):
            stream.write(b"x" * PIECE)


def a_bomb(path: Path) -> None:
    """Forty gigabytes in forty megabytes."""
    packed = gzip.compress(b"P1,a,7\n" * (PIECE // 7))
    with path.with_name("providers.csv.gz").open("wb") as stream:
        stream.write(gzip.compress(HEADER))
        for _ in range(4000):
            stream.write(packed)
    path.unlink()


def a_header_of_a_gigabyte(path: Path) -> None:
    with path.open("wb") as stream:
        for _ in range(100):
            stream.write(b"provider_id," * (PIECE // 12))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (a_line_of_a_gigabyte, "providers.csv has a line longer than 2 MB, line 2"),
        (a_header_of_a_gigabyte, "providers.csv has a line longer than 2 MB, line 1"),
        (a_bomb, "providers.csv.gz unpacks to more than 2 GB"),
    ],
)
def test_a_file_that_would_fill_the_machine(
    tmp_path: Path, deliveries: Deliveries, make: Callable[[Path], None], says: str
) -> None:
    folder = deliveries.write(WORKNET)
    make(folder / "providers.csv")
    (path,) = folder.glob("providers.*")
    manifest = json.loads((folder / "manifest.json").read_text())
    with path.open("rb") as stream:
        promise = {"name": path.name, "rows": 1, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
    manifest["files"] = [promise, *(file for file in manifest["files"] if file["name"] != "providers.csv")]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    said, peak = landed(tmp_path, deliveries)
    path.unlink()  # pytest would keep it
    assert says in said
    assert peak < MOST_MEMORY
    assert not list((tmp_path / "home" / "archive" / ".incoming").iterdir())


def test_a_manifest_of_a_terabyte(tmp_path: Path, deliveries: Deliveries) -> None:
    path = deliveries.write(WORKNET) / "manifest.json"
    os.truncate(path, 1 << 40)
    said, peak = landed(tmp_path, deliveries)
    assert "manifest.json is larger than 1 MiB" in said
    assert peak < MOST_MEMORY


def landed(folder: Path, deliveries: Deliveries) -> tuple[str, int]:
    """What the refusal says, and the most memory that it took."""
    given = {"YACP_HOME": str(folder / "home"), "YACP_EXTRACTS": str(deliveries.root), "YACP_MAX_FILE_SIZE": "2GB"}
    done = subprocess.run(
        [sys.executable, "-c", LAND, str(DAY)], env=os.environ | given, capture_output=True, text=True, check=True
    )
    said, peak = done.stdout.splitlines()
    return said, int(peak)
