"""The folder of releases: opens the current one, and follows ``published/current`` as it moves on.

A request leases the release that is current when it starts and answers from that one only. Once another release is
current, the next request opens it, and the old one is closed when its last request is done. Files that are removed
meanwhile stay readable to requests that have them open.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from dashboard.errors import Unavailable
from dashboard.release import RELEASE_RECORD, OpenRelease, open_release
from dashboard.settings import Settings

_log = logging.getLogger("dashboard")
_SECONDS_BETWEEN_ATTEMPTS = 5


class Releases:
    """The current release, for many threads at once."""

    def __init__(self, settings: Settings, prepare: Callable[[OpenRelease], None]) -> None:
        self._settings = settings
        self._prepare = prepare
        self._published = settings.published.expanduser().absolute()
        self._current: OpenRelease | None = None
        self._last_failure: tuple[tuple[object, ...] | None, float] = (None, 0)  # of which release, and when
        self._lease_lock = threading.Lock()
        self._open_lock = threading.Lock()

    @contextmanager
    def lease(self, *, newest: bool = False) -> Iterator[OpenRelease]:
        """The current release, open until the lease ends; ``newest`` waits for one that is being opened."""
        # One request opens a new release; the others have the old one meanwhile and needn't wait.
        if not self._is_up_to_date() and self._open_lock.acquire(blocking=newest or self._current is None):
            try:
                self._open_newest()
            finally:
                self._open_lock.release()
        release = self._acquire()
        if release is None:
            raise Unavailable("broken_release" if self._last_failure[0] else "nothing_published")
        try:
            yield release
        finally:
            self._end_lease(release)

    @contextmanager
    def lease_if_open(self) -> Iterator[OpenRelease | None]:
        """The same without waiting: ``None`` when a release has to be opened first."""
        release = self._acquire() if self._is_up_to_date() else None
        try:
            yield release
        finally:
            if release is not None:
                self._end_lease(release)

    def is_current(self, release: OpenRelease) -> bool:
        """Whether no other release was published since."""
        return self._current_version() == release.version

    def close(self) -> None:
        """Closes the current release, when the last request that uses it is done."""
        self._replace_current(None)

    def _acquire(self) -> OpenRelease | None:
        with self._lease_lock:
            if self._current is not None:
                self._current.leases += 1
            return self._current

    def _end_lease(self, release: OpenRelease) -> None:
        with self._lease_lock:
            release.leases -= 1
            is_unused = release.leases == 0
        if is_unused:
            release.connection.close()

    def _replace_current(self, release: OpenRelease | None) -> None:
        with self._lease_lock:
            previous, self._current = self._current, release
        if previous is not None:
            self._end_lease(previous)

    def _is_up_to_date(self) -> bool:
        return self._current is not None and self.is_current(self._current)

    def _open_newest(self) -> None:
        version, previous = self._current_version(), self._current
        if version is None or (previous and previous.version == version):
            return
        failed_version, failed_at = self._last_failure
        if version == failed_version and time.monotonic() - failed_at < _SECONDS_BETWEEN_ATTEMPTS:
            return
        try:
            release = open_release(self._settings, Path(str(version[0])), version, self._prepare)
        except (OSError, ValueError, KeyError, TypeError, duckdb.Error) as error:
            self._last_failure = (version, time.monotonic())
            consequence = "The previous release is still shown." if previous else "Nothing can be shown."
            _log.error("The release in %s can't be opened: %s. %s", version[0], error, consequence)
            return
        self._replace_current(release)
        self._last_failure = (None, 0)
        _log.info("Showing %s, published %s.", release.as_of_date, release.published_at.isoformat())

    def _current_version(self) -> tuple[object, ...] | None:
        """The current folder and its files: replaced files in the same folder are another version, too."""
        try:
            folder = (self._published / "current").resolve(strict=True)
            version: list[object] = [str(folder)]
            (folder / RELEASE_RECORD).stat()
        except OSError:
            return None
        for name in (RELEASE_RECORD, "dashboard.duckdb", "customers.duckdb"):
            with suppress(OSError):
                status = (folder / name).stat()
                version += (name, status.st_ino, status.st_size, status.st_ctime_ns)
        return tuple(version)
