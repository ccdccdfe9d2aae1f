"""Files that differ from the contract: each is refused in one sentence, or its bad rows are quarantined."""

import codecs
import gzip
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, Deliveries
from random_deliveries import with_parents
from reference_landing import assert_contract_is_kept, quarantine

from orchestration.contract.worknet import WORKNET
from orchestration.failures import DeliveryRefused
from orchestration.landing import file_checks
from orchestration.landing.archive import Archive, ArchivedDelivery
from orchestration.landing.intake import land
from orchestration.settings import Settings

PROVIDERS = WORKNET.extract("providers")
PROVIDERS_ONLY = with_parents(WORKNET, PROVIDERS)
HEADER = "provider_id,provider_name,lwia_number\n"
ROWS = HEADER + "P1,MARKED Höfe,7\nP2,MARKED,7\n"


@pytest.fixture
def tolerant(config: Settings) -> Settings:
    return config.model_copy(update={"max_quarantined_share": 1.0})


def parquet(tmp_path: Path, sql: str) -> bytes:
    path = tmp_path / "written.parquet"
    duckdb.execute(f"copy ({sql}) to '{path}' (format parquet)")
    return path.read_bytes()


def deliver(config: Settings, deliveries: Deliveries, file: str, content: bytes, rows: int = 2) -> ArchivedDelivery:
    deliveries.write(PROVIDERS_ONLY, {file: content}, promise={file: rows})
    delivery = land(config, PROVIDERS_ONLY, DAY)
    assert_contract_is_kept(delivery, PROVIDERS_ONLY)
    return delivery


def refusal_of(config: Settings, deliveries: Deliveries, file: str, content: bytes, rows: int = 2) -> str:
    """The refusal of a correction: it quotes no value, and the delivery accepted before stays."""
    deliveries.write(PROVIDERS_ONLY)
    good = land(config, PROVIDERS_ONLY, DAY)
    (deliveries.root / "worknet" / str(DAY) / "providers.csv").unlink()
    deliveries.write(PROVIDERS_ONLY, {file: content}, promise={file: rows}, delivery=2)
    with pytest.raises(DeliveryRefused) as refusal:
        land(config, PROVIDERS_ONLY, DAY)
    text = str(refusal.value)
    assert "MARKED" not in text
    assert "The last good day is still published" in text
    assert len(text) < 1000
    assert text.isprintable()
    assert Archive(config.archive).newest(PROVIDERS_ONLY, DAY) == good
    assert_contract_is_kept(good, PROVIDERS_ONLY)
    assert list((config.archive / ".incoming").iterdir()) == []
    return text


# Columns


def test_a_renamed_column_is_reported_with_its_possible_new_name(config: Settings, deliveries: Deliveries) -> None:
    content = ROWS.replace("lwia_number", "LWIA\tNo").encode()
    assert "lacks the required column lwia_number (unknown: lwia\\tno)" in refusal_of(
        config, deliveries, "providers.csv", content
    )


def test_a_file_without_a_header_is_not_quoted(config: Settings, deliveries: Deliveries) -> None:
    content = b"P1,MARKED,MARKED\nP2,MARKED,8\n"
    assert "lacks the required column provider_id, provider_name, lwia_number." in refusal_of(
        config, deliveries, "providers.csv", content, 1
    )


def test_unknown_columns_are_ignored(config: Settings, deliveries: Deliveries) -> None:
    content = b"a,provider_id,provider_name,lwia_number,,row_index,A\nx,P1,North,7,,9,y\nx,P2,North,7,,8,y\n"
    deliveries.write(PROVIDERS_ONLY, {"providers.csv": content})
    delivery = land(config, PROVIDERS_ONLY, DAY)
    assert delivery.warnings == ("providers.csv has 4 extra columns a, (no name), row_index, a; ignored",)


