"""How large Dagster's record of runs gets: a year of nights, each with the record of one real run, and retention.

    python benchmarks/records.py [NIGHTS]

The events of a run of the sample are stored once more for each night, through Dagster's own storage and with the
night's times, and retention removes what the settings' days say. A week of the sensors' looks, which Dagster keeps
besides, takes another 30 MB.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg

from orchestration.privacy.retention import expire
from orchestration.runs.instance import prepare_instance
from orchestration.sample.generator import generate
from orchestration.settings import Settings

DAY = date(2026, 11, 23)
ALLOWED_MB = 970


def main(nights: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        config = Settings(home=Path(folder) / "home", extracts=f"{folder}/extracts")
        generate(Path(config.extracts_root), customers=100, as_of=DAY)
        variables = {"YACP_HOME": str(config.home), "YACP_EXTRACTS": config.extracts_root}
        command = [str(Path(sys.executable).with_name("yacp")), "run", "--as-of", str(DAY)]
        subprocess.run(command, env={**os.environ, **variables}, check=True, capture_output=True)
        prepare_instance(config)
        last = datetime.now(UTC)
        sizes = {}
        with dg.DagsterInstance.get() as instance:
            [run] = instance.get_runs()
            events = instance.all_logs(run.run_id)
            for night in range(nights):
                add_night(config, instance, run, events, last - timedelta(days=nights - night))
                expire(config, instance, last - timedelta(days=nights - night - 1))
                sizes[night + 1] = size_of(config)
    print("| nights | MB |\n| ---: | ---: |")
    for night in sorted({1, 30, 90, 180, nights} & sizes.keys()):
        print(f"| {night} | {sizes[night] / 1e6:.0f} |")
    print(f"\n{len(events)} events a run, kept for {config.log_retention_days} days; allowed {ALLOWED_MB:,} MB")
    return 0 if sizes[nights] / 1e6 <= ALLOWED_MB else 1


def add_night(
    config: Settings, instance: dg.DagsterInstance, run: dg.DagsterRun, events: list[dg.EventLogEntry], at: datetime
) -> None:
    """The run once more, with all its events and what it printed, as if it had been at this time."""
    run_id, shift = str(uuid4()), at.timestamp() - events[0].timestamp
    instance.add_run(run._replace(run_id=run_id))
    for event in events:
        instance.event_log_storage.store_event(event._replace(run_id=run_id, timestamp=event.timestamp + shift))
    with sqlite3.connect(config.dagster_home / "history" / "runs.db") as database:
        database.execute("update runs set create_timestamp = ? where run_id = ?", (f"{at:%F %T}.000000", run_id))
    output = config.dagster_home / "storage"
    shutil.copytree(output / run.run_id, output / run_id)
    instance.event_log_storage.dispose()  # as the end of a run's process does: SQLite then has no journal


def size_of(config: Settings) -> int:
    return sum(path.stat().st_size for path in config.dagster_home.rglob("*") if path.is_file())


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if sys.argv[1:] else 365))
