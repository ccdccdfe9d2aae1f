"""What comes differently than agreed: each is refused in a sentence, or costs its rows, and what was accepted stays."""

import codecs
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import DAY, Deliveries
from fuzzing import assert_contract_is_kept, quarantine, with_parents
from servers import Place, Sftp

from orchestration.contract.worknet import WORKNET
from orchestration.failures import BuildFailed, DeliveryRefused
from orchestration.landing import file_checks
from orchestration.landing.archive import Archive, ArchivedDelivery
from orchestration.landing.intake import land
from orchestration.settings import Settings

PROVIDERS = WORKNET.extract("providers")
ALONE = with_parents(WORKNET, PROVIDERS)
STAFF = with_parents(WORKNET, WORKNET.extract("staff"))
HEADER = "provider_id,provider_name,lwia_number\n"
ROWS = HEADER + "P1,MARKED Höfe,7\nP2,MARKED,7\n"


@pytest.fixture
def tolerant(config: Settings) -> Settings:
    return config.model_copy(update={"max_quarantined_share": 1.0})


def parquet(tmp_path: Path, sql: str) -> bytes:
    path = tmp_path / "made.parquet"
    duckdb.execute(f"copy ({sql}) to '{path}' (format parquet)")
    return path.read_bytes()


def deliver(config: Settings, deliveries: Deliveries, file: str, content: bytes, rows: int = 2) -> ArchivedDelivery:
    deliveries.write(ALONE, {file: content}, promise={file: rows})
    delivery = land(config, ALONE, DAY)
    assert_contract_is_kept(delivery, ALONE)
    return delivery


def refused(config: Settings, deliveries: Deliveries, file: str, content: bytes, rows: int = 2) -> str:
    """What the refusal says of a delivery that corrects an accepted one; that one stays, and no value is quoted."""
    deliveries.write(ALONE)
    good = land(config, ALONE, DAY)
    (deliveries.root / "worknet" / str(DAY) / "providers.csv").unlink()
    deliveries.write(ALONE, {file: content}, promise={file: rows}, delivery=2)
    with pytest.raises(DeliveryRefused) as refusal:
        land(config, ALONE, DAY)
    text = str(refusal.value)
    assert "MARKED" not in text
    assert "The last good day is still published" in text
    assert len(text) < 1000
    assert text.isprintable()
    assert Archive(config.archive).newest(ALONE, DAY) == good
    assert_contract_is_kept(good, ALONE)
    assert list((config.archive / ".incoming").iterdir()) == []
    return text


# Columns


def test_a_renamed_column_is_named_with_what_may_be_its_new_name(config: Settings, deliveries: Deliveries) -> None:
    content = ROWS.replace("lwia_number", "LWIA\tNo").encode()
    assert "lacks the required column lwia_number (unknown: lwiano)" in refused(
        config, deliveries, "providers.csv", content
    )


def test_a_file_without_a_header_is_not_quoted(config: Settings, deliveries: Deliveries) -> None:
    content = b"P1,MARKED,MARKED\nP2,MARKED,8\n"
    assert "lacks the required column provider_id, provider_name, lwia_number." in refused(
        config, deliveries, "providers.csv", content, 1
    )


def test_columns_that_nobody_named_are_left_out(config: Settings, deliveries: Deliveries) -> None:
    content = b"a,provider_id,provider_name,lwia_number,,row_index,A\nx,P1,North,7,,9,y\nx,P1,North,7,,8,y\n"
    deliveries.write(ALONE, {"providers.csv": content})
    delivery = land(config.model_copy(update={"max_quarantined_share": 0.5}), ALONE, DAY)
    assert delivery.warnings == ("providers.csv has 4 extra columns a, (no name), row_index, a, left out",)
    assert quarantine(delivery, PROVIDERS) == [(3, "provider_id", "key_conflict")]


