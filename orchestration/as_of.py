"""As-of dates and times as people write them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from orchestration.extracts.contract import CHICAGO
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


def in_chicago(instant: datetime) -> str:
    """A moment on the wall clock in Chicago."""
    return instant.astimezone(ZoneInfo(CHICAGO)).strftime("%Y-%m-%d %H:%M %Z")
