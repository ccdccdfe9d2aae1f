"""The partitions: one per as-of date, a calendar day in Chicago."""

import dagster as dg

from orchestration.contract.dates import CHICAGO

PARTITION_TAG = "dagster/partition"
"""The tag under which Dagster records a run's partition."""

# A day can be delivered before it ends, so today is a partition too.
DAILY_PARTITIONS = dg.DailyPartitionsDefinition(start_date="2020-01-01", timezone=CHICAGO, end_offset=1)

# The warehouse holds one day at a time.
ONE_DAY_PER_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
