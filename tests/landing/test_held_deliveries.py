"""Deliveries that may have been cut short are held until somebody accepts them; refused ones leave what is known."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries

from orchestration.cli import run_commands
from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import DeliveryHeld, DeliveryRefused, UsageError
from orchestration.landing import queries
from orchestration.landing.archive import Acceptance, Archive
from orchestration.landing.intake import land
from orchestration.landing.quarantine import Quarantine
from orchestration.landing.refusals import accept, refusals
from orchestration.settings import Settings


def staff(count: int) -> dict[str, list[dict[str, str]]]:
    return {"staff": [{"staff_id": f"S{number}"} for number in range(count)]}


def because(why: str = "They left.") -> Acceptance:
    return Acceptance("operator", datetime(2026, 11, 24, 6, tzinfo=UTC), why)


def land_both(config: Settings, deliveries: Deliveries, before: int, now: int, **others: object) -> None:
    deliveries.write(WORKNET, staff(before), day=DAY_BEFORE)
    land(config, WORKNET, DAY_BEFORE)
    deliveries.write(WORKNET, staff(now))
    land(config.model_copy(update=others), WORKNET, DAY)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (100, 80),  # 20 percent
        (100, 101),
        (60, 41),  # 19 rows
        (4, 0),
        (1, 1),
    ],
)
def test_a_small_loss_is_accepted(config: Settings, deliveries: Deliveries, before: int, now: int) -> None:
    land_both(config, deliveries, before, now)
    assert Archive(config.archive).newest(WORKNET, DAY) is not None


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        (100, 79, "staff.csv has 79 rows, 100 on 2026-11-22 (21% fewer)"),
        (60, 40, "staff.csv has 40 rows, 60 on 2026-11-22 (33% fewer)"),
        (5, 0, "staff.csv has 0 rows, 5 on 2026-11-22 (100% fewer)"),
    ],
)
def test_a_large_loss_is_held(config: Settings, deliveries: Deliveries, before: int, now: int, says: str) -> None:
    with pytest.raises(DeliveryHeld, match="Nothing was loaded") as held:
        land_both(config, deliveries, before, now)
    assert says in str(held.value)
    assert 'yacp accept worknet 2026-11-23 --why "…"' in str(held.value)
    assert Archive(config.archive).newest(WORKNET, DAY) is None
    assert list((config.archive / ".incoming").iterdir()) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"held_loss_share": 0.5},
        {"held_loss_share_of": {"worknet_staff": 0.5}},
        {"held_loss_rows": 51},
    ],
)
def test_the_limits_are_settings(config: Settings, deliveries: Deliveries, settings: dict[str, object]) -> None:
    land_both(config, deliveries, 100, 50, **settings)
    deliveries.write(WORKNET, staff(49), delivery=2)
    land(config.model_copy(update={"held_loss_rows": 52}), WORKNET, DAY)


def test_the_limit_of_one_extract_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YACP_HELD_LOSS_SHARE_OF", '{"worknet_staff": 0.5}')
    assert Settings().held_loss_share_of == {"worknet_staff": 0.5}


def test_a_delivery_is_compared_with_the_newest_earlier_day(config: Settings, deliveries: Deliveries) -> None:
    """Not with a later day that was landed before it, nor with an earlier delivery of its own day."""
    for day, count in ((DAY - timedelta(9), 1000), (DAY - timedelta(4), 100), (DAY + timedelta(1), 1000)):
        deliveries.write(WORKNET, staff(count), day=day)
        accept_if_held(config, day)
    deliveries.write(WORKNET, staff(90))
    assert land(config, WORKNET, DAY).delivery == 1
    deliveries.write(WORKNET, staff(80), delivery=2)
    assert land(config, WORKNET, DAY).delivery == 2
    deliveries.write(WORKNET, staff(79), delivery=3)
    with pytest.raises(DeliveryHeld, match="100 on 2026-11-19"):
        land(config, WORKNET, DAY)
    newest = Archive(config.archive).newest(WORKNET, DAY)
    assert newest is not None
    assert newest.delivery == 2


def accept_if_held(config: Settings, day: date) -> None:
    try:
        land(config, WORKNET, day)
    except DeliveryHeld:
        accept(config, WORKNET, day, because())
        land(config, WORKNET, day)


def test_the_other_system_is_not_compared(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET, staff(100), day=DAY_BEFORE)
    land(config, WORKNET, DAY_BEFORE)
    deliveries.write(IWDS)
    assert land(config, IWDS, DAY).delivery == 1


def test_an_accepted_delivery_is_landed_with_who_when_and_why(config: Settings, deliveries: Deliveries) -> None:
    with pytest.raises(DeliveryHeld):
        land_both(config, deliveries, 100, 10)
    accept(config, WORKNET, DAY, because("A provider left the program."))
    delivery = land(config, WORKNET, DAY)
    assert delivery.acceptance == because("A provider left the program.")
    assert refusals(config.archive) == []
    assert land(config, WORKNET, DAY) == delivery
    rows = [row for row in queries.deliveries(config).records() if row["as_of_date"] == DAY]
    assert {(row["status"], row["why"]) for row in rows} == {("accepted", "A provider left the program.")}


def test_only_the_held_files_are_accepted(config: Settings, deliveries: Deliveries) -> None:
    with pytest.raises(DeliveryHeld):
        land_both(config, deliveries, 100, 10)
    accept(config, WORKNET, DAY, because())
    deliveries.write(WORKNET, staff(9))
    with pytest.raises(DeliveryHeld, match="has 9 rows"):
        land(config, WORKNET, DAY)
    deliveries.write(WORKNET, staff(8), delivery=2)
    with pytest.raises(DeliveryHeld, match="has 8 rows"):
        land(config, WORKNET, DAY)


def test_nothing_else_can_be_accepted(config: Settings, deliveries: Deliveries) -> None:
    with pytest.raises(UsageError, match="is held: run the day first"):
        accept(config, WORKNET, DAY, because())
    deliveries.write(WORKNET, {"staff.csv": "nothing\n"})
    with pytest.raises(DeliveryRefused):
        land(config, WORKNET, DAY)
    with pytest.raises(UsageError, match="it was refused; only a new delivery helps"):
        accept(config, WORKNET, DAY, because())


def test_a_newer_delivery_takes_the_place_of_a_held_one(config: Settings, deliveries: Deliveries) -> None:
    with pytest.raises(DeliveryHeld):
        land_both(config, deliveries, 100, 10)
    deliveries.write(WORKNET, staff(100), delivery=2)
    land(config, WORKNET, DAY)
    with pytest.raises(UsageError, match="Delivery 2 of Illinois workNet for 2026-11-23 was accepted since"):
        accept(config, WORKNET, DAY, because())
    statuses = {(row["delivery"], row["status"]) for row in queries.deliveries(config).records()}
    assert statuses == {(1, "accepted"), (1, "held"), (2, "accepted")}


def test_a_refused_delivery_leaves_account_and_quarantine(config: Settings, deliveries: Deliveries) -> None:
    customers = [{"customer_id": f"C{number}"} for number in range(1, 5)]
    bad = [{"customer_id": "C9", "date_of_birth": "MARKED"}, {"customer_id": "C8", "provider_id": "P7"}]
    deliveries.write(
        WORKNET, {"customers": [*customers, *bad], "case_notes": [{"customer_id": "C9"}], "staff.csv": "a\nb\n"}
    )
    with pytest.raises(DeliveryRefused, match="yacp quarantine --as-of 2026-11-23 lists every row"):
        land(config, WORKNET, DAY)
    [refusal] = refusals(config.archive)
    assert {path.name for path in refusal.folder.iterdir()} == {
        "refusal.json", "quarantine.parquet", "account.parquet", "checksums.json",
    }  # fmt: skip
    assert all(path.stat().st_mode & 0o077 == 0 for path in (refusal.folder, *refusal.folder.iterdir()))
    listed = queries.quarantine(config, DAY)
    assert [row[3:] for row in listed.rows] == [
        ("refused", "case_notes.csv", 2, "customer_id", "orphan_of_quarantined"),
        ("refused", "customers.csv", 6, "date_of_birth", "bad_type"),
        ("refused", "customers.csv", 7, "provider_id", "orphan"),
    ]
    accounts = {row["file"]: row for row in queries.deliveries(config).records()}
    assert "staff.csv" not in accounts
    found = accounts["customers.csv"]
    assert (found["status"], found["rows_in_manifest"], found["rows_quarantined"]) == ("refused", 6, 2)
    assert "customers.csv has 2 of 6 rows that don't fit" in str(found["why"])
    assert "MARKED" not in json.dumps(queries.deliveries(config).records(), default=str)


@pytest.mark.parametrize("what", ["checksum", "manifest"])
def test_a_delivery_refused_before_it_was_read_is_listed_with_the_reason(
    config: Settings, deliveries: Deliveries, what: str
) -> None:
    folder = deliveries.write(WORKNET)
    if what == "checksum":
        (folder / "staff.csv").write_text("changed\n")
    else:
        (folder / "manifest.json").write_text("{")
    with pytest.raises(DeliveryRefused):
        land(config, WORKNET, DAY)
    [row] = queries.deliveries(config).records()
    assert (row["delivery"], row["status"], row["file"]) == (1 if what == "checksum" else 0, "refused", None)
    assert what.replace("checksum", "sha256") in str(row["why"])
    assert queries.quarantine(config, DAY).rows == []


def test_the_refusal_of_the_same_number_is_replaced_and_ends_with_its_acceptance(
    config: Settings, deliveries: Deliveries
) -> None:
    for content in ("nothing\n", "still nothing\n"):
        deliveries.write(WORKNET, {"staff.csv": content})
        with pytest.raises(DeliveryRefused):
            land(config, WORKNET, DAY)
    assert len(refusals(config.archive)) == 1
    deliveries.write(WORKNET)
    land(config, WORKNET, DAY)
    assert refusals(config.archive) == []


def test_a_refusal_that_cannot_be_kept_is_still_reported(
    config: Settings, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    deliveries.write(WORKNET, {"staff.csv": "nothing\n"})
    monkeypatch.setattr("orchestration.landing.refusals.flush_to_disk", full)
    with pytest.raises(DeliveryRefused, match=r"staff\.csv lacks the required column"):
        land(config, WORKNET, DAY)


def test_a_full_disk_does_not_hide_why_a_delivery_is_refused(
    config: Settings, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_quarantine: Quarantine, folder: Path) -> None:
        (folder / "quarantine.parquet").write_text("half")
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(Quarantine, "write", full)
    deliveries.write(WORKNET, {"staff.csv": "nothing\n"})
    with pytest.raises(DeliveryRefused, match=r"staff\.csv lacks the required column"):
        land(config, WORKNET, DAY)
    assert queries.quarantine(config, DAY).rows == []
    deliveries.write(WORKNET)
    with pytest.raises(duckdb.IOException):  # without a refusal it is all that is wrong
        land(config, WORKNET, DAY)


def test_files_of_other_programs_in_the_archive_are_no_days(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET)
    land(config, WORKNET, DAY)
    for name in (".DS_Store", "2026-11-22.txt"):
        (config.archive / "worknet" / name).touch()
    deliveries.write(WORKNET, delivery=2)
    assert land(config, WORKNET, DAY).delivery == 2


def test_the_account_that_accepts_needs_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(run_commands, "getuser", unknown)
    assert run_commands._account() == str(os.getuid())


def test_a_held_delivery_keeps_its_quarantine(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET, staff(200), day=DAY_BEFORE)
    land(config, WORKNET, DAY_BEFORE)
    rows = [*staff(100)["staff"], {"staff_id": "S100", "role": "janitor"}]
    deliveries.write(WORKNET, {"staff": rows})
    with pytest.raises(DeliveryHeld):
        land(config, WORKNET, DAY)
    assert [row[3:] for row in queries.quarantine(config, DAY).rows] == [
        ("held", "staff.csv", 102, "role", "unknown_code")
    ]
    account = {row["file"]: row["rows_loaded"] for row in queries.deliveries(config).records() if row["why"]}
    assert account["staff.csv"] == 100
    assert duckdb.execute(f"from '{refusals(config.archive)[0].quarantine}'").fetchall()


def test_what_was_cut_short_is_the_first_cause_of_a_refusal(config: Settings, deliveries: Deliveries) -> None:
    """A cut parent leaves orphans, which refuse the delivery; they are not where to look."""
    customers = [{"customer_id": f"C{number}"} for number in range(1, 101)]
    notes = [{"case_note_id": f"N{number}", "customer_id": f"C{number}"} for number in range(1, 101)]
    deliveries.write(WORKNET, {"customers": customers, "case_notes": notes}, day=DAY_BEFORE)
    land(config, WORKNET, DAY_BEFORE)
    deliveries.write(WORKNET, {"customers": customers[:50], "case_notes": notes})
    with pytest.raises(DeliveryRefused) as refused:
        land(config, WORKNET, DAY)
    assert not isinstance(refused.value, DeliveryHeld)
    assert (
        "was refused: customers.csv has 50 rows, 100 on 2026-11-22 (50% fewer); case_notes.csv has 50 of 100 rows that"
        in str(refused.value)
    )