def test_names_that_others_chose_are_short_in_a_warning(config: Settings, deliveries: Deliveries) -> None:
    names = ["x" * 5000, "a\x1b[31m", *(f"c{n}" for n in range(100))]
    content = ",".join([HEADER.strip(), *names]) + "\n" + "P1,North,7" + "," * len(names) + "\n"
    (warning,) = deliver(config, deliveries, "providers.csv", content.encode(), 1).warnings
    assert warning == f"providers.csv has 102 extra columns {'x' * 60}, a[31m, c0, c1, c2, …, left out"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (HEADER.strip() + "," * 998, "has 1,001 columns, more than 1,000"),
        (HEADER.strip() + "," + "x" * (1 << 16), "has a header row longer than 64 KiB"),
        ("x" * 2_000_001, "has a line longer than 2 MB, line 1"),
    ],
)
def test_a_header_is_not_endless(config: Settings, deliveries: Deliveries, header: str, says: str) -> None:
    assert says in refused(config, deliveries, "providers.csv", f"{header}\nP1,MARKED,7\n".encode(), 1)


# Text


@pytest.mark.parametrize(
    ("encoding", "says"),
    [
        ("utf-16", "is UTF-16, but UTF-8 is wanted"),
        ("utf-32", "is UTF-32, but UTF-8 is wanted"),
        ("utf-16-le", "has NUL bytes in its header row"),
        ("utf-16-be", "has NUL bytes in its header row"),
        ("cp037", "lacks the required column"),
        ("latin-1", "1 × unparseable: invalid encoding in provider_name, first in line 2"),
    ],
)
def test_another_encoding(config: Settings, deliveries: Deliveries, encoding: str, says: str) -> None:
    assert says in refused(config, deliveries, "providers.csv", ROWS.encode(encoding))


def test_a_few_rows_of_another_encoding_cost_themselves(tolerant: Settings, deliveries: Deliveries) -> None:
    delivery = deliver(tolerant, deliveries, "providers.csv", codecs.BOM_UTF8 + ROWS.encode("latin-1"))
    assert quarantine(delivery, PROVIDERS) == [(2, "provider_name", "unparseable: invalid encoding")]


def test_nul_bytes_cost_their_rows(tolerant: Settings, deliveries: Deliveries) -> None:
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
        ('P1,"MARKED,7\nP2,a,7\n', "has 1 rows, the manifest says 2; a quote is left open"),
        ('P1,"MARKED,7\nP2,"a",7\n', "has 1 rows, the manifest says 2; a quote is left open"),
        ("P1;MARKED;7\nP2;MARKED;7\n", "2 × unparseable: missing columns"),
        ("P1,MARKED,7\nP2,MAR", "1 × unparseable: missing columns in the whole row, first in line 3"),
        ("P1,MARKED,7\rP2,MARKED,7\n", "can't be read as csv"),
        (f"P1,MARKED,7\nP2,{'x' * 2_000_001},7\n", "has a line longer than 2 MB, line 3"),
    ],
)
def test_text_that_breaks_the_rules(config: Settings, deliveries: Deliveries, content: str, says: str) -> None:
    assert says in refused(config, deliveries, "providers.csv", (HEADER + content).encode())


def test_a_line_may_be_long(config: Settings, deliveries: Deliveries) -> None:
    content = f"{HEADER}P1,{'x' * 1_999_990},7\n".encode()
    assert deliver(config, deliveries, "providers.csv", content, 1).warnings == ()


def test_a_quote_in_the_middle_of_a_value_does_not_shift_the_lines(tolerant: Settings, deliveries: Deliveries) -> None:
    content = HEADER + 'P1,12" drill,7\nP2,"a\nb",7\n\n0",12",x\nP4,14","16\n",7\nP5,b,y\n'
    delivery = deliver(tolerant, deliveries, "providers.csv", content.encode(), 5)
    assert [line for line, *_ in quarantine(delivery, PROVIDERS)] == [6, 7, 9]


# Packed


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda packed: packed[:-20], "breaks off in the middle of the packed data"),
        (lambda packed: packed[:-8] + b"\0\0\0\0" + packed[-4:], "is damaged or no gzip file"),
        (lambda packed: packed[:12] + b"\xff\xff" + packed[14:], "is damaged or no gzip file"),
        (lambda packed: packed + b"more", "is damaged or no gzip file"),
        (lambda packed: ROWS.encode(), "is damaged or no gzip file"),
        (lambda packed: b"", "has no header row that can be read"),
    ],
)
def test_a_damaged_gzip_file(
    config: Settings, deliveries: Deliveries, damage: Callable[[bytes], bytes], says: str
) -> None:
    content = damage(gzip.compress(ROWS.encode() * 50))
    assert says in refused(config, deliveries, "providers.csv.gz", content)


