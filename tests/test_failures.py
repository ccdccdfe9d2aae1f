"""What a step says when DuckDB gives up: where and why, and never a value of a row."""

import errno

import dagster as dg
import duckdb
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from orchestration.failures import as_dagster_failure


@pytest.mark.parametrize(
    "query",
    [
        "select cast(name as date) from (select 'Quillfeather' as name)",
        "select error('Quillfeather')",
        "create or replace temp table t (name varchar primary key); insert into t values ('Quillfeather');"
        "insert into t values ('Quillfeather')",
    ],
)
def test_a_value_goes_no_further(query: str) -> None:
    with pytest.raises(duckdb.Error, match="Quillfeather"):
        duckdb.execute(query)
    with pytest.raises(dg.Failure, match="last good day is still published") as failure, as_dagster_failure():
        duckdb.execute(query)
    kept = serializable_error_info_from_exc_info((failure.type, failure.value, failure.tb))
    assert "Error: its words are left out" in str(failure.value.description)
    assert "orchestration/failures.py, line" in str(failure.value.description)
    assert "'Quillfeather'" not in f"{failure.value.description} {kept.message} {kept.cause} {kept.context}"


def test_what_is_about_the_sql_is_told() -> None:
    with pytest.raises(dg.Failure, match="Table with name nowhere does not exist"), as_dagster_failure():
        duckdb.execute("from nowhere")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block of size 256.0 KiB"),
        duckdb.IOException('IO Error: Could not write file "x": No space left on device'),
        duckdb.FatalException("FATAL Error: Failed to create checkpoint: Could not write: File too large"),
    ],
)
def test_room_that_is_missing_is_told(error: Exception) -> None:
    with (
        pytest.raises(dg.Failure, match=r"not enough memory or disk.*last good day is still published. Free space"),
        as_dagster_failure(),
    ):
        raise error


def test_what_the_system_says_is_told() -> None:
    with (
        pytest.raises(dg.Failure, match=r"Read-only file system: /srv/x\. Nothing was published"),
        as_dagster_failure(),
    ):
        raise OSError(errno.EROFS, "Read-only file system", "/srv/x")
