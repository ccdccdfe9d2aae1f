"""The partitions: one per as-of date, a calendar day in Chicago, from the first that is known here."""

import warnings
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.contract.dates import CHICAGO, OFFERED_WITHOUT_DELIVERIES, parse_day
from orchestration.failures import YacpError
from orchestration.settings import Settings, settings
from orchestration.state.releases import latest

# Checks with partitions and links to the code are still called preview and beta. The tests drive both in the UI.
for early in (dg.PreviewWarning, dg.BetaWarning):
    warnings.filterwarnings("ignore", category=early)

PARTITION_TAG = "dagster/partition"
"""The tag under which Dagster records a run's partition."""


def first_day(config: Settings) -> date:
    """The first day in the settings; without one, the earliest delivered, archived or published.

    Looks into folders only: a server or a bucket would make everything that loads the definitions wait.
    """
    if config.first_day:
        return config.first_day
    folders = [config.archive] if "://" in config.extracts_root else [config.archive, Path(config.extracts_root)]
    found = []
    for path in (path for folder in folders for path in folder.glob("[a-z]*/[0-9]*-[0-9]*-[0-9]*")):
        with suppress(YacpError):  # a name that only looks like a day
            found.append(parse_day(path.name))
    with suppress(YacpError, OSError):  # a damaged release is for those to report who read it
        release = latest(config)
        found += release.days if release else ()
    today = datetime.now(ZoneInfo(CHICAGO)).date()
    earliest = today - OFFERED_WITHOUT_DELIVERIES
    first = min(found, default=earliest)
    return first if first <= today else earliest  # a clock that was set back must not leave Dagster without a day


# A day can be delivered before it ends, so today is a partition too.
DAILY_PARTITIONS = dg.DailyPartitionsDefinition(start_date=str(first_day(settings())), timezone=CHICAGO, end_offset=1)

# The warehouse holds one day at a time.
ONE_DAY_PER_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
