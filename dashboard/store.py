"""Releases as the dashboard reads them: opened once, read-only, and followed as ``published/current`` moves on.

A request leases the release that is current when it begins and answers from nothing else. When another one has become
current, the next request opens it; the old one is closed when its last request is done. Files that are pruned
meanwhile stay readable for those who have them open.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from dashboard.entitlements import Scope, Viewer
from dashboard.refusals import Forbidden, Unavailable
from dashboard.settings import Settings

Row = dict[str, Any]
T = TypeVar("T")
_log = logging.getLogger("dashboard")
RELEASE = "release.json"
_MARTS = ("headings", "legend", "sync_meanings")
# Packed pages of at most 15 KB; counts of a scope of about 100 KB; of a list, whose customers it has.
_PAGES_KEPT, _COUNTS_KEPT, _LISTS_KEPT = 2048, 128, 2048
_SECONDS_BEFORE_ANOTHER_TRY = 5


class Pruned(Exception):
    """The release's files went while it was being read; the current one has them too."""


class Kept:
    """What was made once from a release and needn't be made again; the least used goes when there is much of it.

    It is gone with the release, and so can't be out of date.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> Any:
        """What was made for a key; ``None`` if it wasn't yet."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The same, made now if it wasn't yet."""
        found: T | None = self.find(key)
        if found is not None:
            return found
        made = make()
        with self._lock:
            self._made[key] = made
            if len(self._made) > self._most:
                self._made.popitem(last=False)
        return made


@dataclass
class Release:
    """A release that is open: what every page needs of it in memory, the rest by query."""

    folder: Path
    version: tuple[object, ...]
    as_of_date: date
    published_at: datetime
    days: tuple[date, ...]
    connection: duckdb.DuckDBPyConnection
    lists_are_readable: bool
    notes: dict[str, str] = field(default_factory=dict)
    legend: dict[str, Row] = field(default_factory=dict)
    sync_meanings: dict[str, Row] = field(default_factory=dict)
    scopes: dict[Scope, str] = field(default_factory=dict)
    grants: dict[str, list[tuple[Scope, bool]]] = field(default_factory=dict)
    leases: int = 0
    pages: Kept = field(default_factory=lambda: Kept(_PAGES_KEPT))
    counts: Kept = field(default_factory=lambda: Kept(_COUNTS_KEPT))
    lists: Kept = field(default_factory=lambda: Kept(_LISTS_KEPT))

    def viewer(self, email: str) -> Viewer:
        """The person with what they are entitled to; ``Forbidden`` when that is nothing."""
        if not self.lists_are_readable:
            raise Unavailable("no_entitlements")
        if email not in self.grants:
            raise Forbidden("not_on_staff")
        return Viewer.of(email, self.grants[email])

    def query(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows as mappings; on a cursor of its own, so that threads don't share one."""
        with self.connection.cursor() as cursor:
            result = cursor.execute(sql, list(values))
            columns = [column[0] for column in result.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]

    def table(self, file: str, schema: str, name: str, day: date) -> str:
        """Where a table of the newest day stands as of a published day: in the database, or in that day's Parquet."""
        if day == self.as_of_date:
            return f"{_alias(file)}.{schema}.{name}"
        return f"read_parquet({literal(self._parquet(file, schema, name, day) / '*.parquet')}, hive_partitioning=false)"

    def has(self, file: str, schema: str, name: str, day: date) -> bool:
        """Whether it is there: Parquet of older days may have been left behind or cleared away."""
        if day == self.as_of_date or self._parquet(file, schema, name, day).is_dir():
            return True
        if not (self.folder / RELEASE).exists():
            raise Pruned
        return False

    def _parquet(self, file: str, schema: str, name: str, day: date) -> Path:
        return self.folder / "parquet" / file / schema / name / f"as_of_date={day}"


