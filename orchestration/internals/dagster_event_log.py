"""Dagster's event log in SQLite, with the databases kept open.

Dagster's own opens and closes a database for every event. A night has a thousand of them, and closing the last
connection makes SQLite move its journal, so that the log took longer than landing, checks and publishing together.
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
    """The same files; of a process's databases the index and the run it looked at last stay open."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "PooledEventLog":
        """What ``dagster.yaml`` asks for."""
        return cls(inst_data=inst_data, **config_value)

    @cached_property
    def _kept(self) -> dict[str, Engine]:
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
                os.utime(self.path_for_shard(shard))  # the UI watches this file, and SQLite writes beside it

    def _engine(self, shard: str) -> Engine:
        if shard not in self._kept:
            for other in self._kept.keys() - {INDEX_SHARD_NAME, shard}:
                self._kept.pop(other).dispose()
            self._kept[shard] = create_engine(
                self.conn_string_for_shard(shard),
                pool_size=1,
                max_overflow=0,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
        return self._kept[shard]

    def _has_asset_key_index_cols_on_connection(self, conn: Connection) -> bool:
        return True  # Dagster asks the database before each event; it was made with them

    def dispose(self) -> None:
        """Closes what is open."""
        for engine in self._kept.values():
            engine.dispose()
        self._kept.clear()
        super().dispose()
