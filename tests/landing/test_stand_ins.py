"""Where the settings allow it, an older delivery of IWDS stands in for one that is late; nothing else ever does."""

from datetime import timedelta

import pytest
from conftest import DAY, Deliveries

from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import UsageError
from orchestration.landing import queries
from orchestration.landing.intake import land
from orchestration.landing.stand_ins import deliveries_of
from orchestration.settings import Settings


def may_be_late(config: Settings, days: int) -> Settings:
    return config.model_copy(update={"iwds_may_be_late_days": days})


@pytest.mark.parametrize("is_landed", [True, False])
def test_an_older_delivery_stands_in_for_at_most_so_many_days(
    config: Settings, deliveries: Deliveries, is_landed: bool
) -> None:
    for age in (3, 5):
        deliveries.write(IWDS, day=DAY - timedelta(days=age))
        if is_landed:
            land(config, IWDS, DAY - timedelta(days=age))
    deliveries.write(WORKNET)
    for days in (0, 2):
        late = may_be_late(config, days)
        with pytest.raises(UsageError, match="IWDS has not delivered 2026-11-23 yet"):
            queries.require_delivered(late, DAY)
        with pytest.raises(UsageError, match="has not delivered"):
            land(late, IWDS, DAY)
        assert queries.delivered(late, [DAY]) == []
    late = may_be_late(config, 3)
    queries.require_delivered(late, DAY)
    assert queries.newest_delivered(late) == DAY
    assert queries.delivered(late, [DAY]) == [DAY]
    land(late, WORKNET, DAY)
    assert land(late, IWDS, DAY).as_of_date == DAY - timedelta(days=3)
    assert [delivery.as_of_date for delivery in deliveries_of(late, DAY)] == [DAY, DAY - timedelta(days=3)]


def test_the_limit_is_named_when_nothing_stands_in(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET)
    with pytest.raises(UsageError, match=r"Nor any of the 2 days before \(YACP_IWDS_MAY_BE_LATE_DAYS\)"):
        queries.require_delivered(may_be_late(config, 2), DAY)


def test_a_later_delivery_never_stands_in(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(IWDS, day=DAY + timedelta(days=1))
    land(config, IWDS, DAY + timedelta(days=1))
    with pytest.raises(UsageError):
        land(may_be_late(config, 30), IWDS, DAY)


def test_nothing_stands_in_for_worknet(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET, day=DAY - timedelta(days=1))
    deliveries.write(IWDS)
    land(config, WORKNET, DAY - timedelta(days=1))
    with pytest.raises(UsageError, match="Illinois workNet has not delivered"):
        land(may_be_late(config, 30), WORKNET, DAY)


def test_the_days_own_delivery_counts_when_it_arrives(config: Settings, deliveries: Deliveries) -> None:
    late = may_be_late(config, 2)
    deliveries.write(IWDS, day=DAY - timedelta(days=1))
    assert land(late, IWDS, DAY).as_of_date == DAY - timedelta(days=1)
    deliveries.write(IWDS)
    assert land(late, IWDS, DAY).as_of_date == DAY


def test_a_refused_delivery_does_not_stand_in(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(IWDS, day=DAY - timedelta(days=2))
    deliveries.write(IWDS, {"services.csv": "nothing\n"}, day=DAY - timedelta(days=1))
    assert land(may_be_late(config, 2), IWDS, DAY).as_of_date == DAY - timedelta(days=2)


def test_a_refused_redelivery_leaves_the_accepted_one_to_stand_in(config: Settings, deliveries: Deliveries) -> None:
    late, day_before = may_be_late(config, 2), DAY - timedelta(days=1)
    for day in (DAY - timedelta(days=2), day_before):
        deliveries.write(IWDS, day=day)
        land(config, IWDS, day)
    deliveries.write(IWDS, {"services.csv": "nothing\n"}, day=day_before, delivery=2)
    deliveries.write(WORKNET)
    land(late, WORKNET, DAY)
    stand_in = land(late, IWDS, DAY)
    assert (stand_in.as_of_date, stand_in.delivery) == (day_before, 1)
    assert deliveries_of(late, DAY)[1] == stand_in
