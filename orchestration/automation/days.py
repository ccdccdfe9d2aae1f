"""The partitions: one per as-of date, a calendar day in Chicago."""

from __future__ import annotations

import dagster as dg

from orchestration.extracts.contract import CHICAGO

FIRST_DAY = "2020-01-01"

# The day itself can be delivered before it is over in UTC, so today is a partition too.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone=CHICAGO, end_offset=1)


# A day is a run of its own: the warehouse holds one day at a time.
ONE_DAY_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
