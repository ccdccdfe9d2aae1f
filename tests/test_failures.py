"""The message of a step when DuckDB fails: where and why, but never a value from a row."""

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
def test_a_value_is_not_passed_on(query: str) -> None:
    with pytest.raises(duckdb.Error, match="Quillfeather"):
        duckdb.execute(query)
    with pytest.raises(dg.Failure, match="last good day is still published") as failure, as_dagster_failure():
        duckdb.execute(query)
    kept = serializable_error_info_from_exc_info((failure.type, failure.value, failure.tb))
    assert "Error: its text is left out" in str(failure.value.description)
    assert "orchestration/failures.py, line" in str(failure.value.description)
    assert "'Quillfeather'" not in f"{failure.value.description} {kept.message} {kept.cause} {kept.context}"


def test_errors_in_the_sql_are_shown() -> None:
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
def test_missing_memory_or_disk_space_is_reported(error: Exception) -> None:
    with (
        pytest.raises(dg.Failure, match=r"not enough memory or disk.*last good day is still published. Free space"),
        as_dagster_failure(),
    ):
        raise error


def test_errors_of_the_system_are_shown() -> None:
    with (
        pytest.raises(dg.Failure, match=r"Read-only file system: /srv/x\. Nothing was published"),
        as_dagster_failure(),
    ):
        raise OSError(errno.EROFS, "Read-only file system", "/srv/x")
