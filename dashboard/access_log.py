"""The log of who saw which list: a line of JSON for each view and download. It names no customer."""

from __future__ import annotations

import json
import logging
import os
import threading
from datetime import UTC, datetime

from dashboard.errors import Unavailable
from dashboard.settings import STANDARD_OUTPUT, Settings

_log = logging.getLogger("dashboard")


class AccessLog:
    """Appends to a file or to standard output, before any data is sent: a list that can't be logged isn't shown."""

    def __init__(self, settings: Settings) -> None:
        self._target = settings.access_log
        self._lock = threading.Lock()

    def write(self, **entry: object) -> None:
        """Appends one line; ``Unavailable`` when that fails."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **entry}, default=str)
        try:
            with self._lock:
                if self._target == STANDARD_OUTPUT:
                    print(line, flush=True)
                else:  # opened for each line, so that log rotation may move the file at any time
                    descriptor = os.open(self._target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                    with os.fdopen(descriptor, "wb") as file:
                        file.write(f"{line}\n".encode())
        except OSError as error:
            _log.error("Can't write the access log %s: %s. No list is shown.", self._target, error.strerror)
            raise Unavailable("no_access_log") from None
