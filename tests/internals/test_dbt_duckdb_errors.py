"""A value that DuckDB quotes in an error doesn't reach dbt."""

import inspect
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt_common.exceptions import DbtRuntimeError

from orchestration.internals.dbt_duckdb_errors import hide_values


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Any:
    """dbt's own way to DuckDB, with our handler, for this test alone."""
    monkeypatch.setattr(DuckDBConnectionManager, "exception_handler", DuckDBConnectionManager.exception_handler)
    monkeypatch.setattr(DuckDBConnectionManager, "_ENV", None)
    credentials = DuckDBCredentials(database="memory", schema="main", path=":memory:")
    profile: Any = SimpleNamespace(credentials=credentials, threads=1)
    return DuckDBConnectionManager(profile, get_context("spawn"))


def failure(manager: Any, sql: str) -> str:
    manager.set_connection_name("canary")
    with pytest.raises(DbtRuntimeError) as raised:
        manager.execute(sql)
    return str(raised.value)


def test_the_names_are_there() -> None:
    parameters = inspect.signature(DuckDBConnectionManager.exception_handler).parameters
    assert list(parameters) == ["self", "sql", "connection_name"]


def test_values_are_hidden(manager: Any) -> None:
    sql = "select cast(name as integer) from (select 'Ada' || ' Example' as name)"
    assert "Ada Example" in failure(manager, sql), "DuckDB quotes no values any more; delete ours"
    hide_values()
    assert "Ada Example" not in failure(manager, sql)
    assert "Conversion Error" in failure(manager, sql)
    assert "no_such_table" in failure(manager, "select * from no_such_table")


def test_other_errors_stay_dbts(manager: Any) -> None:
    hide_values()
    with pytest.raises(DbtRuntimeError, match="something else"), manager.exception_handler("select 1"):
        raise DbtRuntimeError("something else")
    assert issubclass(duckdb.ConversionException, duckdb.Error)
