"""Foreign files as tables: formats, encodings, archives, what is skipped, and the line of each row."""

import gzip
import io
import zipfile
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from conftest import DAY
from written_profiles import WrittenProfile

from orchestration.failures import SourceError
from orchestration.sources.file_tables import load_tables
from orchestration.sources.profile import read_profile

HEAD = '[files]\nlocation = "exports"\n[files.tables]\n'
Rows = list[tuple[object, ...]]


def load(written: WrittenProfile, table: str, tmp_path: Path) -> Rows:
    written.write(HEAD + table)
    profile = read_profile(written.settings, written.system)
    assert profile.files is not None
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        load_tables(connection, written.settings, profile, profile.files, DAY, scratch, lambda _: None)
        assert list(scratch.iterdir()) == []
        return connection.execute("from t order by _file, _line").fetchall()


def workbook() -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        book.add_worksheet("About").write(0, 0, "made by hand")
        sheet = book.add_worksheet("Data")
        sheet.write_row(0, 0, ["id", "born", "part"])
        sheet.write_row(1, 0, ["7", None, 0.5])
        sheet.write_number(2, 0, 8)
        sheet.write_datetime(2, 1, datetime(2004, 5, 31), book.add_format({"num_format": "d/m"}))
    return content.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return content.getvalue()


PLAIN: Rows = [("1", "Zoë", "t.txt", 2), ("2", None, "t.txt", 3)]


@pytest.mark.parametrize(
    ("name", "content", "table", "expected"),
    [
        ("t.txt", "id,name\n1,Zoë\n2,\n", 't = "t.txt"', PLAIN),
        ("t.txt", "\ufeffid,name\r\n1,Zoë\r\n2,\r\n", 't = "t.txt"', PLAIN),
        ("t.txt", "id|name\n1|Zoë\n2|NULL\n".encode("cp1252"),
         't = {files = "t.txt", delimiter = "|", encoding = "windows-1252", null = ["NULL"]}', PLAIN),
        ("t.txt", "id\tname\n1\tZoë\n2\t\n".encode("utf-16"),
         't = {files = "t.txt", delimiter = "\\t", encoding = "utf-16"}', PLAIN),
        ("t.txt", "id||name\n1||Zoë\n2||\n", 't = {files = "t.txt", delimiter = "||"}', PLAIN),
        ("t.txt", "made today\n\nid,name\n1,Zoë\n2,\nTRAILER 2\n\n",
         't = {files = "t.txt", skip_first = 2, skip_last = 1}',
         [("1", "Zoë", "t.txt", 4), ("2", None, "t.txt", 5)]),
        ("t.txt", "1,Zoë\n2,\n", 't = {files = "t.txt", columns = ["id", "name"]}',
         [("1", "Zoë", "t.txt", 1), ("2", None, "t.txt", 2)]),
        ("t.txt", 'id,name\n1,"Zoë,\nor ""Z"""\n\n2,\n', 't = "t.txt"',
         [("1", 'Zoë,\nor "Z"', "t.txt", 2), ("2", None, "t.txt", 5)]),
        ("t.txt", 'id;name\n1;5" pipe\n2;"quoted"\n', 't = {files = "t.txt", delimiter = ";", quote = ""}',
         [("1", '5" pipe', "t.txt", 2), ("2", '"quoted"', "t.txt", 3)]),
        ("t.txt", "001Zoë  x\n\n002     y\n", 't = {files = "t.txt", fixed_width = {id = [1, 3], name = [4, 8]}}',
         [("001", "Zoë", "t.txt", 1), ("002", None, "t.txt", 3)]),
        ("t.csv.gz", gzip.compress("id,name\n1,Zoë\n2,\n".encode(), mtime=0), 't = "t.csv.gz"',
         [("1", "Zoë", "t.csv.gz", 2), ("2", None, "t.csv.gz", 3)]),
        ("t.zip", zipped(("a.csv", b"id,name\n1,Ann\n"), ("b.csv", b"name,id\nBob,2\n")), 't = "t.zip"',
         [("1", "Ann", "t.zip/a.csv", 2), ("2", "Bob", "t.zip/b.csv", 2)]),
        ("t.xlsx", workbook(), 't = {files = "t.xlsx", sheet = "Data"}',
         [("7", None, "0.5", "t.xlsx", 2), ("8", "2004-05-31", None, "t.xlsx", 3)]),
    ],
)  # fmt: skip
def test_formats(
    written_profile: WrittenProfile, tmp_path: Path, name: str, content: str | bytes, table: str, expected: Rows
) -> None:
    written_profile.export(name, content)
    found = load(written_profile, table, tmp_path)
    assert found == expected


