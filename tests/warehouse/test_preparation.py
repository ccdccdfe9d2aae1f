"""The warehouse is made ready from the archive, whatever the contract was when a delivery was archived."""

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries, Sample

from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import UsageError
from orchestration.landing.intake import land
from orchestration.settings import Settings
from orchestration.state.releases import releases
from orchestration.warehouse.preparation import prepare, require_same_release


def test_a_column_younger_than_the_delivery_is_empty(config: Settings, deliveries: Deliveries) -> None:
    landed = []
    for system in (WORKNET, IWDS):
        deliveries.write(system)
        landed.append(land(config, system, DAY))
    customers = landed[0].parquet(WORKNET.extract("customers"))
    with duckdb.connect() as connection:
        connection.execute(f"create table before as select * exclude (pathway) from read_parquet('{customers}')")
        customers.unlink()
        connection.execute(f"copy (select 'C9' as retired, * from before) to '{customers}'")
    prepare(config, landed)
    with duckdb.connect(str(config.warehouse), read_only=True) as warehouse:
        found = warehouse.execute("select customer_id, pathway from raw.worknet_customers").fetchall()
        described = warehouse.execute("describe raw.worknet_customers").fetchall()
    assert found == [("C1", None)]
    assert [row[0] for row in described] == [column.name for column in WORKNET.extract("customers").columns]
    assert {row[0]: row[1] for row in described}["pathway"] == "VARCHAR"


def test_a_day_is_compared_with_the_delivery_before(config: Settings, deliveries: Deliveries) -> None:
    providers = [{"provider_id": "P1"}, {"provider_id": "P2"}]
    customers = [{"customer_id": f"C{number}", "provider_id": f"P{1 + number % 2}"} for number in range(1, 4)]
    deliveries.write(WORKNET, {"providers": providers, "customers": customers}, day=DAY_BEFORE)
    land(config, WORKNET, DAY_BEFORE)
    landed = []
    for system in (WORKNET, IWDS):
        deliveries.write(system)
        landed.append(land(config, system, DAY))
    prepare(config, landed)
    with duckdb.connect(str(config.warehouse), read_only=True) as warehouse:
        rows = warehouse.execute("from run.rows_before where extract in ('providers', 'customers') order by extract")
        assert rows.fetchall() == [("worknet", "customers", 3), ("worknet", "providers", 2)]
        assert warehouse.execute("from run.providers_before order by all").fetchall() == [("P1", 1), ("P2", 2)]
        assert warehouse.execute("select count(*) from run.rows_before where system = 'iwds'").fetchone() == (0,)


def test_a_day_that_is_published_is_not_published_again_without_being_built_again(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = releases(sample.settings)[0]
    with duckdb.connect(str(sample.home / "warehouse.duckdb"), read_only=True) as warehouse:
        with pytest.raises(UsageError, match="A release was published since the models of the day were built"):
            require_same_release(sample.settings, warehouse)
        monkeypatch.setattr("orchestration.warehouse.preparation.latest", lambda _: before)
        require_same_release(sample.settings, warehouse)
