"""Dates and times: an as-of date is a calendar day in Chicago."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.failures import UsageError

CHICAGO = "America/Chicago"
"""The time zone of every as-of date, and of every timestamp delivered without an offset."""
OFFERED_WITHOUT_DELIVERIES = timedelta(days=14)
"""How far back Dagster offers days to run while nothing is delivered yet."""


def parse_day(text: str) -> date:
    """An as-of date, ``YYYY-MM-DD``; ``UsageError`` for anything else."""
    with suppress(ValueError):
        if (day := date.fromisoformat(text)).isoformat() == text:
            return day
    raise UsageError(f"{text} is not a day; write it as YYYY-MM-DD.")


def today_in_chicago() -> date:
    """The current calendar day in Chicago."""
    return datetime.now(ZoneInfo(CHICAGO)).date()


def in_chicago(instant: datetime) -> str:
    """An instant as local time in Chicago."""
    return instant.astimezone(ZoneInfo(CHICAGO)).strftime("%Y-%m-%d %H:%M %Z")
