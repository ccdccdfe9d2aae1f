"""A copy of a published folder with more days in it: older ones than the sample has, some of them never published."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
from conftest import DAY_BEFORE

UNPUBLISHED = (10, 11, 17)
"""How many days before the sample's first day nothing was published."""


def with_longer_history(published: Path, target: Path, days: int = 30) -> list[date]:
    """Copies the current release and adds days before its first; the days that it has then, oldest first.

    An added day has the numbers of the sample's first day, less a count that grows with the distance.
    """
    release = (published / "current").resolve()
    copied = target / "releases" / release.name
    shutil.copytree(release, copied)
    (target / "current").symlink_to(copied)
    added = [DAY_BEFORE - timedelta(days=before) for before in range(days, 0, -1) if before not in UNPUBLISHED]
    with duckdb.connect(str(copied / "dashboard.duckdb")) as connection:
        connection.execute("create temp table added as select unnest(?::date[]) as day", [added])
        for table in ("history", "attention_history"):
            connection.execute(
                f"insert into sections.{table} select first_day.* replace (day as as_of_date,"
                " greatest(customer_count - date_diff('day', day, as_of_date) * (1 + customer_count // 300), 0)"
                f" as customer_count) from sections.{table} as first_day, added where as_of_date = ?",
                [DAY_BEFORE],
            )
    record = copied / "release.json"
    facts = json.loads(record.read_text())
    facts["days"] = [*map(str, added), *facts["days"]]
    record.write_text(json.dumps(facts))
    return [date.fromisoformat(day) for day in facts["days"]]
