"""Landing: what is loaded, quarantined, counted as a duplicate or refused, and which delivery counts."""

import gzip
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, Deliveries
from shared_sample import expected_faults

from orchestration.contract.iwds import IWDS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import BuildFailed, DeliveryRefused, UsageError
from orchestration.landing.archive import Archive, ArchivedDelivery
from orchestration.landing.intake import land
from orchestration.sample.generator import generate
from orchestration.settings import Settings


@pytest.fixture
def tolerant(config: Settings) -> Settings:
    """A bad row in a small file is far more than one percent of it."""
    return config.model_copy(update={"max_quarantined_share": 1.0})


def rows(delivery: ArchivedDelivery, extract: str) -> list[tuple[object, ...]]:
    return duckdb.sql(f"from '{delivery.folder}/{extract}.parquet'").fetchall()


def quarantined(delivery: ArchivedDelivery) -> list[tuple[object, ...]]:
    return duckdb.sql(
        f"select file, line_number, column_name, value, reason from '{delivery.quarantine}' order by all"
    ).fetchall()


def account(delivery: ArchivedDelivery, extract: str) -> tuple[object, ...]:
    found = duckdb.sql(
        "select rows_in_manifest, rows_loaded, rows_quarantined, rows_duplicate"
        f" from '{delivery.account}' where extract = '{extract}'"
    ).fetchone()
    assert found is not None
    return found


def test_a_delivery_that_fits_is_loaded_whole(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET)
    delivery = land(config, WORKNET, DAY)
    assert account(delivery, "customers") == (1, 1, 0, 0)
    assert quarantined(delivery) == []
    assert delivery.warnings == ()
    columns = {
        name: kind for name, kind, *_ in duckdb.sql(f"describe from '{delivery.folder}/customers.parquet'").fetchall()
    }
    assert list(columns) == [column.name for column in WORKNET.extract("customers").columns]
    assert columns["date_of_birth"] == "DATE"
    assert columns["lwia_number"] == "INTEGER"
    assert columns["created_at"] == "TIMESTAMP WITH TIME ZONE"


def test_only_the_owner_may_read_the_archive(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET)
    delivery = land(config, WORKNET, DAY)
    assert delivery.folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in delivery.folder.iterdir())


def test_csv_gzip_and_parquet_give_the_same_rows(config: Settings, deliveries: Deliveries, tmp_path: Path) -> None:
    text = deliveries.rows(WORKNET, "customers", [{"customer_id": f"C{n}"} for n in range(5)])
    plain = tmp_path / "plain.csv"
    plain.write_text(text)
    typed = tmp_path / "typed.parquet"
    duckdb.sql(f"copy (from read_csv('{plain}')) to '{typed}'")
    found = []
    for number, file, content in (
        (1, "customers.csv", text.encode()),
        (2, "customers.csv.gz", gzip.compress(text.encode())),
        (3, "customers.parquet", typed.read_bytes()),
    ):
        deliveries.write(WORKNET, {file: content}, delivery=number, promise={file: 5})
        found.append(rows(land(config, WORKNET, DAY), "customers"))
        for delivered in (deliveries.root / "worknet" / str(DAY)).glob("customers.*"):
            delivered.unlink()
    assert len(found[0]) == 5
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-01T01:30:00", "2026-11-01 06:30:00"),  # the first of the two
        ("2026-07-01T12:00:00", "2026-07-01 17:00:00"),
        ("2026-07-01 12:00", "2026-07-01 17:00:00"),
        ("2026-07-01T12:00Z", "2026-07-01 12:00:00"),
        ("2026-07-01T12:00:00.250Z", "2026-07-01 12:00:00.25"),
        ("2026-07-01T12:00:00-06:00", "2026-07-01 18:00:00"),
        ("2026-07-01T12:00:00+0530", "2026-07-01 06:30:00"),
        ("2026-07-01", "2026-07-01 05:00:00"),
    ],
)
def test_a_timestamp_is_an_instant(config: Settings, deliveries: Deliveries, written: str, instant: str) -> None:
    deliveries.write(WORKNET, {"progress_updates": [{"updated_at": written}]})
    delivery = land(config, WORKNET, DAY)
    found = duckdb.sql(
        f"select cast(timezone('UTC', updated_at) as varchar) from '{delivery.folder}/progress_updates.parquet'"
    ).fetchone()
    if written == "2026-11-01T01:30:00":
        assert found in ((instant,), ("2026-11-01 07:30:00",))  # either of the two is the same day
    else:
        assert found == (instant,)


