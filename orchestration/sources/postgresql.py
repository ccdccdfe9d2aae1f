"""PostgreSQL as a source, through ADBC: rows arrive in Arrow's form, by the binary protocol of COPY."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from sqlalchemy.engine import URL

from orchestration.contract.dates import CHICAGO
from orchestration.failures import SourceError
from orchestration.settings import Settings
from orchestration.sources.code_lists import with_code_lists
from orchestration.sources.database_errors import explained
from orchestration.sources.profile import Database, Profile
from orchestration.sources.profile_sql import PARAMETER, parameters
from orchestration.sources.row_files import Rows
from orchestration.state.database import literal

_TYPES = {"as_of": "date", "as_of_end": "timestamptz"}
_HELD_BYTES = "adbc.postgresql.batch_size_hint_bytes"


@contextmanager
def open_postgresql(
    settings: Settings, profile: Profile, database: Database, address: URL
) -> Iterator["PostgresqlSnapshot"]:
    """Opens a read-only transaction; the select of an extract may take as long as the settings allow."""
    address = address.set(drivername="postgresql")
    if "connect_timeout" not in address.query:
        address = address.update_query_dict({"connect_timeout": str(max(int(settings.connect_timeout), 2))})
    with explained(profile, profile.path):
        connection = adbc.connect(address.render_as_string(hide_password=False))
    try:
        with explained(profile, profile.path), connection.cursor() as cursor:
            isolation = database.isolation or "repeatable read"
            cursor.execute(f"set transaction isolation level {isolation} read only")
            cursor.execute(f"set local timezone = {literal(CHICAGO)}")
            cursor.execute(f"set local statement_timeout = {int(settings.pull_minutes * 60_000)}")
        yield PostgresqlSnapshot(connection, profile)
    finally:
        with suppress(Exception):  # it may be broken, which the reader has reported
            connection.close()


class PostgresqlSnapshot:
    """The transaction."""

    def __init__(self, connection: Any, profile: Profile) -> None:
        self._connection = connection
        self._profile = profile

    def select(self, path: Path, sql: str, day: date) -> Rows:
        """The rows of one select in their own types, streamed."""
        given = parameters(day)
        written = with_code_lists(self._profile, sql).strip().rstrip(";")
        statement = PARAMETER.sub(lambda found: f"{_TYPES[found[1]]} {literal(given[found[1]])}", written)
        newlines = "\n" * sql[: len(sql) - len(sql.lstrip())].count("\n")  # lines keep their numbers
        cursor = self._connection.cursor()
        with explained(self._profile, path, sql):
            cursor.adbc_statement.set_options(**{_HELD_BYTES: str(4 << 20)})
            cursor.execute(f"{newlines}{statement}\n")  # a comment at its end must not go on
            reader = cursor.fetch_record_batch()
        schema = pa.schema([pa.field(field.name, _plain(field, path)) for field in reader.schema])
        if not schema.names:
            raise SourceError(f"{path} must be one select, and nothing else.")
        return Rows(schema, self._batches(cursor, reader, schema, path, sql))

    def _batches(self, cursor: Any, reader: Any, schema: pa.Schema, path: Path, sql: str) -> Iterator[pa.RecordBatch]:
        with cursor, explained(self._profile, path, sql):
            for batch in reader:
                columns = [_stored(column).cast(kind) for column, kind in zip(batch.columns, schema.types, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain(field: pa.Field, path: Path) -> pa.DataType:
    """The type in Parquet: Arrow's own, or text for what PostgreSQL sends as text."""
    kind = field.type
    if isinstance(kind, pa.UuidType):
        return pa.string()
    if isinstance(kind, pa.BaseExtensionType):
        is_text = kind.storage_type == pa.string() or getattr(kind, "type_name", "").startswith("unnamed")
        kind = pa.string() if is_text else pa.binary()
    if pa.types.is_binary(kind) or pa.types.is_nested(kind) or pa.types.is_interval(kind):
        raise SourceError(
            f"{path}: the column {field.name} has a type that can't be landed; write it as ({field.name})::text."
        )
    return kind


def _stored(column: pa.Array) -> pa.Array:
    if isinstance(column.type, pa.UuidType):
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    return column.storage if isinstance(column, pa.ExtensionArray) else column