def test_long_and_unprintable_names_are_shortened_in_a_warning(config: Settings, deliveries: Deliveries) -> None:
    names = ["x" * 5000, "a\x1b[31m", *(f"c{n}" for n in range(100))]
    content = ",".join([HEADER.strip(), *names]) + "\n" + "P1,North,7" + "," * len(names) + "\n"
    (warning,) = deliver(config, deliveries, "providers.csv", content.encode(), 1).warnings
    assert warning == f"providers.csv has 102 extra columns {'x' * 60}, a\\x1b[31m, c0, c1, c2, …; ignored"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (HEADER.strip() + "," * 998, "has 1,001 columns, more than 1,000"),
        (HEADER.strip() + "," + "x" * (1 << 16), "has a header row longer than 64 KiB"),
        ("x" * 2_000_001, "has a line longer than 2 MB, line 1"),
    ],
)
def test_a_header_row_has_limits(config: Settings, deliveries: Deliveries, header: str, says: str) -> None:
    assert says in refusal_of(config, deliveries, "providers.csv", f"{header}\nP1,MARKED,7\n".encode(), 1)


# Text


@pytest.mark.parametrize(
    ("encoding", "says"),
    [
        ("utf-16", "is UTF-16; it must be UTF-8"),
        ("utf-32", "is UTF-32; it must be UTF-8"),
        ("utf-16-le", "has NUL bytes in its header row"),
        ("utf-16-be", "has NUL bytes in its header row"),
        ("cp037", "lacks the required column"),
        ("latin-1", "1 × unparseable: invalid encoding in provider_name, first in line 2"),
    ],
)
def test_a_file_in_another_encoding_is_refused(
    config: Settings, deliveries: Deliveries, encoding: str, says: str
) -> None:
    assert says in refusal_of(config, deliveries, "providers.csv", ROWS.encode(encoding))


def test_rows_in_another_encoding_are_quarantined(tolerant: Settings, deliveries: Deliveries) -> None:
    delivery = deliver(tolerant, deliveries, "providers.csv", codecs.BOM_UTF8 + ROWS.encode("latin-1"))
    assert quarantine(delivery, PROVIDERS) == [(2, "provider_name", "unparseable: invalid encoding")]


def test_rows_with_nul_bytes_are_quarantined(tolerant: Settings, deliveries: Deliveries) -> None:
    content = HEADER.encode() + b"P\x001,a,7\nP2,\x00,7\nP3,b,\x007\nP4,c,7\n"
    delivery = deliver(tolerant, deliveries, "providers.csv", content, 4)
    assert quarantine(delivery, PROVIDERS) == [
        (2, "provider_id", "unparseable: nul byte"),
        (3, "provider_name", "unparseable: nul byte"),
        (4, "lwia_number", "bad_type"),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('P1,"MARKED,7\nP2,a,7\n', "has 1 rows, the manifest says 2; a quote is left open in line 2"),
        ('P1,"MARKED,7\nP2,"a",7\n', "has 1 rows, the manifest says 2; a quote is left open"),
        ("P1;MARKED;7\nP2;MARKED;7\n", "2 × unparseable: missing columns"),
        ("P1,MARKED,7\nP2,MAR", "1 × unparseable: missing columns in the whole row, first in line 3"),
        ("P1,MARKED,7\rP2,MARKED,7\n", "has a carriage return outside quotes in line 2"),
        (f"P1,MARKED,7\nP2,{'x' * 2_000_001},7\n", "has a line longer than 2 MB, line 3"),
    ],
)
def test_text_that_is_not_valid_csv(config: Settings, deliveries: Deliveries, content: str, says: str) -> None:
    assert says in refusal_of(config, deliveries, "providers.csv", (HEADER + content).encode())


def test_a_line_just_under_the_limit_is_accepted(config: Settings, deliveries: Deliveries) -> None:
    content = f"{HEADER}P1,{'x' * 1_999_990},7\n".encode()
    assert deliver(config, deliveries, "providers.csv", content, 1).warnings == ()