@pytest.mark.parametrize(
    ("extract", "row", "column", "reason"),
    [
        ("customers", {"customer_id": ""}, "customer_id", "null_key"),
        ("customers", {"last_name": ""}, "last_name", "missing_value"),
        ("customers", {"date_of_birth": "04/01/2005"}, "date_of_birth", "bad_type"),
        ("customers", {"date_of_birth": "2005-02-30"}, "date_of_birth", "bad_type"),
        ("customers", {"date_of_birth": "infinity"}, "date_of_birth", "bad_type"),
        ("customers", {"lwia_number": "seven"}, "lwia_number", "bad_type"),
        ("customers", {"lwia_number": "-7"}, "lwia_number", "bad_type"),
        ("customers", {"lwia_number": "7.5"}, "lwia_number", "bad_type"),
        ("customers", {"lwia_number": "99999999999"}, "lwia_number", "bad_type"),
        ("customers", {"created_at": "yesterday"}, "created_at", "bad_type"),
        ("customers", {"created_at": "2026-11-01T25:00:00"}, "created_at", "bad_type"),
        ("applications", {"outcome": "lost"}, "outcome", "unknown_code"),
        ("program_completions", {"industry_credential": "maybe"}, "industry_credential", "bad_type"),
        ("customers", {"provider_id": "P9"}, "provider_id", "orphan"),
        ("services", {"customer_id": "C9"}, "customer_id", "orphan"),
    ],
)
def test_what_does_not_fit_is_quarantined_with_line_and_column(
    tolerant: Settings, deliveries: Deliveries, extract: str, row: dict[str, str], column: str, reason: str
) -> None:
    key = WORKNET.extract(extract).key.name
    deliveries.write(WORKNET, {extract: [{}, {key: "C2", **row}]})
    delivery = land(tolerant, WORKNET, DAY)
    assert quarantined(delivery) == [(f"{extract}.csv", 3, column, row[column] or None, reason)]
    assert account(delivery, extract) == (2, 1, 1, 0)


