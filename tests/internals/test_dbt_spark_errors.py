"""A value that Spark quotes in an error doesn't reach dbt. Needs the packages of requirements/spark.txt, not Java."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pyspark")
session: Any = pytest.importorskip("dbt.adapters.spark.session")

from orchestration.internals.dbt_spark_errors import hide_values  # noqa: E402 - needs the packages above

METHODS = ("execute", "fetchall", "fetchone")


class Frame:
    """A result whose rows can't be computed."""

    def collect(self) -> None:
        from pyspark.errors import PySparkException

        raise PySparkException("The value 'Ada Example' can't be cast", errorClass="CAST_INVALID_INPUT")


@pytest.fixture
def cursor(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A cursor of dbt-spark's session method, with our methods, for this test alone."""
    for method in METHODS:
        monkeypatch.setattr(session.Cursor, method, getattr(session.Cursor, method))
    builder = SimpleNamespace(
        enableHiveSupport=lambda: builder,
        config=lambda *_: builder,
        getOrCreate=lambda: SimpleNamespace(sql=lambda _: Frame()),
    )
    monkeypatch.setattr(session, "SparkSession", SimpleNamespace(builder=builder))
    return session.Cursor(server_side_parameters={})


def failure(cursor: Any) -> str:
    cursor.execute("select 1")
    with pytest.raises(Exception, match=r"Spark|Ada") as raised:
        cursor.fetchall()
    return str(raised.value)


def test_values_are_hidden(cursor: Any) -> None:
    assert "Ada Example" in failure(cursor)
    hide_values()
    assert "Ada Example" not in failure(cursor)


def test_the_logger_of_failed_queries_is_off(cursor: Any) -> None:
    from pyspark.errors.exceptions import base

    hide_values()
    assert logging.getLogger("SQLQueryContextLogger").disabled
    assert "SQLQueryContextLogger" in Path(base.__file__).read_text()
