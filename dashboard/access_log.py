"""Who looked at which list: a JSON line for each list and download, before its first byte is sent. No names."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from datetime import UTC, datetime

from dashboard.refusals import Unavailable
from dashboard.settings import STANDARD_OUTPUT, Settings

_log = logging.getLogger("dashboard")


class AccessLog:
    """Lines to a file, or to standard output. What can't be logged isn't shown."""

    def __init__(self, settings: Settings) -> None:
        self._target = settings.access_log
        self._writing = threading.Lock()

    def write(self, **entry: object) -> None:
        """One line; ``Unavailable`` when it can't be written."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **entry}, default=str) + "\n"
        try:
            with self._writing:
                self._append(line)
        except OSError as error:
            _log.error("The access log %s can't be written: %s. No list is shown.", self._target, error.strerror)
            raise Unavailable("no_access_log") from None

    def _append(self, line: str) -> None:
        if self._target == STANDARD_OUTPUT:
            sys.stdout.write(line)
            sys.stdout.flush()
            return
        # Opened for each line, so that the log may be rotated away under us.
        handle = os.open(self._target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
