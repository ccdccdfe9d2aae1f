"""The row account is counted again from the archive, so that rows lost since landing are noticed."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, Deliveries, Sample, yacp

from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import ChecksBlocked
from orchestration.landing.archive import ArchivedDelivery
from orchestration.landing.intake import land
from orchestration.landing.reconciliation import recount, require_balance
from orchestration.settings import Settings


@pytest.fixture
def delivery(config: Settings, deliveries: Deliveries) -> ArchivedDelivery:
    """Four customers: one is loaded, one is a duplicate, one a key conflict, one has no provider."""
    rows = [{}, {}, {"first_name": "Eve"}, {"customer_id": "C2", "provider_id": "P9"}]
    deliveries.write(WORKNET, {"customers": rows})
    return land(config.model_copy(update={"max_quarantined_share": 1.0}), WORKNET, DAY)


def rewrite(path: Path, query: str) -> None:
    """Replaces the file with the rows of a query over it."""
    fresh = path.with_suffix(".new")
    rows = query.format(f"read_parquet('{path}')")
    duckdb.sql(f"copy ({rows}) to '{fresh}' (format parquet)")
    fresh.replace(path)


def test_every_row_is_counted(config: Settings, delivery: ArchivedDelivery) -> None:
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
def test_rows_that_were_lost_or_added_are_noticed(
    config: Settings, delivery: ArchivedDelivery, file: str, query: str
) -> None:
    rewrite(delivery.folder / file, query)
    accounts = recount(config, delivery)
    assert not all(account.balances for account in accounts)
    with pytest.raises(ChecksBlocked, match=r"is damaged: .*customers\.csv with \d of \d rows.*loaded again"):
        require_balance(delivery, accounts)


@pytest.mark.parametrize(
    "damage",
    [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-50]), lambda path: path.write_bytes(b"")],
    ids=["missing", "cut off", "empty"],
)
@pytest.mark.parametrize("file", ["customers.parquet", "quarantine.parquet", "account.parquet"])
def test_a_file_that_can_no_longer_be_read(
    config: Settings, delivery: ArchivedDelivery, file: str, damage: Callable[[Path], object]
) -> None:
    damage(delivery.folder / file)
    with pytest.raises(ChecksBlocked, match="some of its files can't be read"):
        recount(config, delivery)


def test_a_run_stops_at_a_damaged_archive(sample: Sample, tmp_path: Path) -> None:
    """The delivery is no longer at its source, so it can't be loaded again."""
    copy = sample.copy(tmp_path)
    rewrite(copy.home / "archive" / "iwds" / str(DAY) / "0001" / "applications.parquet", "from {} offset 1")
    (copy.home / "archive" / "iwds" / str(DAY) / "0001" / "checksums.json").unlink()  # as before there were any
    done = yacp(copy.home, "run", "--as-of", str(DAY), extracts=tmp_path / "nothing")
    assert done.returncode == 1
    assert "is damaged: not all of its rows are accounted for: applications.csv with" in done.stderr
    assert "Traceback" not in done.stderr
    assert str((copy.home / "published" / "current").readlink()) == f"releases/{DAY}-1"

    copy.extracts.rename(tmp_path / "back")
    (copy.home / "archive" / "iwds" / str(DAY) / "0001").rename(tmp_path / "damaged")
    repaired = land(Settings(home=copy.home, extracts=str(tmp_path / "back")), IWDS, DAY)
    recount(copy.settings, repaired)
