"""The row account is counted again from what is stored, so that what was lost since is noticed too."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, Deliveries, Sample, yacp

from orchestration.contract.worknet import WORKNET
from orchestration.failures import ChecksBlocked
from orchestration.landing.archive import ArchivedDelivery
from orchestration.landing.intake import land
from orchestration.landing.reconciliation import recount, require_balance
from orchestration.settings import Settings


@pytest.fixture
def delivery(config: Settings, deliveries: Deliveries) -> ArchivedDelivery:
    """Four customers: one is loaded, one is the same again, one has another name, one no provider."""
    rows = [{}, {}, {"first_name": "Eve"}, {"customer_id": "C2", "provider_id": "P9"}]
    deliveries.write(WORKNET, {"customers": rows})
    return land(config.model_copy(update={"max_quarantined_share": 1.0}), WORKNET, DAY)


def rewrite(path: Path, query: str) -> None:
    """The file with other rows."""
    fresh = path.with_suffix(".new")
    rows = query.format(f"read_parquet('{path}')")
    duckdb.sql(f"copy ({rows}) to '{fresh}' (format parquet)")
    fresh.replace(path)


def test_every_row_is_counted_where_it_is(config: Settings, delivery: ArchivedDelivery) -> None:
    accounts = {account.extract.name: account for account in recount(config, delivery)}
    assert set(accounts) == {extract.name for extract in WORKNET.extracts}
    found = accounts["customers"]
    assert (found.promised, found.stored, found.quarantined, found.duplicate, found.forgotten) == (4, 1, 2, 1, 0)
    assert all(account.balances for account in accounts.values())
    require_balance(delivery, list(accounts.values()))


@pytest.mark.parametrize(
    ("file", "query"),
    [
        ("customers.parquet", "from {} limit 0"),
        ("customers.parquet", "from {0} union all from {0}"),
        ("quarantine.parquet", "from {} where reason <> 'orphan'"),
        ("account.parquet", "select * replace (rows_in_manifest + 1 as rows_in_manifest) from {}"),
    ],
)
def test_what_was_lost_since_is_noticed(config: Settings, delivery: ArchivedDelivery, file: str, query: str) -> None:
    rewrite(delivery.folder / file, query)
    accounts = recount(config, delivery)
    assert not all(account.balances for account in accounts)
    with pytest.raises(ChecksBlocked, match=r"is damaged: .*customers\.csv with \d of \d rows.*loaded again"):
        require_balance(delivery, accounts)


@pytest.mark.parametrize(
    "damage",
    [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-50]), lambda path: path.write_bytes(b"")],
    ids=["gone", "cut off", "empty"],
)
@pytest.mark.parametrize("file", ["customers.parquet", "quarantine.parquet", "account.parquet"])
def test_a_file_that_cant_be_read_any_more(
    config: Settings, delivery: ArchivedDelivery, file: str, damage: Callable[[Path], object]
) -> None:
    damage(delivery.folder / file)
    with pytest.raises(ChecksBlocked, match="not all of its files can be read"):
        recount(config, delivery)


def test_a_run_stops_at_a_damaged_archive(sample: Sample, tmp_path: Path) -> None:
    """The delivery is gone from where it came from, so nothing lands it anew."""
    mine = sample.copy(tmp_path)
    rewrite(mine.home / "archive" / "iwds" / str(DAY) / "0001" / "applications.parquet", "from {} offset 1")
    done = yacp(mine.home, "run", "--as-of", str(DAY), extracts=tmp_path / "nothing")
    assert done.returncode == 1
    assert "is damaged: rows of it are not accounted for: applications.csv with" in done.stderr
    assert "Traceback" not in done.stderr
    assert str((mine.home / "published" / "current").readlink()) == f"releases/{DAY}-1"

    mine.extracts.rename(tmp_path / "back")
    (mine.home / "archive" / "iwds" / str(DAY) / "0001").rename(tmp_path / "damaged")
    mended = yacp(mine.home, "run", "--as-of", str(DAY), extracts=tmp_path / "back")
    assert mended.returncode == 0, mended.stderr
