"""The next run removes what crashed runs left; what is in use, or kept for the next release, stays."""

import os
from pathlib import Path

from orchestration.runs.warehouse_lock import hold_warehouse
from orchestration.settings import Settings

LEFTOVERS = (
    "archive/.incoming/worknet-2026-11-23-x/files/customers.csv",
    "published/releases/.building/customers.duckdb",
    "published/releases/.removing-2026-11-20-1/customers.duckdb",
    "published/following/releases/.building/customers/x.parquet",
    "published/following/releases/.removing-release=1-1/customers/x.parquet",
    "published/following/.new-customers.duckdb",
    "published/.current.new",
    "published/.forgetting-x/customers.duckdb",
    "warehouse.duckdb.tmp/spilled",
    ".spill-999999999-0/spilled",
    ".backfill.json.999999999.new",
    "dagster/.dagster.yaml.999999999.new",
)
IN_USE = (
    "archive/worknet/2026-11-23/0001/delivery.json",
    "published/releases/.spare/customers/x.parquet",
    "published/releases/2026-11-23-1/customers.duckdb",
    "published/following/releases/release=1-1/customers/x.parquet",
    f".spill-{os.getpid()}-0/spilled",
    f".notices.json.{os.getpid()}.new",
    ".settings.new",
)


def test_only_leftovers_of_crashed_runs_are_removed(tmp_path: Path) -> None:
    for name in (*LEFTOVERS, *IN_USE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with hold_warehouse(Settings(home=tmp_path), "the next run", print):
        assert [name for name in LEFTOVERS if (tmp_path / name).exists()] == []
        assert [name for name in IN_USE if not (tmp_path / name).exists()] == []