class Store:
    """The folder of releases, and the one that is current."""

    def __init__(self, settings: Settings, prepare: Callable[[Release], None]) -> None:
        self._settings = settings
        self._prepare = prepare
        self._published = settings.published.expanduser().absolute()
        self._current: Release | None = None
        self._broken: tuple[tuple[object, ...], float] | None = None
        self._counting = threading.Lock()
        self._opening = threading.Lock()

    @contextmanager
    def lease(self, *, newest: bool = False) -> Iterator[Release]:
        """The current release, open until the lease ends; ``newest`` waits for one that is being opened."""
        release = self._take(newest)
        try:
            yield release
        finally:
            self._give_back(release)

    @contextmanager
    def lease_at_once(self) -> Iterator[Release | None]:
        """The same without waiting for anything; ``None`` where a release has to be opened first."""
        release = None
        if self._is_up_to_date():
            with self._counting:
                release = self._current
                if release is not None:
                    release.leases += 1
        try:
            yield release
        finally:
            if release is not None:
                self._give_back(release)

    def is_current(self, release: Release) -> bool:
        """Whether no other one has been published since."""
        return self._version() == release.version

    def _take(self, newest: bool) -> Release:
        # One request opens what is new; the others needn't wait for it, they have the old one.
        if not self._is_up_to_date() and self._opening.acquire(blocking=newest or self._current is None):
            try:
                self._follow()
            finally:
                self._opening.release()
        with self._counting:
            if self._current is None:
                raise Unavailable("broken_release" if self._broken else "nothing_published")
            self._current.leases += 1
            return self._current

    def _is_up_to_date(self) -> bool:
        return self._current is not None and self._current.version == self._version()

    def _follow(self) -> None:
        version, standing = self._version(), self._current
        if version is None or (standing and standing.version == version) or self._is_known_broken(version):
            return
        try:
            fresh = _open(self._settings, Path(str(version[0])), version, self._prepare)
        except (OSError, ValueError, KeyError, TypeError, duckdb.Error) as error:
            self._broken = (version, time.monotonic())
            _log.error("The release in %s can't be opened: %s. %s", version[0], error, _WHAT_STAYS[standing is None])
            return
        with self._counting:
            self._current = fresh
            idle = standing is not None and standing.leases == 0
        if standing is not None and idle:
            standing.connection.close()
        self._broken = None
        _log.info("Showing %s, published %s.", fresh.as_of_date, fresh.published_at.isoformat())

    def _is_known_broken(self, version: tuple[object, ...]) -> bool:
        return (
            self._broken is not None
            and self._broken[0] == version
            and time.monotonic() - self._broken[1] < _SECONDS_BEFORE_ANOTHER_TRY
        )

    def _give_back(self, release: Release) -> None:
        with self._counting:
            release.leases -= 1
            idle = release.leases == 0 and release is not self._current
        if idle:
            release.connection.close()

    def _version(self) -> tuple[object, ...] | None:
        """Which files are current: another release, or the same one put in place anew."""
        try:
            folder = (self._published / "current").resolve(strict=True)
            found: list[object] = [str(folder)]
            (folder / RELEASE).stat()
        except OSError:
            return None
        for name in (RELEASE, "dashboard.duckdb", "customers.duckdb"):
            with suppress(OSError):
                status = (folder / name).stat()
                found += (name, status.st_ino, status.st_size, status.st_ctime_ns)
        return tuple(found)

    def close(self) -> None:
        """Closes what is open, once no request is left."""
        with self._counting:
            release, self._current = self._current, None
        if release is not None and release.leases == 0:
            release.connection.close()


_WHAT_STAYS = {False: "The release before it stays on show.", True: "Nothing can be shown."}


def literal(value: object) -> str:
    """A value as a quoted SQL string, for where no parameter is taken."""
    return "'" + str(value).replace("'", "''") + "'"


def day_literal(day: date) -> str:
    """A day in SQL."""
    return f"date '{day.isoformat()}'"


def _alias(file: str) -> str:
    """``customers.duckdb`` has a schema of its own name, which would be ambiguous."""
    return {"dashboard": "counts", "customers": "lists"}[file]


def _open(settings: Settings, folder: Path, version: tuple[object, ...], prepare: Callable[[Release], None]) -> Release:
    record = json.loads((folder / RELEASE).read_text())
    connection, lists_are_readable = connect(folder, settings.memory_limit, settings.threads)
    try:
        release = Release(
            folder=folder,
            version=version,
            as_of_date=date.fromisoformat(record["as_of_date"]),
            published_at=datetime.fromisoformat(record["published_at"]),
            days=tuple(date.fromisoformat(day) for day in record["days"]),
            connection=connection,
            lists_are_readable=lists_are_readable,
        )
        _remember(release)
        prepare(release)
    except BaseException:
        connection.close()
        raise
    return release


def connect(folder: Path, memory_limit: str, threads: int) -> tuple[duckdb.DuckDBPyConnection, bool]:
    """A connection that reads a release and can do nothing else; and whether the lists can be read."""
    connection = duckdb.connect(
        config={
            "memory_limit": memory_limit,
            "threads": str(threads),
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    try:
        connection.execute(f"attach {literal(folder / 'dashboard.duckdb')} as counts (read_only)")
        lists_are_readable = _attach_lists(connection, folder / "customers.duckdb")
        connection.execute(f"set allowed_directories = [{literal(folder)}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection, lists_are_readable


def _attach_lists(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    try:
        connection.execute(f"attach {literal(path)} as lists (read_only)")
    except duckdb.IOException as error:
        _log.error(
            "%s can't be read: %s. It says who may see what, so nobody is let in. Let the account that runs the "
            "dashboard read it.",
            path,
            error,
        )
        return False
    return True


def _remember(release: Release) -> None:
    found = {row["table_name"] for row in release.query("select table_name from duckdb_tables()")}
    if lacking := [name for name in _MARTS if name not in found]:
        raise ValueError(
            f"it was published by an older version and lacks {', '.join(lacking)}; run its newest day again"
        )
    for row in release.query("select section_key, note from counts.sections.headings where note is not null"):
        release.notes[row["section_key"]] = row["note"]
    for row in release.query("from counts.sections.legend order by colour_number"):
        release.legend[row["colour"]] = row
    for row in release.query("from counts.quality.sync_meanings order by sync_order"):
        release.sync_meanings[row["sync_status"]] = row
    for row in release.query(
        "select scope_type, scope_id, scope_name from counts.sections.application_status where line_key = 'total'"
        " order by case scope_type when 'statewide' then 1 when 'lwia' then 2 else 3 end,"
        " case scope_type when 'lwia' then cast(scope_id as integer) end, lower(scope_name), scope_id"
    ):
        release.scopes[Scope(row["scope_type"], row["scope_id"])] = row["scope_name"]
    if release.lists_are_readable:
        for row in release.query(
            "select email, scope_type, scope_id, may_list_customers from lists.customers.entitlements"
        ):
            grant = Scope(row["scope_type"], row["scope_id"]), row["may_list_customers"]
            release.grants.setdefault(row["email"], []).append(grant)
