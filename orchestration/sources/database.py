"""A database as a source: all selects of a pull in one read-only transaction, their rows streamed in batches.

At snapshot isolation the transaction sees the database as it was at one moment, however long the pull takes and
whatever others write meanwhile. PostgreSQL is read by ADBC, which is three times as fast as rows of Python; every other
database by SQLAlchemy with its own driver.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url

from orchestration.contract.dates import parse_day
from orchestration.failures import SourceError, UsageError
from orchestration.settings import Settings
from orchestration.sources.code_lists import with_code_lists
from orchestration.sources.database_errors import explained, require_driver
from orchestration.sources.profile import Database, Profile
from orchestration.sources.profile_sql import parameters, time_limit
from orchestration.sources.row_files import Rows

_BATCH_ROWS = 20_000
_OTHER_COLONS = re.compile(r"(?<![:\w\\]):(?!as_of(?:_end)?\b)(?=\w)")
_ISOLATION = {"mssql": "SNAPSHOT", "mysql": "REPEATABLE READ", "mariadb": "REPEATABLE READ", "oracle": "SERIALIZABLE"}
_TIMEOUT = {"mysql": "connect_timeout", "mariadb": "connect_timeout", "mssql": "timeout"}


class Snapshot(Protocol):
    """An open transaction on a database, in which every select sees the same state."""

    def select(self, path: Path, sql: str, day: date) -> Rows:
        """The rows of one select, streamed; ``SourceError`` names the file and, if the database says it, the line."""


def open_snapshot(settings: Settings, profile: Profile, database: Database) -> AbstractContextManager[Snapshot]:
    """Opens the transaction; ``SourceUnreachable`` when the server doesn't answer, ``SourceError`` when it refuses."""
    try:
        address = make_url(database.address(profile.path).get_secret_value())
    except sa.exc.ArgumentError:
        raise SourceError(
            f"{profile.path}: the address of the database, which is not shown, is no address that SQLAlchemy "
            "understands; docs/sources.md has one for each kind of database."
        ) from None
    require_driver(profile, address)
    if address.get_backend_name() == "postgresql":
        from orchestration.sources.postgresql import open_postgresql

        return open_postgresql(settings, profile, database, address)
    return _open_other(settings, profile, database, address)


def newest_finished_day(settings: Settings, profile: Profile, database: Database) -> date:
    """What the profile's query says; ``SourceError`` when that is no day."""
    with open_snapshot(settings, profile, database) as snapshot:
        rows = snapshot.select(profile.path, profile.ready.query, date.today())
        found = [value for batch in rows.batches for value in batch.column(0).to_pylist()]
    value = found[0] if len(found) == 1 else None
    if isinstance(value, datetime):
        value = value.date()
    try:
        return value if isinstance(value, date) else parse_day(str(value)[:10])
    except UsageError:
        raise SourceError(f"{profile.path}: query in [ready] must return one day, the newest finished one.") from None


@contextmanager
def inspected(settings: Settings, profile: Profile, database: Database) -> Iterator[Connection]:
    """A plain connection through SQLAlchemy, to look at which tables there are."""
    address = make_url(database.address(profile.path).get_secret_value())
    require_driver(profile, address)
    with explained(profile, profile.path), _engine(settings, profile, address).connect() as connection:
        yield connection


def _engine(settings: Settings, profile: Profile, address: URL) -> sa.Engine:
    kind = address.get_backend_name()
    if kind == "sqlite" and not Path(address.database or "").exists():
        raise SourceError(f"{profile.path}: the address names an SQLite file that doesn't exist.")
    timeout = {_TIMEOUT[kind]: int(settings.connect_timeout) or 1} if kind in _TIMEOUT else {}
    if kind == "postgresql" and address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    return sa.create_engine(address, connect_args=timeout, poolclass=sa.NullPool, hide_parameters=True)


@contextmanager
def _open_other(settings: Settings, profile: Profile, database: Database, address: URL) -> Iterator[Snapshot]:
    kind = address.get_backend_name()
    isolation = database.isolation.upper() or _ISOLATION.get(kind, "")
    with explained(profile, profile.path):
        connection = _engine(settings, profile, address).connect()
    try:
        with explained(profile, profile.path):
            if isolation:
                connection = connection.execution_options(isolation_level=isolation)
            if kind == "sqlite":
                connection.exec_driver_sql("pragma query_only = true")
                connection.exec_driver_sql("begin")
                connection.exec_driver_sql("select count(*) from sqlite_master")
        yield _Through(connection, profile, settings.pull_minutes)
    finally:
        connection.invalidate()  # closes it, without waiting for rows that nobody reads any more


class _Through:
    """A transaction through SQLAlchemy. Everything arrives as text."""

    def __init__(self, connection: Connection, profile: Profile, minutes: float) -> None:
        self._connection = connection
        self._profile = profile
        self._minutes = minutes

    def select(self, path: Path, sql: str, day: date) -> Rows:
        """The rows as text; a number of a floating type that is whole is written without its fraction."""
        statement = sa.text(_OTHER_COLONS.sub(r"\\:", with_code_lists(self._profile, sql)))
        names = statement.compile().params
        is_text = self._connection.dialect.name == "sqlite"
        given = {name: _wall_time(value, is_text) for name, value in parameters(day).items() if name in names}
        options = {"stream_results": True, "max_row_buffer": _BATCH_ROWS}
        with explained(self._profile, path, sql), time_limit(self._interrupt, self._minutes, path):
            result = self._connection.execute(statement, given, execution_options=options)
        if not result.returns_rows:
            raise SourceError(f"{path} must be one select, and nothing else.")
        schema = pa.schema([(name, pa.string()) for name in result.keys()])  # noqa: SIM118 - not a mapping
        return Rows(schema, self._batches(result, schema, path, sql))

    def _batches(
        self, result: sa.CursorResult[Any], schema: pa.Schema, path: Path, sql: str
    ) -> Iterator[pa.RecordBatch]:
        with explained(self._profile, path, sql), time_limit(self._interrupt, self._minutes, path):
            for rows in result.partitions(_BATCH_ROWS):
                columns = zip(*rows, strict=True)
                texts = [_as_text(values, name, path) for name, values in zip(schema.names, columns, strict=True)]
                yield pa.RecordBatch.from_arrays(texts, schema=schema)

    def _interrupt(self) -> None:
        driver: Any = self._connection.connection.driver_connection
        stop: Callable[[], None] | None = getattr(driver, "interrupt", None) or getattr(driver, "cancel", None)
        if stop:
            stop()


def _wall_time(value: object, is_text: bool) -> object:
    """Other databases than PostgreSQL mostly hold wall time: a zone would shift the comparison, or be an error."""
    plain = value.replace(tzinfo=None) if isinstance(value, datetime) else value
    return str(plain) if is_text else plain


def _as_text(values: Sequence[object], name: str, path: Path) -> pa.Array:
    try:
        array = pa.array(values)
        if pa.types.is_floating(array.type):
            return pa.array([None if each is None else _number(each) for each in values], pa.string())
        return array if array.type == pa.string() else array.cast(pa.string())
    except (pa.ArrowException, UnicodeDecodeError):
        pass
    if any(isinstance(value, bytes | bytearray | memoryview) for value in values):
        raise SourceError(f"{path}: the column {name} has bytes in it, which are no text. Convert it in the SQL.")
    return pa.array([None if value is None else _number(value) for value in values], pa.string())


def _number(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
