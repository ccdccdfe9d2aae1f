"""A profile's SQL over files reaches its tables and nothing else, and ends."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import DAY

from orchestration.failures import SourceError
from orchestration.sources.profile_sql import close_to_the_outside, select_rows

SECRET = "a secret of another file"


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    (tmp_path / "other.csv").write_text(f"text\n{SECRET}\n")
    with duckdb.connect() as connection:
        connection.execute("create table app as select '05/31/2004' as dob, 'soon' as word, 1 as _line")
        close_to_the_outside(connection)
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str, minutes: float = 1) -> list[dict[str, object]]:
    found = select_rows(connection, Path("applications.sql"), sql, DAY, minutes)
    return [row for batch in found.batches for row in batch.to_pylist()]


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{folder}/other.csv')",
        "select * from '{folder}/other.csv'",
        "select * from read_text('{folder}/other.csv')",
        "select * from glob('{folder}/*')",
        "select * from query('select * from read_text(''{folder}/other.csv'')')",
        "copy (select 1) to '{folder}/written.csv'",
        "copy app from '{folder}/other.csv'",
        "attach '{folder}/new.duckdb'",
        "export database '{folder}/all'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set threads = 1",
        "create table more as select 1",
        "delete from app",
        "drop table app",
        "call pragma_version()",
        "select 1; select 2",
        "",
        "select * from connection",
        "select * from DAY",
        "explain analyze select 1",
    ],
)
def test_nothing_else_can_be_reached(closed: duckdb.DuckDBPyConnection, tmp_path: Path, sql: str) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(SourceError, match=r"^applications\.sql") as raised:
        rows(closed, sql.format(folder=tmp_path))
    assert SECRET not in str(raised.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert rows(closed, "select count(*) as n from app") == [{"n": 1}]


def test_sql_without_end_is_stopped(closed: duckdb.DuckDBPyConnection) -> None:
    endless = "with recursive t as (select 1 as n union all select 1 from t) select max(n) from t"
    with pytest.raises(SourceError, match=r"applications\.sql was stopped after 0\.005 minutes \(YACP_PULL_MINUTES\)"):
        rows(closed, endless, minutes=0.005)
    assert rows(closed, "select 1 as one") == [{"one": 1}]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select\n  dob,\n  birth\nfrom app", "applications.sql, line 3: Binder Error: Referenced column"),
        ("select *\nfrom ap", "applications.sql, line 2: Catalog Error: Table with name ap does not exist"),
        ("select\nfrm app x y", "applications.sql, line 2: Parser Error"),
        ("\n\nselect cast(word as date) from app", "its text is left out because it may quote a row"),
    ],
)
def test_an_error_names_file_and_line_and_no_value(closed: duckdb.DuckDBPyConnection, sql: str, says: str) -> None:
    with pytest.raises(SourceError) as raised:
        rows(closed, sql)
    assert says in str(raised.value)
    assert "soon" not in str(raised.value)


def test_dates_in_another_format_are_converted_and_others_stay_as_they_are(closed: duckdb.DuckDBPyConnection) -> None:
    sql = "select as_date(dob, '%m/%d/%Y') as day, as_date(word, '%m/%d/%Y') as word from app"
    assert rows(closed, sql) == [{"day": "2004-05-31", "word": "soon"}]
    assert rows(closed, "select as_timestamp('01/05/2024 12:00:00 AM', '%m/%d/%Y %I:%M:%S %p') as at") == [
        {"at": "2024-01-05T00:00:00.000000"}
    ]


def test_the_day_and_its_end_in_chicago_are_parameters(closed: duckdb.DuckDBPyConnection) -> None:
    found = rows(closed, "select cast(:as_of as varchar) as day, epoch(:as_of_end) as ends, 'x::text' as text")
    assert found == [{"day": "2026-11-23", "ends": 1795500000.0, "text": "x::text"}]
