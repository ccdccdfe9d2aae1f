"""Each suite fails on what it guards against: a check that can't fail guards nothing."""

import pandas as pd
import pytest

from orchestration.warehouse.expectations import Suite, suites, validate

GOOD = {
    "sync_status": {
        "sync_status": ["synced", "no_match"],
        "has_iwds_customer_id": [True, False],
        "has_iwds_person": [True, False],
        "has_agreeing_identity": [True, False],
        "customer_count": [3, 1],
    },
    "sync_shares": {
        "sync_status": ["synced", "no_match"],
        "population": [600, 600],
        "previous_population": [600, 600],
        "share": [0.64, 0.36],
        "previous_share": [0.21, 0.36],
        "change_points": [1.0, 0.0],
    },
    "status_dates": {
        "status": ["applicant", "exited"],
        "date_name": ["since_on", "exited_on"],
        "origin": ["rule", "delivery"],
        "missing_count": [0, 1],
        "missing_share": [0.0, 0.01],
    },
    "date_order": {
        "earlier_date": ["certified_on"],
        "later_date": ["exited_on"],
        "out_of_order_count": [1],
        "out_of_order_share": [0.01],
    },
    "future_dates": {"date_name": ["exited_on"], "after_as_of_count": [1], "after_as_of_share": [0.01]},
    "delivery_days": {"system": ["worknet", "iwds"], "days_old": [0, 0]},
    "row_losses": {
        "system": ["worknet", "iwds"],
        "extract": ["staff", "services"],
        "rows_before": [20, 100],
        "rows_today": [19, 120],
        "lost_share": [0.05, -0.2],
    },
    "provider_losses": {
        "provider_id": ["half", "small", "grown"],
        "customers_before": [10, 4, 5],
        "customers_today": [5, 0, 50],
        "lost_share": [0.5, 1.0, -9.0],
    },
    "line_ages": {
        "line_key": ["review_overdue", "progress_current", "ready_for_review"],
        "colour": ["red", "green", "yellow"],
        "least_age_days": [6, 0, 0],
        "most_age_days": [40, 30, 90],
        "earliest_age_days": [6, 0, 0],
        "latest_age_days": [None, 30, None],
    },
}

BROKEN = [
    ("sync_status", "sync_status", 0, "nearly_synced", "sync_status_is_one_of_nine"),
    ("sync_status", "sync_status", 0, None, "every_customer_has_a_sync_status"),
    ("sync_status", "has_iwds_person", 0, False, "synced_implies_an_iwds_person"),
    ("sync_status", "has_agreeing_identity", 0, False, "synced_implies_an_agreeing_identity"),
    ("sync_status", "has_iwds_customer_id", 1, True, "without_a_link_means_no_id"),
    ("sync_shares", "change_points", 0, 5.1, "sync_shares_move_less_than_5_points"),
    ("sync_shares", "change_points", 0, 50.1, "sync_shares_move_less_than_50_points"),
    ("status_dates", "missing_count", 0, 1, "line_implies_the_date_of_its_clock"),
    ("status_dates", "missing_share", 1, 0.03, "delivered_status_has_its_date"),
    ("date_order", "out_of_order_share", 0, 0.03, "dates_keep_their_order"),
    ("future_dates", "after_as_of_share", 0, 0.03, "dates_lie_before_the_end_of_the_day"),
    ("delivery_days", "days_old", 1, 1, "iwds_is_of_the_day"),
    ("row_losses", "lost_share", 0, 0.051, "extracts_lose_at_most_5_percent"),
    ("provider_losses", "lost_share", 0, 0.51, "providers_keep_half_of_their_customers"),
    ("provider_losses", "customers_before", 1, 5, "providers_keep_half_of_their_customers"),
    ("line_ages", "least_age_days", 2, -1, "age_is_never_negative"),
    ("line_ages", "least_age_days", 0, 5, "red_begins_the_day_after_the_limit"),
    ("line_ages", "most_age_days", 1, 31, "current_ends_with_its_limit"),
]


def suite(name: str) -> Suite:
    return next(suite for suite in suites() if suite.name == name)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_good_day_passes(name: str) -> None:
    results = validate(suite(name), pd.DataFrame(GOOD[name]))
    assert [result.name for result in results if not result.passed] == []
    assert all("not judged" not in result.observed for result in results)


@pytest.mark.parametrize(("name", "column", "row", "value", "check"), BROKEN)
def test_what_is_guarded_against_fails(name: str, column: str, row: int, value: object, check: str) -> None:
    frame = pd.DataFrame(GOOD[name]).astype({column: object})
    frame.loc[row, column] = value
    if column not in ("sync_status", "has_iwds_person", "has_agreeing_identity", "has_iwds_customer_id"):
        frame[column] = pd.to_numeric(frame[column])
    failed = {result.name for result in validate(suite(name), frame) if not result.passed}
    assert check in failed


def test_an_unknown_id_has_no_person() -> None:
    frame = pd.DataFrame(GOOD["sync_status"])
    frame.loc[0, "sync_status"] = "id_unknown"
    failed = {result.name for result in validate(suite("sync_status"), frame) if not result.passed}
    assert failed == {"unknown_id_has_no_iwds_person"}


def test_a_late_system_is_so_many_days_late() -> None:
    [result] = validate(suite("delivery_days"), pd.DataFrame(GOOD["delivery_days"]).assign(days_old=[0, 3]))
    assert result.observed == "1 of 1 case breaks it: IWDS's rows are older than the day, in days: 3"


def test_a_small_population_may_jump() -> None:
    frame = pd.DataFrame(GOOD["sync_shares"]).assign(population=100, change_points=60.0)
    assert all(result.passed for result in validate(suite("sync_shares"), frame))


def test_suites_name_columns_that_they_use() -> None:
    assert {suite.name for suite in suites()} == set(GOOD)
    for found in suites():
        assert set(GOOD[found.name]) == set(found.columns)
