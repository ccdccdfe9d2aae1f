"""Whether a run takes longer the more days are published: the same run after 10 days and after 400.

    python benchmarks/history.py

Two homes publish the same day of the same 2,000 customers. One has ten published days before it. The other has the same
ten plus 390 earlier ones, which are copies of their history moved back in time, with stays that end at the same rate.
Each run is repeated three times, alternating; the shortest time counts.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

from orchestration.sample.generator import generate
from orchestration.settings import Settings
from orchestration.state.releases import RELEASE, current

LAST = date(2026, 11, 23)
FEW, MANY, ROUNDS = 10, 400, 3
CUSTOMERS = 2000


def yacp(home: Path, extracts: Path, *arguments: str) -> float:
    started = time.perf_counter()
    variables = {**os.environ, "YACP_HOME": str(home), "YACP_EXTRACTS": str(extracts)}
    subprocess.run(
        [str(Path(sys.executable).with_name("yacp")), *arguments], env=variables, check=True, capture_output=True
    )
    return time.perf_counter() - started


def age(home: Path, days: int) -> None:
    """Adds earlier days to the published ones: copies of their history, moved back in time."""
    release = current(Settings(home=home))
    assert release is not None
    first = release.days[0]
    blocks = -(-days // len(release.days))
    with duckdb.connect(str(release.file("dashboard"))) as dashboard:
        for table in ("history", "movement"):
            moved = "cast(h.as_of_date - interval (n * ?) day as date) as as_of_date"
            if table == "movement":
                moved += ", cast(h.previous_as_of_date - interval (n * ?) day as date) as previous_as_of_date"
            dashboard.execute(
                f"insert into sections.{table}"
                f" select h.* replace ({moved}) from sections.{table} as h, range(1, ?) as blocks(n)"
                " order by as_of_date",
                [len(release.days)] * moved.count("?") + [blocks + 1],
            )
    with duckdb.connect(str(release.file("customers"))) as customers:
        customers.execute(
            "insert into customers.lists.line_history"
            " select customer_id, section_key, line_key, cast(valid_from - interval (n * ?) day as date),"
            " cast(valid_to - interval (n * ?) day as date) from customers.lists.line_history, range(1, ?) as b(n)"
            " where valid_to is not null",
            [len(release.days), len(release.days), blocks + 1],
        )
    record = (release.folder / RELEASE).read_text()
    older = [first - timedelta(days=n) for n in range(days, 0, -1)]
    named = ", ".join(f'"{day}"' for day in older)
    (release.folder / RELEASE).write_text(record.replace('"days": [', f'"days": [{named}, '))
    parquet = release.folder / "parquet"
    for folder in list(parquet.glob(f"*/*/*/as_of_date={first}")):
        for day in older:
            shutil.copytree(folder, folder.with_name(f"as_of_date={day}"), copy_function=os.link)


def size(folder: Path, name: str) -> int:
    return (folder / name).stat().st_size


def main() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        extracts = folder / "extracts"
        generate(extracts, customers=CUSTOMERS, as_of=LAST, days=FEW + 1)
        young, old = folder / "young", folder / "old"
        yacp(young, extracts, "backfill", str(LAST - timedelta(days=FEW)), str(LAST - timedelta(days=1)))
        shutil.copytree(young, old, symlinks=True)
        age(old, MANY - FEW)
        times: dict[Path, list[float]] = {young: [], old: []}
        for _ in range(ROUNDS):
            for home in (young, old):
                times[home].append(yacp(home, extracts, "run", "--as-of", str(LAST)))
        few, many = min(times[young]), min(times[old])
        release = current(Settings(home=old))
        assert release is not None
        with duckdb.connect(str(release.file("customers")), read_only=True) as customers:
            stays = customers.execute("select count(*) from customers.lists.line_history").fetchone()
            assert stays
        grown = sum(
            size(current(Settings(home=old)).folder, name) - size(current(Settings(home=young)).folder, name)
            for name in ("dashboard.duckdb", "customers.duckdb")
        )
    print(f"a run after {FEW:3} days      {few:6.1f} s")
    print(f"a run after {MANY:3} days      {many:6.1f} s   {many / few:.2f} × as long")
    yearly = grown / CUSTOMERS / (MANY - FEW) * 365 / 1024
    print(f"history                {yearly:6.2f} KiB per customer and year, {stays[0]:,} stays")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
