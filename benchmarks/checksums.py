"""What the checksums of the archive and of releases cost: their share of a run that goes on from a published day.

    python benchmarks/checksums.py [CUSTOMERS]

The second of two days is run; every SHA-256 of a file that is kept is timed, as it is recorded or compared. Those of
deliveries as they arrive are not counted: the manifest asks for them.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from orchestration.sample.generator import generate

DAY = date(2026, 11, 23)
ALLOWED = 0.02
RUN = """
import atexit, sys, time
from pathlib import Path
from orchestration.publishing import release_files
from orchestration.state import checksums

spent, original = [], checksums.sha256

def timed(path):
    started = time.perf_counter()
    digest = original(path)
    spent.append((time.perf_counter() - started, path.stat().st_size))
    return digest

checksums.sha256 = release_files.sha256 = timed
target = Path(sys.argv.pop())
atexit.register(lambda: target.write_text("%f %d" % tuple(map(sum, zip(*spent)))))
from orchestration.cli.main import main
main()
"""


def run(home: Path, extracts: Path, day: date) -> tuple[float, float, int]:
    """The seconds of the run, those of its checksums, and their bytes."""
    target = home.with_name("spent")
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", RUN, "run", "--as-of", str(day), str(target)],
        env={**os.environ, "YACP_HOME": str(home), "YACP_EXTRACTS": str(extracts)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    spent, size = target.read_text().split()
    return time.perf_counter() - started, float(spent), int(size)


def main() -> int:
    """Prints the share, and fails above the one allowed."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        home, extracts = Path(folder, "home"), Path(folder, "extracts")
        for day in (DAY - timedelta(days=1), DAY):
            generate(extracts, customers=customers, as_of=day)
            seconds, spent, size = run(home, extracts, day)
    print(f"run of {customers:,} customers  {seconds:6.1f} s")
    print(f"checksums of {size / 2**20:,.0f} MiB    {spent:6.1f} s   {spent / seconds:.1%}, allowed {ALLOWED:.0%}")
    return 0 if spent <= ALLOWED * seconds else 1


if __name__ == "__main__":
    raise SystemExit(main())