def test_blanks_case_and_leading_zeros_are_accepted(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(
        WORKNET,
        {
            "staff": [{"role": " Super_User "}],
            "customers": [{"lwia_number": "07"}],
            "program_completions": [{"industry_credential": "TRUE"}],
        },
    )
    delivery = land(config, WORKNET, DAY)
    assert duckdb.sql(f"select role from '{delivery.folder}/staff.parquet'").fetchone() == ("super_user",)
    assert duckdb.sql(f"select lwia_number from '{delivery.folder}/customers.parquet'").fetchone() == (7,)


def test_the_first_row_of_a_key_stays(tolerant: Settings, deliveries: Deliveries) -> None:
    deliveries.write(
        WORKNET,
        {"customers": [{}, {"customer_id": "C2"}, {}, {"first_name": "Bea"}, {"customer_id": "C2"}]},
    )
    delivery = land(tolerant, WORKNET, DAY)
    assert [row[0] for row in rows(delivery, "customers")] == ["C1", "C2"]
    assert account(delivery, "customers") == (5, 2, 1, 2)
    assert quarantined(delivery) == [("customers.csv", 5, "customer_id", "C1", "key_conflict")]


def test_a_row_that_does_not_fit_does_not_take_its_key(tolerant: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET, {"customers": [{"lwia_number": "x"}, {}]})
    delivery = land(tolerant, WORKNET, DAY)
    assert account(delivery, "customers") == (2, 1, 1, 0)


def test_children_of_a_quarantined_row_are_orphans(tolerant: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET, {"providers": [{"lwia_number": "x"}]})
    delivery = land(tolerant, WORKNET, DAY)
    reasons = {(file, reason) for file, _, _, _, reason in quarantined(delivery)}
    assert ("providers.csv", "bad_type") in reasons
    assert ("customers.csv", "orphan_of_quarantined") in reasons
    assert ("services.csv", "orphan_of_quarantined") in reasons


def test_line_numbers_are_those_of_the_file(tolerant: Settings, deliveries: Deliveries) -> None:
    header = ",".join(column.name for column in WORKNET.extract("case_notes").columns)
    content = (
        f"\ufeff{header}\r\n"
        'N1,C1,2026-11-20,"a note\nover\nthree lines"\r\n'  # lines 2 to 4
        "\r\n"  # 5, blank
        "N2,C1,2026-11-20,S1,too many\r\n"  # 6
        "N3,C1,someday,S1\r\n"  # 7
        "N4,C1\r\n"  # 8
        "N5,C1,2026-11-20,S1\r\n"  # 9
    ).encode() + b"N6,C1,2026-11-20,caf\xe9\r\nN7,C1,never,S1\r\n"  # 10, 11
    deliveries.write(WORKNET, {"case_notes.csv": content}, promise={"case_notes.csv": 7})
    delivery = land(tolerant, WORKNET, DAY)
    assert [(line, reason) for _, line, _, _, reason in quarantined(delivery)] == [
        (6, "unparseable: too many columns"),
        (7, "bad_type"),
        (8, "unparseable: missing columns"),
        (10, "unparseable: invalid encoding"),
        (11, "bad_type"),
    ]
    assert account(delivery, "case_notes") == (7, 2, 5, 0)


def test_columns_in_any_order_and_case_with_a_warning_for_an_extra_one(
    config: Settings, deliveries: Deliveries
) -> None:
    content = "Shoe_Size,PROVIDER_NAME,lwia_number, provider_id\n42,North,7,P1\n"
    deliveries.write(WORKNET, {"providers.csv": content})
    delivery = land(config, WORKNET, DAY)
    assert rows(delivery, "providers") == [("P1", "North", 7)]
    assert delivery.warnings == ("providers.csv has the extra column shoe_size; ignored",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("provider_id,provider_name\nP1,North\n", "providers.csv lacks the required column lwia_number"),
        (
            "provider_id,provider_id,provider_name,lwia_number\nP1,P1,N,7\n",
            "has the column provider_id twice",
        ),
        ("", "providers.csv has no readable header row"),
        (
            'provider_id,provider_name,lwia_number\nP1,"open,7\nP2,b,7\n',
            "has 1 rows, the manifest says 2; a quote is left open",
        ),
        ("provider_id,provider_name,lwia_number\nP1,a,7\nP2,b\n", "1 of 2 rows that don't fit"),
    ],
)
def test_a_broken_file_refuses_the_delivery(config: Settings, deliveries: Deliveries, content: str, says: str) -> None:
    rows_promised = max(content.count("\n") - 1, 0)
    deliveries.write(WORKNET, {"providers.csv": content}, promise={"providers.csv": rows_promised})
    with pytest.raises(DeliveryRefused, match=says):
        land(config, WORKNET, DAY)
    assert Archive(config.archive).all() == []
    assert list((config.archive / ".incoming").iterdir()) == []


def test_all_problems_of_a_delivery_are_reported_at_once(config: Settings, deliveries: Deliveries) -> None:
    folder = deliveries.write(WORKNET)
    (folder / "staff.csv").unlink()
    (folder / "customers.csv").write_text("changed in transit\n")
    with pytest.raises(DeliveryRefused) as refused:
        land(config, WORKNET, DAY)
    assert "staff.csv is in the manifest, but not in the folder" in str(refused.value)
    assert "customers.csv has the sha256" in str(refused.value)


