"""The pipeline compared with a hand-written DuckDB script and with pandas, on the same deliveries.

    python benchmarks/pipeline/measure.py [--customers 10000 100000 1000000] [--without-pandas]

All three write the seven section tables; the benchmark fails if they don't agree. It measures wall time, processor
time, and the peak memory of the whole process tree and, within the pipeline, the time of each step.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import psutil
from dagster import DagsterInstance

from orchestration.sample.generator import generate
from orchestration.settings import PROJECT, Settings
from orchestration.warehouse.dbt_project import manifest_path

DAY = date(2026, 11, 23)
HERE = Path(__file__).parent
SAMPLED_EVERY = 0.2
STEPS = {
    "landing": ("worknet_delivery", "iwds_delivery"),
    "models and their tests": ("dbt_models",),
    "checks": ("great_expectations",),
    "publishing": ("publish_release",),
}
COLUMNS = (
    "scope_type, scope_id, section_key, line_number, line_key, customer_count, percent, loss_rate, pass_rate,"
    " eligible_count, unclassified_count"
)


@dataclass
class Measure:
    wall: float
    processor: float
    peak: int

    def __str__(self) -> str:
        return f"{self.wall:8.1f} s {self.processor:8.1f} s {self.peak / 2**30:7.2f} GiB"


def measured(command: list[str], variables: dict[str, str]) -> Measure:
    """Runs a command and samples the memory of all its processes meanwhile."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with subprocess.Popen(
        command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(SAMPLED_EVERY)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{process.stderr.read().decode()}")
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Measure(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak)


def _memory(pid: int) -> int:
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def by_hand(config: Settings, worknet: Path, iwds: Path, out: Path) -> list[str]:
    script = (HERE / "by_hand.sql").read_text().format(worknet=worknet, iwds=iwds, seeds=PROJECT / "seeds", day=DAY)
    (out / "script.sql").write_text(script)
    runner = (
        "import duckdb, pathlib, sys;"
        "c = duckdb.connect(sys.argv[2]);"
        f"c.execute(\"set threads = {config.threads}; set memory_limit = '{config.memory_limit}'\");"
        "c.execute(pathlib.Path(sys.argv[1]).read_text())"
    )
    return [sys.executable, "-c", runner, str(out / "script.sql"), str(out / "by_hand.duckdb")]


def step_seconds(config: Settings) -> dict[str, float]:
    with DagsterInstance.from_config(str(config.dagster_home)) as instance:
        run = instance.get_runs(limit=1)[0]
        stats = {stat.step_key: stat for stat in instance.get_run_step_stats(run.run_id)}
    return {title: sum(stats[key].end_time - stats[key].start_time for key in keys) for title, keys in STEPS.items()}


def model_seconds(config: Settings) -> float:
    """The time spent on models. A moment in which tests were running too counts by the models' share of it."""
    results = json.loads((config.dbt_target / "run_results.json").read_text())["results"]
    changes = sorted(
        (datetime.fromisoformat(timing[key]), change, result["unique_id"].startswith("model."))
        for result in results
        for timing in result["timing"]
        if timing["name"] == "execute"
        for key, change in (("started_at", 1), ("completed_at", -1))
    )
    total, before = 0.0, changes[0][0]
    executing = {True: 0, False: 0}
    for at, change, is_model in changes:
        if any(executing.values()):
            total += (at - before).total_seconds() * executing[True] / sum(executing.values())
        executing[is_model] += change
        before = at
    return total


def compare(config: Settings, out: Path, with_pandas: bool) -> None:
    others = {"the hand-written script": "by_hand.dashboard"}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{config.published.resolve()}/dashboard.duckdb' as it (read_only)")
        connection.execute(f"attach '{out}/by_hand.duckdb' as by_hand (read_only)")
        if with_pandas:
            types = "{'scope_id': 'varchar', 'percent': 'double', 'loss_rate': 'double', 'pass_rate': 'double'}"
            connection.execute(f"create table pandas as from read_csv('{out}/*.csv', types = {types})")
            others["pandas"] = "pandas"
        published = f"select {COLUMNS} from it.sections.dashboard"
        for title, table in others.items():
            other = f"select {COLUMNS} from {table}"
            differing = connection.execute(
                f"select count(*) from (({published} except {other}) union all ({other} except {published}))"
            ).fetchone()
            if differing != (0,):
                raise SystemExit(f"The pipeline and {title} disagree in {differing[0]} rows.")


def measure(customers: int, with_pandas: bool, memory_limit: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="yacp-bench-") as name:
        folder = Path(name)
        config = Settings(home=folder / "home", extracts=str(folder / "extracts"), memory_limit=memory_limit)
        generate(Path(config.extracts_root), customers=customers, as_of=DAY)
        worknet, iwds = (folder / "extracts" / system / str(DAY) for system in ("worknet", "iwds"))
        rows = sum(
            file["rows"]
            for system in (worknet, iwds)
            for file in json.loads((system / "manifest.json").read_text())["files"]
        )
        out = folder / "out"
        out.mkdir()
        here = {
            "YACP_HOME": str(config.home),
            "YACP_EXTRACTS": config.extracts_root,
            "YACP_MEMORY_LIMIT": memory_limit,
        }
        yacp = str(Path(sys.executable).with_name("yacp"))
        manifest_path(config)  # parsed already, as in every run but the first
        run = measured([yacp, "run", "--as-of", str(DAY)], here)
        steps, models = step_seconds(config), model_seconds(config)
        script = measured(by_hand(config, worknet, iwds, out), {})
        print(f"\n{customers:,} customers, {rows:,} rows")
        print(f"  {'':28}     wall  processor     peak   rows/s")
        print(f"  {'the pipeline':28} {run} {rows / run.wall:9,.0f}   {run.wall / script.wall:5.2f} × the script")
        for title, seconds in steps.items():
            print(f"    {title:26} {seconds:8.1f} s")
        print(f"    {'models alone':26} {models:8.1f} s   {models / script.wall:5.2f} × the script")
        print(f"  {'hand-written DuckDB script':28} {script} {rows / script.wall:9,.0f}")
        if with_pandas:
            pandas = measured(
                [sys.executable, "-W", "ignore", str(HERE / "in_pandas.py"), str(worknet), str(iwds),
                 str(PROJECT / "seeds"), str(DAY), str(out)],
                {},
            )  # fmt: skip
            print(f"  {'pandas':28} {pandas} {rows / pandas.wall:9,.0f}   {pandas.wall / run.wall:5.2f} × the pipeline")
        compare(config, out, with_pandas)
        print("  All agree.", flush=True)
        return run.wall, script.wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--without-pandas", action="store_true")
    parser.add_argument("--memory-limit", default=Settings().memory_limit)
    given = parser.parse_args()
    memory = psutil.virtual_memory().total / 2**30
    print(f"{platform.machine()}, {os.cpu_count()} processors, {memory:.0f} GiB, Python {platform.python_version()}")
    sizes = sorted({100, *given.customers})
    walls = {size: measure(size, not given.without_pandas, given.memory_limit)[0] for size in sizes}
    fixed = walls[100]
    print("\nGrowth of the pipeline beyond its fixed start (a run for 100 customers)")
    for smaller, larger in zip(given.customers, given.customers[1:], strict=False):
        growth = (walls[larger] - fixed) / (walls[smaller] - fixed)
        print(f"  {smaller:,} to {larger:,}: {growth:.1f} × the time for {larger / smaller:.0f} × the customers")


if __name__ == "__main__":
    main()