def test_what_unpacks_to_too_much(config: Settings, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_checks, "GZIP_ALLOWANCE", 1_000_000)
    bomb = gzip.compress(HEADER.encode() + b"P1,MARKED,7\n" * 200_000)
    assert "unpacks to more than 200 times its size" in refused(config, deliveries, "providers.csv.gz", bomb)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_what_is_larger_than_a_file_may_be(
    config: Settings, deliveries: Deliveries, tmp_path: Path, suffix: str
) -> None:
    content = (HEADER + "P1,MARKED,7\n" * 10_000).encode()
    match suffix:
        case "csv.gz":
            content = gzip.compress(content)
        case "parquet":
            content = parquet(
                tmp_path, "select 'P1' as provider_id, 'MARKED' as provider_name, 7 as lwia_number from range(10000)"
            )
    small = config.model_copy(update={"max_file_size": 100_000})
    says = refused(small, deliveries, f"providers.{suffix}", content, 10_000)
    assert "YACP_MAX_FILE_SIZE" in says


# Parquet


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda whole: whole[: len(whole) // 2], "breaks off in the middle"),
        (lambda whole: whole[:-12] + b"\xff\xff\xff\x7f" + whole[-8:], "can't be read as parquet"),
        (lambda whole: whole[:-8] + b"\xff\xff\xff\x7f" + whole[-4:], "has a directory of more than 64 MB"),
        (lambda whole: whole[:4] + bytes(60) + whole[64:], "can't be read as parquet"),
        (lambda whole: ROWS.encode(), "is no Parquet file"),
        (lambda whole: b"", "is no Parquet file"),
    ],
)
def test_a_damaged_parquet_file(
    config: Settings, deliveries: Deliveries, tmp_path: Path, damage: Callable[[bytes], bytes], says: str
) -> None:
    whole = parquet(
        tmp_path, "select 'P' || i as provider_id, 'MARKED' || i as provider_name, 7 as lwia_number from range(2) t(i)"
    )
    assert says in refused(config, deliveries, "providers.parquet", damage(whole))


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
def test_parquet_of_other_types(
    config: Settings, deliveries: Deliveries, tmp_path: Path, columns: str, says: str
) -> None:
    assert says in refused(config, deliveries, "providers.parquet", parquet(tmp_path, f"select {columns}"), 1)


def test_parquet_of_types_that_have_one_spelling(tolerant: Settings, deliveries: Deliveries, tmp_path: Path) -> None:
    content = parquet(
        tmp_path,
        "select * from (values (12::decimal(10, 0), '', 7.0::double), (13, 'b', 7.5), (14, 'c', 'nan'), (15, 'd', 8))"
        " t(provider_id, provider_name, lwia_number), (select [{'deep': [1]}] as extra, 'x'::blob as photo)",
    )
    delivery = deliver(tolerant, deliveries, "providers.parquet", content, 4)
    found = duckdb.execute(f"from '{delivery.parquet(PROVIDERS)}'").fetchall()
    assert found == [("15", "d", 8)]
    assert [reason for *_, reason in quarantine(delivery, PROVIDERS)] == ["missing_value", "bad_type", "bad_type"]