def test_a_refusal_never_quotes_a_value(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(WORKNET, {"customers": [{"date_of_birth": "MARKED-VALUE", "last_name": "MARKED-NAME"}]})
    with pytest.raises(DeliveryRefused) as refused:
        land(config, WORKNET, DAY)
    assert "MARKED" not in str(refused.value)
    assert "bad_type in date_of_birth, first in line 2" in str(refused.value)


def test_a_repeat_changes_nothing(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(IWDS)
    first = land(config, IWDS, DAY)
    before = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    assert land(config, IWDS, DAY) == first
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == before


def test_a_higher_number_replaces_the_day(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(IWDS)
    land(config, IWDS, DAY)
    deliveries.write(IWDS, {"credentials": [{}, {"iwds_credential_id": "IC2"}]}, delivery=2)
    assert land(config, IWDS, DAY).delivery == 2
    assert Archive(config.archive).newest(IWDS, DAY).delivery == 2


def test_the_same_number_with_other_bytes_is_refused(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(IWDS)
    land(config, IWDS, DAY)
    deliveries.write(IWDS, {"credentials": [{"credential_type": "college_degree"}]})
    with pytest.raises(DeliveryRefused, match="delivery 1 was accepted before with other checksums"):
        land(config, IWDS, DAY)


def test_a_lower_number_is_refused(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(IWDS, delivery=3)
    land(config, IWDS, DAY)
    deliveries.write(IWDS, delivery=2)
    with pytest.raises(DeliveryRefused, match="it is delivery 2, but delivery 3 was already accepted"):
        land(config, IWDS, DAY)


def test_a_refused_correction_leaves_the_accepted_delivery(config: Settings, deliveries: Deliveries) -> None:
    deliveries.write(IWDS)
    land(config, IWDS, DAY)
    deliveries.write(IWDS, {"credentials.csv": "nothing\n"}, delivery=2)
    with pytest.raises(DeliveryRefused):
        land(config, IWDS, DAY)
    assert Archive(config.archive).newest(IWDS, DAY).delivery == 1


def test_a_day_that_was_not_delivered(config: Settings) -> None:
    with pytest.raises(UsageError, match="IWDS has not delivered 2026-11-23 yet"):
        land(config, IWDS, DAY)


def test_a_day_removed_from_the_root_comes_from_the_archive(config: Settings, deliveries: Deliveries) -> None:
    folder = deliveries.write(IWDS)
    landed = land(config, IWDS, DAY)
    (folder / "manifest.json").unlink()
    assert land(config, IWDS, DAY) == landed


def test_every_fault_of_the_sample_is_accounted_for(config: Settings, tmp_path: Path) -> None:
    generate(Path(config.extracts_root), customers=1000, as_of=DAY, seed=3, faults=True)
    faults = expected_faults()
    for system in (WORKNET, IWDS):
        delivery = land(config, system, DAY)
        for extract in system.extracts:
            promised, loaded, refused, duplicate = account(delivery, extract.name)
            assert (refused, duplicate) == faults.get((system.name, extract.name), (0, 0)), extract.name
            assert promised == loaded + refused + duplicate
            assert len(rows(delivery, extract.name)) == loaded


def test_too_little_memory_does_not_refuse_the_delivery(config: Settings, deliveries: Deliveries) -> None:
    rows = "".join(f"P{number},{'x' * 1000},7\n" for number in range(30_000))
    deliveries.write(WORKNET, {"providers.csv": "provider_id,provider_name,lwia_number\n" + rows})
    with pytest.raises(BuildFailed, match=r"not enough memory or disk to load providers\.csv"):
        land(config.model_copy(update={"memory_limit": "4MB"}), WORKNET, DAY)
