"""The queries in docs/bi.md and docs/questions.md work as they are, from the folder for all state."""

import re
from collections.abc import Iterator

import duckdb
import pytest
from conftest import Sample

from orchestration.settings import PROJECT

ATTACH, *QUERIES = [
    block
    for page in ("bi.md", "questions.md")
    for block in re.findall(r"^```sql\n(.*?)^```$", (PROJECT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
]
QUERIES.remove(ATTACH)  # the second page has it, too


@pytest.fixture(scope="module")
def session(sample: Sample) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB session in the folder for all state, with both files attached as the page says."""
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as connection:
        patch.chdir(sample.home)
        connection.execute(ATTACH)
        yield connection


def test_the_page_attaches_both_files_read_only(session: duckdb.DuckDBPyConnection) -> None:
    attached = session.execute(
        "select database_name, readonly from duckdb_databases() where path is not null order by all"
    ).fetchall()
    assert attached == [("customers", True), ("dashboard", True)]
    assert len(QUERIES) >= 10


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_returns_rows(session: duckdb.DuckDBPyConnection, query: str) -> None:
    assert session.execute(query).fetchone() is not None
