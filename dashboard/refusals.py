"""What a visitor is told instead of a page. The text stands in the translations under the reason's name."""

from __future__ import annotations


class Refused(Exception):
    """A request that gets no data: its status, and why, as a key of the translations."""

    status = 500

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


class Forbidden(Refused):
    """Nobody, or not theirs to see."""

    status = 403


class Missing(Refused):
    """There is no such scope, line, day or page."""

    status = 404


class Unavailable(Refused):
    """Nothing can be shown on this machine at the moment."""

    status = 503
