"""The log of who saw which list or customer: a line of JSON for each view and download, without a name."""

import json
import logging
import os
import threading
from datetime import UTC, datetime

from dashboard.errors import Unavailable
from dashboard.settings import STANDARD_OUTPUT

_log = logging.getLogger("dashboard")
_lock = threading.Lock()


def log_access(target: str, **entry: object) -> None:
    """Appends a line to a file or to standard output; ``Unavailable`` when that fails.

    It is written before any data is sent: a list that can't be logged isn't shown.
    """
    line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **entry}, default=str)
    try:
        with _lock:
            if target == STANDARD_OUTPUT:
                print(line, flush=True)
            else:  # opened for each line, so that log rotation may move the file at any time
                descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(f"{line}\n".encode())
    except OSError as error:
        _log.error("Can't write the access log %s: %s. No list is shown.", target, error.strerror)
        raise Unavailable("no_access_log") from None
