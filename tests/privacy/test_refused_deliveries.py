"""What is kept of a refused delivery holds rows of people, who are forgotten there too."""

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries

from orchestration.contract.worknet import WORKNET
from orchestration.failures import DeliveryRefused
from orchestration.landing.intake import land
from orchestration.landing.refusals import refusals
from orchestration.privacy import archived_rows
from orchestration.privacy.person import Person
from orchestration.settings import Settings


def test_a_person_is_forgotten_in_the_quarantine_of_a_refused_delivery(
    config: Settings, deliveries: Deliveries
) -> None:
    deliveries.write(WORKNET, day=DAY_BEFORE)
    land(config, WORKNET, DAY_BEFORE)
    bad = [
        {"customer_id": "C1", "date_of_birth": "MARKED"},
        {"customer_id": "C2", "first_name": "Bea", "last_name": "Other", "date_of_birth": "OTHERS"},
    ]
    deliveries.write(WORKNET, {"customers": bad})
    with pytest.raises(DeliveryRefused):
        land(config, WORKNET, DAY)
    [refusal] = refusals(config.archive)
    with duckdb.connect() as connection:
        person = Person(config, connection, "C1")
        assert archived_rows.find(person)["archive, values in quarantine"][refusal.folder / "quarantine.parquet"] > 0
        archived_rows.erase(person)
    rows = duckdb.execute(
        f"select line_number, reason, value, record from '{refusal.quarantine}' where file = 'customers.csv' order by 1"
    ).fetchall()
    assert [(line, reason, value) for line, reason, value, _ in rows] == [
        (2, "bad_type", None),
        (3, "bad_type", "OTHERS"),
    ]
    assert rows[0][3] is None
    assert '"C2"' in rows[1][3]