def test_a_quote_in_the_middle_of_a_value_does_not_shift_the_lines(tolerant: Settings, deliveries: Deliveries) -> None:
    content = HEADER + 'P1,12" drill,7\nP2,"a\nb",7\n\n0",12",x\nP4,14","16\n",7\nP5,b,y\n'
    delivery = deliver(tolerant, deliveries, "providers.csv", content.encode(), 5)
    assert [line for line, *_ in quarantine(delivery, PROVIDERS)] == [6, 7, 9]


# Gzip


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda whole: whole[:-20], "is cut off in the middle of the compressed data"),
        (lambda whole: whole[:-8] + b"\0\0\0\0" + whole[-4:], "is damaged or not a gzip file"),
        (lambda whole: whole[:12] + b"\xff\xff" + whole[14:], "is damaged or not a gzip file"),
        (lambda whole: whole + b"more", "is damaged or not a gzip file"),
        (lambda whole: ROWS.encode(), "is damaged or not a gzip file"),
        (lambda whole: b"", "has no readable header row"),
    ],
)
def test_a_damaged_gzip_file(
    config: Settings, deliveries: Deliveries, damage: Callable[[bytes], bytes], says: str
) -> None:
    content = damage(gzip.compress(ROWS.encode() * 50))
    assert says in refusal_of(config, deliveries, "providers.csv.gz", content)


def test_a_gzip_file_that_unpacks_to_too_much(
    config: Settings, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_checks, "GZIP_ALLOWANCE", 1_000_000)
    bomb = gzip.compress(HEADER.encode() + b"P1,MARKED,7\n" * 200_000)
    assert "unpacks to more than 200 times its size" in refusal_of(config, deliveries, "providers.csv.gz", bomb)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_a_file_over_the_size_limit(config: Settings, deliveries: Deliveries, tmp_path: Path, suffix: str) -> None:
    content = (HEADER + "P1,MARKED,7\n" * 10_000).encode()
    match suffix:
        case "csv.gz":
            content = gzip.compress(content)
        case "parquet":
            content = parquet(
                tmp_path, "select 'P1' as provider_id, 'MARKED' as provider_name, 7 as lwia_number from range(10000)"
            )
    small = config.model_copy(update={"max_file_size": 100_000})
    says = refusal_of(small, deliveries, f"providers.{suffix}", content, 10_000)
    assert "YACP_MAX_FILE_SIZE" in says


# Parquet


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda whole: whole[: len(whole) // 2], "is cut off: it doesn't end like a Parquet file"),
        (lambda whole: whole[:-12] + b"\xff\xff\xff\x7f" + whole[-8:], "can't be read as parquet"),
        (lambda whole: whole[:-8] + b"\xff\xff\xff\x7f" + whole[-4:], "has a footer of more than 64 MB"),
        (lambda whole: whole[:4] + bytes(60) + whole[64:], "can't be read as parquet"),
        (lambda whole: ROWS.encode(), "is not a Parquet file"),
        (lambda whole: b"", "is not a Parquet file"),
    ],
)
def test_a_damaged_parquet_file(
    config: Settings, deliveries: Deliveries, tmp_path: Path, damage: Callable[[bytes], bytes], says: str
) -> None:
    whole = parquet(
        tmp_path, "select 'P' || i as provider_id, 'MARKED' || i as provider_name, 7 as lwia_number from range(2) t(i)"
    )
    assert says in refusal_of(config, deliveries, "providers.parquet", damage(whole))


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("{'id': 'MARKED'} as provider_id, 'a' as provider_name, 7 as lwia_number", "provider_id as STRUCT"),
        ("'P1' as provider_id, ['MARKED'] as provider_name, 7 as lwia_number", "provider_name as VARCHAR[]"),
        ("'P1' as provider_id, map {'MARKED': 1} as provider_name, 7 as lwia_number", "provider_name as MAP"),
        ("'P1' as provider_id, 'MARKED'::blob as provider_name, 7 as lwia_number", "provider_name as BLOB"),
        ("1.5::double as provider_id, 'MARKED' as provider_name, 7 as lwia_number", "provider_id as DOUBLE"),
        ("true as provider_id, 'MARKED' as provider_name, 7 as lwia_number", "provider_id as BOOLEAN"),
        ("'P1' as provider_id, 'MARKED' as provider_name, [7] as lwia_number", "lwia_number as INTEGER[]"),
        ("'P1' as provider_id, 'MARKED' as provider_name, date '2026-01-01' as lwia_number", "1 × bad_type"),
        ("'P1' as provider_id, 'MARKED' as provider_name", "lacks the required column lwia_number"),
    ],
)
def test_parquet_types_that_are_refused(
    config: Settings, deliveries: Deliveries, tmp_path: Path, columns: str, says: str
) -> None:
    assert says in refusal_of(config, deliveries, "providers.parquet", parquet(tmp_path, f"select {columns}"), 1)