def test_parquet_arrives_as_text(written_profile: WrittenProfile, tmp_path: Path) -> None:
    path = written_profile.export("t.parquet", "")
    duckdb.sql(f"copy (select 7 as id, date '2004-05-31' as born) to '{path}'")
    assert load(written_profile, 't = "t.parquet"', tmp_path) == [("7", "2004-05-31", "t.parquet", 1)]


def test_several_files_are_one_table(written_profile: WrittenProfile, tmp_path: Path) -> None:
    for part in (1, 2):
        written_profile.export(f"t_{DAY}_{part}.txt", f"id\n{part}\n")
    written_profile.export("t_2026-11-22_1.txt", "id\n9\n")
    assert load(written_profile, 't = "t_{day}_*.txt"', tmp_path) == [
        ("1", f"t_{DAY}_1.txt", 2),
        ("2", f"t_{DAY}_2.txt", 2),
    ]


def test_code_lists_are_tables(written_profile: WrittenProfile, tmp_path: Path) -> None:
    written_profile.export("x.txt", "id\n1\n")
    written_profile.folder.mkdir(parents=True)
    (written_profile.folder / "t.csv").write_text("label,code\nSuper User,super_user\n")
    found = load(written_profile, 'x = "x.txt"', tmp_path)
    assert [row[:2] for row in found] == [("Super User", "super_user")]


@pytest.mark.parametrize(
    ("name", "content", "table", "says"),
    [
        ("t.txt", "id,name\n1,a\n2,b,c\n", 't = "t.txt"', "t.txt has 1 record that can't be split"),
        ("t.txt", "id,name\n1,a\n2\n", 't = "t.txt"', "near line 3"),
        ("t.txt", b"id\n\xff\n", 't = "t.txt"', "t.txt isn't utf-8"),
        ("t.txt", "", 't = "t.txt"', "t.txt is empty"),
        ("t.txt", "id,ID\n1,2\n", 't = "t.txt"', "has the column 'id' twice"),
        ("t.txt", "_file\n1\n", 't = "t.txt"', "has a column _file"),
        ("t.gz", b"no gzip", 't = "t.gz"', "t.gz is damaged"),
        ("t.zip", b"no zip", 't = "t.zip"', "t.zip is damaged"),
        ("t.xlsx", b"no workbook", 't = "t.xlsx"', "can't be read as a workbook"),
        ("t.xlsx", workbook(), 't = {files = "t.xlsx", sheet = "Nope"}', "has no sheet 'Nope'; it has About, Data"),
        ("t.parquet", b"no parquet", 't = "t.parquet"', "t.parquet can't be read as Parquet"),
        ("other", b"", 't = "t.txt"', "has no file for the table t"),
    ],
)
def test_what_can_not_be_read_whole_is_refused(
    written_profile: WrittenProfile, tmp_path: Path, name: str, content: str | bytes, table: str, says: str
) -> None:
    written_profile.export(name, content)
    with pytest.raises(SourceError) as raised:
        load(written_profile, table, tmp_path)
    assert says in str(raised.value)


def test_an_archive_may_not_unpack_to_more_than_a_file_may_have(
    written_profile: WrittenProfile, tmp_path: Path
) -> None:
    written_profile.export("t.gz", gzip.compress(b"id\n" + b"1\n" * 10_000))
    written_profile.settings = written_profile.settings.model_copy(update={"max_file_size": 10_000})
    with pytest.raises(SourceError, match="unpacks to more than"):
        load(written_profile, 't = "t.gz"', tmp_path)
