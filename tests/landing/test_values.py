"""Values as real systems write them: what is forgiven, what is null, and what is only warned of."""

from pathlib import Path

import duckdb
import pytest
from conftest import DAY, Deliveries
from random_deliveries import with_parents

from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET
from orchestration.landing.archive import ArchivedDelivery
from orchestration.landing.intake import land
from orchestration.settings import Settings


def value(delivery: ArchivedDelivery, extract: str, column: str) -> object:
    [(found,)] = duckdb.execute(f"select {column} from '{delivery.folder}/{extract}.parquet'").fetchall()
    return found


def quarantined(delivery: ArchivedDelivery) -> list[tuple[object, ...]]:
    return duckdb.execute(f"select column_name, reason from '{delivery.quarantine}' order by line_number").fetchall()


@pytest.mark.parametrize("blank", [" ", "   ", "\t", "\u00a0", "\u2003", "\u3000", "\x85", "\u2028", "\v", " \u00a0\n"])
def test_a_value_of_blanks_is_null(config: Settings, deliveries: Deliveries, blank: str) -> None:
    deliveries.write(
        WORKNET,
        {
            "customers": [{"iwds_customer_id": blank, "pathway": blank, "career_planner_staff_id": blank}],
            "suitability_reviews": [{"training_program": blank, "recommendation": blank, "recommended_at": blank}],
        },
    )
    delivery = land(config, WORKNET, DAY)
    for column in ("iwds_customer_id", "pathway", "career_planner_staff_id"):
        assert value(delivery, "customers", column) is None
    for column in ("training_program", "recommendation", "recommended_at"):
        assert value(delivery, "suitability_reviews", column) is None


def test_a_required_value_of_blanks_is_missing(config: Settings, deliveries: Deliveries) -> None:
    tolerant = config.model_copy(update={"max_quarantined_share": 1.0})
    deliveries.write(WORKNET, {"staff": [{"staff_id": "\u00a0"}, {"staff_id": "S2", "email": " "}]})
    assert quarantined(land(tolerant, WORKNET, DAY)) == [("staff_id", "null_key"), ("email", "missing_value")]


@pytest.mark.parametrize("pad", ["          ", "\t", "\u00a0", "\u3000"])
def test_padding_is_no_part_of_keys_references_and_text(config: Settings, deliveries: Deliveries, pad: str) -> None:
    deliveries.write(
        WORKNET,
        {
            "providers": [{"provider_id": f"P1{pad}", "provider_name": f"{pad}North  Works{pad}"}],
            "customers": [{"customer_id": f"{pad}C1", "provider_id": f"P1{pad}{pad}", "lwia_number": f"07{pad}"}],
            "services": [{"customer_id": f"C1{pad}", "start_date": f"2026-11-20{pad}", "status": f"started{pad}"}],
        },
    )
    delivery = land(config, WORKNET, DAY)
    assert quarantined(delivery) == []
    assert value(delivery, "providers", "provider_name") == "North  Works"
    assert value(delivery, "customers", "customer_id") == "C1"
    assert value(delivery, "customers", "lwia_number") == 7
    assert value(delivery, "services", "customer_id") == "C1"


@pytest.mark.parametrize(
    ("written", "loaded"),
    [
        ("2026-05-14", "2026-05-14"),
        ("2026-05-14 00:00:00.000", "2026-05-14"),
        ("2026-05-14T00:00:00", "2026-05-14"),
        ("2026-05-14 00:00", "2026-05-14"),
        ("2026-05-14 00:00:00.001", None),
        ("2026-05-14 00:00:01", None),
        ("2026-05-14T12:00:00", None),
        ("2026-05-14 00:00:00 AM", None),
        ("2026-05-14 ", "2026-05-14"),
        ("05/14/2026", None),
    ],
)
def test_a_midnight_behind_a_date(config: Settings, deliveries: Deliveries, written: str, loaded: str | None) -> None:
    tolerant = config.model_copy(update={"max_quarantined_share": 1.0})
    deliveries.write(IWDS, {"credentials": [{"earned_on": written}]})
    delivery = land(tolerant, IWDS, DAY)
    if loaded is None:
        assert quarantined(delivery) == [("earned_on", "bad_type")]
    else:
        assert str(value(delivery, "credentials", "earned_on")) == loaded


