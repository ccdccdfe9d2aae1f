"""The overhead of a run: ``yacp run`` compared with ``dbt build`` alone, on the same 100 customers.

    python benchmarks/fixed_cost.py

Both start as new processes on the same prepared state, alternating, three times each; the shortest time of each counts.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from orchestration.sample.generator import generate
from orchestration.settings import Settings
from orchestration.warehouse.dbt_project import PROJECT_DIR, environment

DAY = date(2026, 11, 23)
ROUNDS = 3
ALLOWED_RATIO, ALLOWED_SECONDS = 1.2, 8


def timed(command: list[str], variables: dict[str, str], folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, env={**os.environ, **variables}, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> int:
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        config = Settings(home=Path(folder) / "home", extracts=f"{folder}/extracts")
        generate(Path(config.extracts_root), customers=100, as_of=DAY)
        here = {"YACP_HOME": str(config.home), "YACP_EXTRACTS": config.extracts_root}
        run = [str(programs / "yacp"), "run", "--as-of", str(DAY)]
        build = [str(programs / "dbt"), "build", "--exclude-resource-type", "unit_test"]
        variables = environment(config, str(DAY))
        timed(run, here, PROJECT_DIR)  # the first run parses the project and sets up the instance
        runs, builds = [], []
        for _ in range(ROUNDS):
            builds.append(timed(build, variables, PROJECT_DIR))
            runs.append(timed(run, here, PROJECT_DIR))
    allowed = ALLOWED_RATIO * min(builds) + ALLOWED_SECONDS
    print(f"dbt build alone   {min(builds):6.1f} s")
    print(f"yacp run          {min(runs):6.1f} s   {min(runs) / min(builds):.2f} × dbt build")
    print(f"allowed           {allowed:6.1f} s   {ALLOWED_RATIO} × dbt build + {ALLOWED_SECONDS} s")
    return 0 if min(runs) <= allowed else 1


if __name__ == "__main__":
    raise SystemExit(main())
