"""The SQL of a profile over files: one select, in a DuckDB that holds the source's tables and reaches nothing else.

The author of a profile may be trusted with the rows of the source. Nobody has to trust the SQL, though: it can't read
another file, write, attach, install, change a setting, or run without end.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from orchestration.contract.dates import CHICAGO
from orchestration.failures import SourceError, lacks_room, without_values
from orchestration.sources.row_files import Rows

PARAMETER = re.compile(r"(?<![:\w]):(as_of_end|as_of)\b")
"""A parameter in the SQL, which is no cast such as ``::date``."""
LINE = re.compile(r"\bLINE (\d+):")
"""How DuckDB and PostgreSQL say where an error is."""
_BATCH_ROWS = 50_000
_MACROS = (
    "create macro as_date(value, format) as coalesce(strftime(try_strptime(value, format), '%Y-%m-%d'), value)",
    "create macro as_timestamp(value, format) as"
    " coalesce(strftime(try_strptime(value, format), '%Y-%m-%dT%H:%M:%S.%f'), value)",
)
"""A text that isn't in the format stays as it is, so that landing quarantines it with its value."""
_RESULT = "rows_of_the_select"


def parameters(day: date) -> dict[str, object]:
    """What the SQL may name: ``:as_of``, the day, and ``:as_of_end``, the first instant after it in Chicago."""
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(CHICAGO))
    return {"as_of": day, "as_of_end": end}


def close_to_the_outside(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on the connection has its tables, two macros, and nothing else, which can't be undone."""
    for statement in (
        *_MACROS,
        "set python_enable_replacements = false",
        "set autoinstall_known_extensions = false",
        "set autoload_known_extensions = false",
        "set enable_external_access = false",
        "set lock_configuration = true",
    ):
        connection.execute(statement)


def select_rows(connection: duckdb.DuckDBPyConnection, path: Path, sql: str, day: date, minutes: float) -> Rows:
    """The rows of a profile's select; ``SourceError`` names the file and, where DuckDB knows it, the line.

    The result is complete before the first batch: an error in the middle of a stream would reach people as Arrow's,
    with the value at fault.
    """
    written = PARAMETER.sub(r"$\1", sql)
    with _as_source_error(path):
        statements = duckdb.extract_statements(written)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise SourceError(f"{path} must be one select, and nothing else.")
    named = {name: value for name, value in parameters(day).items() if name in statements[0].named_parameters}
    with _as_source_error(path), time_limit(connection.interrupt, minutes, path):
        connection.execute(f"create or replace temp table {_RESULT} as {written}", named or None)
    reader = connection.execute(f"from {_RESULT}").to_arrow_reader(_BATCH_ROWS)
    return Rows(reader.schema, reader)


@contextmanager
def time_limit(interrupt: Callable[[], object], minutes: float, path: Path) -> Iterator[None]:
    """Interrupts what runs inside when it takes too long, and says so."""
    is_over = threading.Event()

    def stop() -> None:
        is_over.set()
        interrupt()

    timer = threading.Timer(minutes * 60, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if is_over.is_set():
            raise SourceError(
                f"{path} was stopped after {minutes:g} minutes (YACP_PULL_MINUTES). Nothing was pulled."
            ) from None
        raise
    finally:
        timer.cancel()


@contextmanager
def _as_source_error(path: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        if lacks_room(error):
            raise SourceError(
                f"{path} needs more memory or disk than there is. Nothing was pulled. Free space under YACP_HOME, "
                "raise YACP_MEMORY_LIMIT, or make the SQL simpler."
            ) from None
        line = LINE.search(str(error))
        where = f"{path}, line {line[1]}" if line else str(path)
        said = without_values(error).split("\n")[0]
        help_ = " Use try_cast or try_strptime, which give null." if isinstance(error, duckdb.DataError) else ""
        raise SourceError(f"{where}: {said.rstrip('.')}.{help_} Nothing was pulled.") from None