def test_a_date_may_come_as_midnight_but_at_no_other_time(
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


def test_a_dictionary_makes_no_bomb(config: Settings, deliveries: Deliveries, tmp_path: Path) -> None:
    """Each row points at the same 100 kB; the file has a few kB."""
    content = parquet(
        tmp_path,
        "select 'P' || i as provider_id, repeat('x', 100_000) as provider_name, 7 as lwia_number from range(2000) t(i)",
    )
    assert len(content) < 100_000
    small = config.model_copy(update={"max_file_size": 150_000_000})
    assert "holds more than 150 MB when it is written out" in refused(
        small, deliveries, "providers.parquet", content, 2000
    )
    long = parquet(tmp_path, "select 'P1' as provider_id, repeat('x', 2_000_001) as provider_name, 7 as lwia_number")
    deliveries.write(ALONE, {"providers.parquet": long}, promise={"providers.parquet": 1}, delivery=3)
    with pytest.raises(DeliveryRefused, match="has a row of more than 2 MB"):
        land(config, ALONE, DAY)


# The folder and the manifest


@pytest.mark.parametrize("name", ["providers.csv", "manifest.json"])
@pytest.mark.parametrize("what", ["link out", "folder", "device"])
def test_only_files_of_the_folder_itself_are_read(
    config: Settings, deliveries: Deliveries, tmp_path: Path, name: str, what: str
) -> None:
    path = deliveries.write(ALONE) / name
    if what == "link out":
        path.rename(tmp_path / name)
        path.symlink_to(tmp_path / name)
    else:
        path.unlink()
        path.mkdir() if what == "folder" else os.mkfifo(path)
    with pytest.raises(DeliveryRefused, match=f"{name} is no file in the delivery's own folder"):
        land(config, ALONE, DAY)


def test_a_link_within_the_folder_is_one_of_its_files(config: Settings, deliveries: Deliveries) -> None:
    folder = deliveries.write(ALONE)
    (folder / "providers.csv").rename(folder / "providers-2026.csv")
    (folder / "providers.csv").symlink_to("providers-2026.csv")
    assert land(config, ALONE, DAY).warnings == ("providers-2026.csv: in the folder but not in the manifest, left out",)


def test_a_link_on_a_server_leads_nowhere_else_either(on_sftp: Place, sftp: Sftp, tmp_path: Path) -> None:
    folder = Deliveries(on_sftp.folder).write(ALONE)
    (folder / "providers.csv").rename(on_sftp.folder / "providers.csv")
    (folder / "providers.csv").symlink_to("../../providers.csv")
    with pytest.raises(DeliveryRefused, match=r"providers\.csv is no file in the delivery's own folder"):
        land(on_sftp.config(tmp_path / "home"), ALONE, DAY)


def test_files_that_the_manifest_does_not_name_are_left_out(config: Settings, deliveries: Deliveries) -> None:
    folder = deliveries.write(ALONE)
    (folder / "old.csv").write_text("x")
    (folder / "a\nb").write_text("x")
    (folder / "more").mkdir()
    assert land(config, ALONE, DAY).warnings == ("ab, more, old.csv: in the folder but not in the manifest, left out",)


def _named_twice(text: str) -> str:
    return text.replace('"delivery": 1', '"delivery": 1, "delivery": 2')


def _changed(**values: Any) -> Callable[[str], str]:
    return lambda text: json.dumps(json.loads(text) | values)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_named_twice, "a name stands twice in it"),
        (lambda text: text.replace("providers.csv", "../providers.csv"), r"wrong or missing files\.0\.name"),
        (lambda text: text.replace("providers.csv", "/etc/passwd"), r"wrong or missing files\.0\.name"),
        (lambda text: text.replace('"rows": 1', f'"rows": 1{"0" * 5000}'), "is not a manifest"),
        (lambda text: '{"files":' * 50_000, "is not a manifest"),
        (lambda text: text + " " * (1 << 20), "is larger than 1 MiB"),
        (_changed(delivery=10_000), "wrong or missing delivery"),
        (_changed(delivery=1e400), "wrong or missing delivery"),
        (_changed(files=[{"name": "providers.csv", "rows": 1, "sha256": "0" * 64}] * 2), "names a file more than once"),
        (_changed(as_of_date="２０２６-11-23"), "wrong or missing as_of_date"),
    ],
)
def test_a_manifest_that_is_wrong(
    config: Settings, deliveries: Deliveries, change: Callable[[str], str], says: str
) -> None:
    path = deliveries.write(ALONE) / "manifest.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(DeliveryRefused, match=says) as refusal:
        land(config, ALONE, DAY)
    assert str(refusal.value).startswith("The Illinois workNet delivery of 2026-11-23 is refused: manifest.json")


# The machine


def test_too_little_memory_is_no_fault_of_the_delivery(config: Settings, deliveries: Deliveries) -> None:
    rows = "".join(f"P{number},{'x' * 1000},7\n" for number in range(30_000))
    deliveries.write(ALONE, {"providers.csv": HEADER + rows})
    with pytest.raises(BuildFailed, match=r"not enough memory or disk to land providers\.csv"):
        land(config.model_copy(update={"memory_limit": "4MB"}), ALONE, DAY)