@pytest.mark.parametrize(
    ("written", "loaded"),
    [
        ("2026-05-14 10:00:00.0000000 -05:00", "2026-05-14 15:00:00"),
        ("2026-05-14 10:00 -05:00", "2026-05-14 15:00:00"),
        ("2026-05-14T10:00:00 Z", "2026-05-14 10:00:00"),
        ("2026-05-14 10:00:00", "2026-05-14 15:00:00"),
        ("2026-05-14 10:00:00  -05:00", None),
        ("2026-05-14 10:00:00 CST", None),
    ],
)
def test_a_blank_before_an_offset(config: Settings, deliveries: Deliveries, written: str, loaded: str | None) -> None:
    tolerant = config.model_copy(update={"max_quarantined_share": 1.0})
    deliveries.write(WORKNET, {"case_notes": [{"entered_at": written}]})
    delivery = land(tolerant, WORKNET, DAY)
    if loaded is None:
        assert quarantined(delivery) == [("entered_at", "bad_type")]
    else:
        assert value(delivery, "case_notes", "cast(timezone('UTC', entered_at) as varchar)") == loaded


@pytest.mark.parametrize(
    ("written", "loaded"),
    [
        *(
            ("1", True),
            ("0", False),
            ("Y", True),
            ("n", False),
            ("Yes", True),
            ("NO", False),
            ("T", True),
            ("f", False),
        ),
        *(("2", None), ("on", None), ("ja", None)),
    ],
)
def test_booleans(config: Settings, deliveries: Deliveries, written: str, loaded: bool | None) -> None:
    tolerant = config.model_copy(update={"max_quarantined_share": 1.0})
    deliveries.write(WORKNET, {"program_completions": [{"industry_credential": written}]})
    delivery = land(tolerant, WORKNET, DAY)
    if loaded is None:
        assert quarantined(delivery) == [("industry_credential", "bad_type")]
    else:
        assert value(delivery, "program_completions", "industry_credential") is loaded


@pytest.mark.parametrize(
    "written", ["Ready For Enrollment", "READY_FOR_ENROLLMENT", "ready-for-enrollment", "Ready\u00a0for - Enrollment"]
)
def test_a_display_label_is_its_code(config: Settings, deliveries: Deliveries, written: str) -> None:
    deliveries.write(WORKNET, {"suitability_reviews": [{"recommendation": written}]})
    assert value(land(config, WORKNET, DAY), "suitability_reviews", "recommendation") == "ready_for_enrollment"


@pytest.mark.parametrize(
    ("written", "loaded", "warning"),
    [
        ("1234", "1234", None),
        ("123456789", "6789", "1 full Social Security number in ssn_last4;"),
        ("123-45-6789", "6789", "1 full Social Security number in ssn_last4;"),
        (" 123456789 ", "6789", "1 full Social Security number in ssn_last4;"),
        ("123-45-0000", None, "1 full Social Security number in ssn_last4;"),
        ("0000", None, "1 value 0000 in ssn_last4"),
        ("12", "12", "1 value of fewer than four digits"),
        ("unknown", None, "1 value in ssn_last4 that can't be four digits"),
        ("12345", None, "1 value in ssn_last4 that can't be four digits"),
        ("abcd", "abcd", None),
    ],
)
def test_no_more_than_four_characters_of_a_social_security_number(
    config: Settings, deliveries: Deliveries, written: str, loaded: str | None, warning: str | None
) -> None:
    deliveries.write(WORKNET, {"customers": [{"ssn_last4": written}]})
    delivery = land(config, WORKNET, DAY)
    assert value(delivery, "customers", "ssn_last4") == loaded
    assert len(delivery.warnings) == (warning is not None)
    assert all(found.startswith("customers.csv has ") and (warning or "") in found for found in delivery.warnings)


