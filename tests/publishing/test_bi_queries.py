"""What docs/bi.md tells people to type works as it stands, from the folder of all state."""

import re
from collections.abc import Iterator

import duckdb
import pytest
from conftest import Sample

from orchestration.settings import PROJECT

BLOCKS = re.findall(r"^```sql\n(.*?)^```$", (PROJECT / "docs" / "bi.md").read_text(), re.MULTILINE | re.DOTALL)
ATTACH, *QUERIES = BLOCKS


@pytest.fixture(scope="module")
def session(sample: Sample) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB session in the folder of all state, with both files attached as the page says."""
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as connection:
        patch.chdir(sample.home)
        connection.execute(ATTACH)
        yield connection


def test_the_page_begins_with_both_files_read_only(session: duckdb.DuckDBPyConnection) -> None:
    attached = session.execute(
        "select database_name, readonly from duckdb_databases() where path is not null order by all"
    ).fetchall()
    assert attached == [("dashboard", True), ("lists", True)]
    assert len(QUERIES) >= 10


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_runs_and_finds_something(session: duckdb.DuckDBPyConnection, query: str) -> None:
    assert session.execute(query).fetchone() is not None
