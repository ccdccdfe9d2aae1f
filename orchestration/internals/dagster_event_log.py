"""Dagster's SQLite event log with its databases kept open.

Dagster opens and closes a database for each event. A run has a thousand events, and closing the last connection makes
SQLite copy back its journal, so the log took longer than landing, checks, and publishing together.

Depends on ``SqliteEventLogStorage``: every statement goes through ``_connect``, which creates a database on first use,
adds it to ``_initialized_dbs``, and holds ``_db_lock``; ``_has_asset_key_index_cols_on_connection`` is asked before
each event. When they change, events are lost or the log is slow again. Dagster has no setting for it. Tried with
Dagster 1.13.27.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine


class PooledEventLog(SqliteEventLogStorage):
    """The same files; each process keeps the index and the run it used last open."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "PooledEventLog":
        """The log that ``dagster.yaml`` asks for."""
        return cls(inst_data=inst_data, **config_value)

    @cached_property
    def _engines(self) -> dict[str, Engine]:
        return {}

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard not in self._initialized_dbs:
            with super()._connect(shard) as connection:
                yield connection
            return
        with self._db_lock:
            with self._engine(shard).begin() as connection:
                yield connection
            if shard != INDEX_SHARD_NAME:
                os.utime(self.path_for_shard(shard))  # the UI watches this file, but SQLite writes to its journal

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            for other in self._engines.keys() - {INDEX_SHARD_NAME, shard}:
                self._engines.pop(other).dispose()
            self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard),
                pool_size=1,
                max_overflow=0,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
        return self._engines[shard]

    def _has_asset_key_index_cols_on_connection(self, _conn: Connection) -> bool:
        return True  # our databases were created with these columns, so Dagster needn't query for them

    def dispose(self) -> None:
        """Closes every database."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()