def test_a_full_number_is_cut_in_what_is_quarantined_too(config: Settings, deliveries: Deliveries) -> None:
    tolerant = config.model_copy(update={"max_quarantined_share": 1.0})
    text = deliveries.rows(
        WORKNET,
        "customers",
        [{"customer_id": f"C{n}", "ssn_last4": "987-65-4321", "date_of_birth": "?" * (n == 2)} for n in (1, 2, 3)],
    )
    head, first, second, third, _ = text.split("\n")
    broken = "\n".join([head, first.replace(",,,", ",2005-04-01,,,", 1), second, third + ",987654321,x", ""])
    deliveries.write(WORKNET, {"customers.csv": broken})
    delivery = land(tolerant, WORKNET, DAY)
    assert len(quarantined(delivery)) >= 2
    for path in delivery.folder.iterdir():
        if path.suffix == ".parquet":
            assert not duckdb.execute(f"from '{path}' as row where cast(row as varchar) like '%65%4321%'").fetchall()
            assert not duckdb.execute(f"from '{path}' as row where cast(row as varchar) like '%987%'").fetchall()


@pytest.mark.parametrize("kind", ["bigint", "double", "decimal(12, 0)"])
def test_a_number_column_of_parquet_is_padded(
    config: Settings, deliveries: Deliveries, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "customers.parquet"
    numbers = [12, 1234, 0, 123456789, 12345678, 12345]
    duckdb.execute(
        "copy (select 'C' || i as customer_id, 'P1' as provider_id, 7 as lwia_number, 'a' as first_name,"
        " 'b' as last_name, date '2005-04-01' as date_of_birth, now() as created_at,"
        f" cast({numbers}[i] as {kind}) as ssn_last4 from range(1, 8) t(i)) to '{path}' (format parquet)"
    )
    system = with_parents(WORKNET, WORKNET.extract("customers"))
    deliveries.write(system, {"customers.parquet": path.read_bytes()}, promise={"customers.parquet": 7})
    delivery = land(config, system, DAY)
    found = duckdb.execute(f"select ssn_last4 from '{delivery.folder}/customers.parquet' order by customer_id")
    assert [row[0] for row in found.fetchall()] == ["0012", "1234", None, "6789", "5678", None, None]


def test_words_for_nothing_are_loaded_and_warned_of(config: Settings, deliveries: Deliveries) -> None:
    words = ["NULL", "N/A", "NA", "None", "#N/A", "nan", "-", "Nursing"]
    deliveries.write(
        WORKNET,
        {
            "customers": [{"customer_id": f"C{n}", "pathway": word} for n, word in enumerate(words)],
            **{name: [{"customer_id": "C1"}] for name in ("applications", "suitability_reviews", "progress_updates")},
            **{name: [{"customer_id": "C1"}] for name in ("case_notes", "services", "program_completions")},
        },
    )
    delivery = land(config, WORKNET, DAY)
    assert delivery.warnings == (
        "customers.csv has 7 values in pathway for nothing (NULL, N/A, -, and the like); loaded as written",
    )
    found = duckdb.execute(f"select pathway from '{delivery.folder}/customers.parquet'").fetchall()
    assert [row[0] for row in found] == words


def test_duplicates_may_differ_in_what_the_contract_leaves_out(config: Settings, deliveries: Deliveries) -> None:
    rows = "".join(f"P1,North,{lwia},2026-11-{day}\n" for lwia, day in (("7", 20), ("07", 21), (" 7 ", 22)))
    deliveries.write(WORKNET, {"providers.csv": f"provider_id,provider_name,lwia_number,exported_on\n{rows}"})
    delivery = land(config, WORKNET, DAY)
    assert quarantined(delivery) == []
    found = duckdb.execute(f"select rows_loaded, rows_duplicate from '{delivery.account}' where extract = 'providers'")
    assert found.fetchall() == [(1, 2)]
