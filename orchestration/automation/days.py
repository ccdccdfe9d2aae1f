"""The partitions: one per as-of date, a calendar day in Chicago."""

from __future__ import annotations

from datetime import date

import dagster as dg

from orchestration.extracts.contract import CHICAGO
from orchestration.failures import UsageError

FIRST_DAY = "2020-01-01"

# The day itself can be delivered before it is over in UTC, so today is a partition too.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone=CHICAGO, end_offset=1)


# A day is a run of its own: the warehouse holds one day at a time.
ONE_DAY_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


def parse_day(text: str) -> date:
    """A day as it is written everywhere, ``YYYY-MM-DD``."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text} is not a day; write it as YYYY-MM-DD.") from None
    if day.isoformat() != text:
        raise UsageError(f"{text} is not a day; write it as YYYY-MM-DD.")
    return day
