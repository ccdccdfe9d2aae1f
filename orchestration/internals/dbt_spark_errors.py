"""dbt-spark's errors without the values that Spark quotes in them: those stay in Spark's own log.

Depends on ``dbt.adapters.spark.session.Cursor``, the cursor of the session method, and on the name of PySpark's logger
of failed queries. When they change, a failed conversion writes a value from a row into dbt.log. Tried with dbt-spark
1.11.0 and PySpark 4.3.0.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any


def hide_values() -> None:
    """Hides values from here on, in this process."""
    from dbt.adapters.spark.session import Cursor
    from pyspark.logger import PySparkLogger

    PySparkLogger.getLogger("SQLQueryContextLogger").disabled = True  # repeats the error that dbt gets anyway
    for method in ("execute", "fetchall", "fetchone"):
        setattr(Cursor, method, _without_values(getattr(Cursor, method)))


def _without_values(method: Callable[..., Any]) -> Callable[..., Any]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    @wraps(method)
    def wrapped(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except (PySparkException, Py4JError) as error:
            kind = error.getCondition() if isinstance(error, PySparkException) else None
            raise RuntimeError(f"Spark: {kind or type(error).__name__}; see spark.log.") from None

    return wrapped
