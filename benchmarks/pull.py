"""Pulling both systems from PostgreSQL, compared with psql's \\copy of the same tables to CSV.

    python benchmarks/pull.py [--customers 1000000] [--at-most 3]

Needs Debian's postgresql. The server is the benchmark's own and lives in a temporary folder. Fails when the pull takes
more than so many times as long as psql.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import psutil

from orchestration.contract.extract import ColumnType
from orchestration.contract.systems import SYSTEMS
from orchestration.sample.generator import generate
from orchestration.settings import PROJECT

sys.path.insert(0, str(PROJECT / "tests"))

from postgresql_server import BIN, MISSING, Postgresql, postgresql_server

DAY = date(2026, 11, 23)
TYPES = {ColumnType.INTEGER: "integer", ColumnType.DATE: "date", ColumnType.TIMESTAMP: "timestamptz",
         ColumnType.BOOLEAN: "boolean"}  # fmt: skip


def psql(server: Postgresql, *commands: str) -> None:
    arguments = [part for command in commands for part in ("-c", command)]
    address = ["-h", str(server.folder), "-p", str(server.port), "-U", "owner", "-d", "postgres"]
    subprocess.run(["psql", "-q", *address, "-c", "set timezone = 'America/Chicago'", *arguments], check=True)


def load(server: Postgresql, extracts: Path) -> int:
    """Every extract as a table with types, and how many rows there are."""
    for system in SYSTEMS:
        for extract in system.extracts:
            columns = ", ".join(f"{column.name} {TYPES.get(column.type, 'text')}" for column in extract.columns)
            path = extracts / system.name / str(DAY) / f"{extract.name}.csv"
            psql(
                server, f"create table {extract.table} ({columns})", f"\\copy {extract.table} from '{path}' csv header"
            )
    psql(server, "vacuum analyze")
    tables = [extract.table for system in SYSTEMS for extract in system.extracts]
    with server.owner() as connection:
        counted = connection.execute("select " + " + ".join(f"(select count(*) from {table})" for table in tables))
        return int(counted.fetchone()[0])


def write_profiles(folder: Path) -> None:
    for system in SYSTEMS:
        (folder / system.name).mkdir(parents=True)
        (folder / system.name / "source.toml").write_text(
            '[database]\naddress_variable = "YACP_BENCHMARK_DATABASE"\npast_days = true\n'
        )
        for extract in system.extracts:
            names = ", ".join(column.name for column in extract.columns)
            (folder / system.name / f"{extract.name}.sql").write_text(f"select {names} from {extract.table}\n")


def timed_copy(server: Postgresql, out: Path) -> float:
    started = time.perf_counter()
    for system in SYSTEMS:
        for extract in system.extracts:
            psql(server, f"\\copy {extract.table} to '{out / extract.table}.csv' csv header")
    return time.perf_counter() - started


def timed_pull(server: Postgresql, home: Path) -> tuple[float, int]:
    """The seconds that a pull of both systems takes, and the peak memory of its process."""
    variables = {
        **os.environ,
        "YACP_HOME": str(home),
        "YACP_BENCHMARK_DATABASE": f"postgresql://owner@/postgres?host={server.folder}&port={server.port}",
    }
    started, peak = time.perf_counter(), 0
    command = [str(Path(sys.executable).with_name("yacp")), "pull", "--as-of", str(DAY)]
    with subprocess.Popen(command, env=variables) as process:
        while process.poll() is None:
            try:
                peak = max(peak, psutil.Process(process.pid).memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.1)
    if process.returncode:
        sys.exit("the pull failed")
    return time.perf_counter() - started, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--at-most", type=float, default=3)
    given = parser.parse_args()
    if BIN is None:
        sys.exit(MISSING)
    with tempfile.TemporaryDirectory() as name, postgresql_server() as server:
        work = Path(name)
        generate(work / "extracts", customers=given.customers, as_of=DAY)
        rows = load(server, work / "extracts")
        write_profiles(work / "home" / "sources")
        copied = timed_copy(server, work)
        pulled, peak = timed_pull(server, work / "home")
    print(f"{given.customers:,} customers, {rows:,} rows, {os.cpu_count()} processors")
    print(f"psql \\copy to CSV   {copied:7.1f} s")
    print(f"yacp pull           {pulled:7.1f} s  {pulled / copied:.2f} times, peak {peak / 2**20:.0f} MiB")
    if pulled > given.at_most * copied:
        sys.exit(f"more than {given.at_most:g} times as long")


if __name__ == "__main__":
    main()
