"""As-of dates as people write them."""

from __future__ import annotations

from datetime import date

from orchestration.failures import UsageError


def parse_day(text: str) -> date:
    """A day as it is written everywhere, ``YYYY-MM-DD``."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text} is not a day; write it as YYYY-MM-DD.") from None
    if day.isoformat() != text:
        raise UsageError(f"{text} is not a day; write it as YYYY-MM-DD.")
    return day
