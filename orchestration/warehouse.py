"""The warehouse: the build's private database, made ready for a day.

It is rebuilt from the archive by every run, so it may be deleted at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from orchestration.duck import connect, literal
from orchestration.extracts.archive import ArchivedDelivery
from orchestration.extracts.contract import SYSTEMS
from orchestration.publishing.release import releases
from orchestration.settings import Settings

CHECK_COLUMNS = ("name", "asset", "severity", "passed", "observed", "expected", "where_to_look")


def prepare(settings: Settings, deliveries: Sequence[ArchivedDelivery]) -> None:
    """Points ``raw`` at the day's deliveries, and forgets what was checked before."""
    by_system = {delivery.system: delivery for delivery in deliveries}
    with connect(settings, settings.warehouse) as connection:
        connection.execute("create schema if not exists raw; create schema if not exists run")
        for system in SYSTEMS:
            for extract in system.extracts:
                path = literal(by_system[system.name].parquet(extract))
                connection.execute(f"create or replace view raw.{extract.table} as from read_parquet({path})")
        accounts = ", ".join(literal(delivery.account) for delivery in deliveries)
        connection.execute(f"create or replace view run.deliveries as from read_parquet([{accounts}])")
        _remember_the_day_before(settings, connection, deliveries[0].as_of_date)
        connection.execute("create or replace table run.built (as_of_date date, is_complete boolean)")
        connection.execute("insert into run.built values (?, false)", [deliveries[0].as_of_date])
        connection.execute(
            "create or replace table run.check_results (name varchar, asset varchar, severity varchar,"
            " passed boolean, observed varchar, expected varchar, where_to_look varchar)"
        )


def _remember_the_day_before(settings: Settings, connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """The sync statuses of the newest earlier day that is still published, to compare the day's with."""
    connection.execute(
        "create or replace table run.previous_sync_status (as_of_date date, sync_status varchar, customer_count bigint)"
    )
    earlier = [release for release in releases(settings) if release.as_of_date < as_of]
    if earlier:
        connection.execute(f"attach {literal(earlier[-1].file('dashboard'))} as day_before (read_only)")
        connection.execute(
            "insert into run.previous_sync_status select as_of_date, sync_status, customer_count"
            " from day_before.quality.sync_status where scope_type = 'statewide'"
        )
        connection.execute("detach day_before")


def mark_complete(connection: duckdb.DuckDBPyConnection) -> None:
    """Says that every model of the day is built."""
    connection.execute("update run.built set is_complete = true")


def built_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The day that the warehouse holds whole; ``None`` when it holds none or a build broke off."""
    try:
        row = connection.execute("select as_of_date from run.built where is_complete").fetchone()
    except duckdb.CatalogException:
        return None
    return row[0] if row else None
