"""What dead runs left goes with the next turn; what is in use, or is kept for the next release, stays."""

import os
from pathlib import Path

from orchestration.runs.warehouse_lock import hold_warehouse
from orchestration.settings import Settings

LEFT = (
    "archive/.incoming/worknet-2026-11-23-x/files/customers.csv",
    "published/releases/.building/customers.duckdb",
    "published/releases/.removing-2026-11-20-1/customers.duckdb",
    "published/following/releases/.building/customers/x.parquet",
    "published/following/.new-customers.duckdb",
    "published/.current.new",
    "published/.forgetting-x/customers.duckdb",
    "warehouse.duckdb.tmp/spilled",
    ".spill-999999999-0/spilled",
)
IN_USE = (
    "archive/worknet/2026-11-23/0001/delivery.json",
    "published/releases/.spare/customers/x.parquet",
    "published/releases/2026-11-23-1/customers.duckdb",
    "published/following/releases/release=1-1/customers/x.parquet",
    f".spill-{os.getpid()}-0/spilled",
)


def test_only_what_dead_runs_left_goes(tmp_path: Path) -> None:
    for name in (*LEFT, *IN_USE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with hold_warehouse(Settings(home=tmp_path), "the next run", print):
        assert [name for name in LEFT if (tmp_path / name).exists()] == []
        assert [name for name in IN_USE if not (tmp_path / name).exists()] == []