def test_parquet_types_with_only_one_text_form_are_accepted(
    tolerant: Settings, deliveries: Deliveries, tmp_path: Path
) -> None:
    content = parquet(
        tmp_path,
        "select * from (values (12::decimal(10, 0), '', 7.0::double), (13, 'b', 7.5), (14, 'c', 'nan'), (15, 'd', 8))"
        " t(provider_id, provider_name, lwia_number), (select [{'deep': [1]}] as extra, 'x'::blob as photo)",
    )
    delivery = deliver(tolerant, deliveries, "providers.parquet", content, 4)
    found = duckdb.execute(f"from '{delivery.parquet(PROVIDERS)}'").fetchall()
    assert found == [("15", "d", 8)]
    assert [reason for *_, reason in quarantine(delivery, PROVIDERS)] == ["missing_value", "bad_type", "bad_type"]


def test_a_date_may_be_a_timestamp_at_midnight_but_at_no_other_time(
    tolerant: Settings, deliveries: Deliveries, tmp_path: Path
) -> None:
    content = parquet(
        tmp_path,
        "select 'C' || i as customer_id, 'P1' as provider_id, 7 as lwia_number, 'a' as first_name, 'b' as last_name,"
        " timestamp '2005-04-01 00:00:00' + to_minutes(i) as date_of_birth, timestamptz '2026-11-01 09:00:00-05'"
        " as created_at from range(2) t(i)",
    )
    system = with_parents(WORKNET, WORKNET.extract("customers"))
    deliveries.write(system, {"customers.parquet": content}, promise={"customers.parquet": 2})
    delivery = land(tolerant, system, DAY)
    assert_contract_is_kept(delivery, system)
    assert quarantine(delivery, system.extract("customers")) == [(2, "date_of_birth", "bad_type")]


def test_a_dictionary_does_not_hide_the_size_of_a_file(
    config: Settings, deliveries: Deliveries, tmp_path: Path
) -> None:
    """Each row refers to the same 100 kB; the file has a few kB."""
    content = parquet(
        tmp_path,
        "select 'P' || i as provider_id, repeat('x', 100_000) as provider_name, 7 as lwia_number from range(2000) t(i)",
    )
    assert len(content) < 100_000
    small = config.model_copy(update={"max_file_size": 150_000_000})
    assert "holds more than 150 MB when written out" in refusal_of(
        small, deliveries, "providers.parquet", content, 2000
    )
    long = parquet(tmp_path, "select 'P1' as provider_id, repeat('x', 2_000_001) as provider_name, 7 as lwia_number")
    deliveries.write(PROVIDERS_ONLY, {"providers.parquet": long}, promise={"providers.parquet": 1}, delivery=3)
    with pytest.raises(DeliveryRefused, match="has a row of more than 2 MB"):
        land(config, PROVIDERS_ONLY, DAY)
