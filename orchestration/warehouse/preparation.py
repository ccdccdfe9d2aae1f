"""Prepares the warehouse, the build's private database, for a day.

Every run rebuilds it from the archive, so it may be deleted at any time.
"""

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb

from orchestration.contract.extract import Extract
from orchestration.contract.systems import SYSTEMS, extracts
from orchestration.contract.worknet import WORKNET
from orchestration.failures import UsageError
from orchestration.landing.archive import ACCOUNT, Archive, ArchivedDelivery
from orchestration.settings import Settings
from orchestration.spark.workspace import delete_workspaces
from orchestration.state.database import connect, identifier, literal, literal_list
from orchestration.state.earlier_layouts import schema_of
from orchestration.state.permissions import restrict
from orchestration.state.releases import DATA, RELEASE, latest

# Waiting and flow look back a year, so that a run doesn't take longer with each year published.
_LOOK_BACK = timedelta(days=365)


def prepare(settings: Settings, deliveries: Sequence[ArchivedDelivery]) -> None:
    """Points ``raw`` at the day's deliveries, copies the published neighbours, and clears the check results."""
    by_system = {delivery.system: delivery for delivery in deliveries}
    parquet = {extract: by_system[extract.system].parquet(extract) for extract in extracts()}
    for path in parquet.values():
        if not path.exists():
            raise UsageError(
                f"{path} is missing from the archive. Move the delivery's folder away and run the day again: "
                "the run will land it again."
            )
    if settings.engine == "spark" or settings.spark.exists():  # a table of one engine can't become a view of the other
        delete_warehouse(settings)
    with _open(settings) as connection:
        connection.execute("create schema if not exists raw; create schema if not exists run")
        for extract, path in parquet.items():
            connection.execute(f"create or replace view raw.{extract.table} as {_typed(connection, extract, path)}")
        accounts = literal_list(delivery.account for delivery in deliveries)
        connection.execute(  # in UTC without a zone, which every reader can show without a library for time zones
            "create or replace view run.deliveries as"
            f" select * replace (timezone('UTC', loaded_at) as loaded_at) from read_parquet({accounts})"
        )
        _copy_deliveries_before(settings, connection, deliveries[0].as_of_date)
        _copy_published_neighbours(settings, connection, deliveries[0].as_of_date)
        connection.execute("create or replace table run.built (as_of_date date, is_complete boolean, base varchar)")
        connection.execute("insert into run.built values (?, false, ?)", [deliveries[0].as_of_date, _base(settings)])
        connection.execute(
            "create or replace table run.check_results (name varchar, asset varchar, severity varchar,"
            " passed boolean, observed varchar, expected varchar, where_to_look varchar,"
            " title varchar)"
        )


def _copy_deliveries_before(settings: Settings, connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Copies how many rows each system delivered before, and how many customers each provider had."""
    connection.execute(
        "create or replace table run.rows_before (system varchar, extract varchar, row_count bigint);"
        "create or replace table run.providers_before (provider_id varchar, customer_count bigint)"
    )
    archive = Archive(settings.archive)
    for system in SYSTEMS:
        if before := archive.newest_before(system, as_of):
            before.require_whole(ACCOUNT, *(["customers.parquet"] if system == WORKNET else []))
            connection.execute(
                "insert into run.rows_before select system, extract, rows_loaded"
                f" from read_parquet({literal(before.account)})"
            )
            if system == WORKNET:
                connection.execute(
                    "insert into run.providers_before select provider_id, count(*)"
                    f" from read_parquet({literal(before.parquet(WORKNET.extract('customers')))}) group by provider_id"
                )


def _typed(connection: duckdb.DuckDBPyConnection, extract: Extract, path: Path) -> str:
    """The extract's columns by today's contract; one added after the delivery was archived is empty."""
    delivered = {row[0] for row in connection.execute(f"describe from read_parquet({literal(path)})").fetchall()}
    columns = [
        identifier(column.name)
        if column.name in delivered
        else f"cast(null as {column.type.duckdb_type}) as {identifier(column.name)}"
        for column in extract.columns
    ]
    return f"select {', '.join(columns)} from read_parquet({literal(path)})"


def _open(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Opens the warehouse; replaces one that can't be opened, as a run needs nothing in it."""
    try:
        connection = connect(settings, settings.warehouse)
    except duckdb.Error as error:
        if "lock" in str(error):
            raise UsageError(
                f"Another program has {settings.warehouse.name} open; close it there and run the day again."
            ) from None
        delete_warehouse(settings)
        connection = connect(settings, settings.warehouse)
    restrict(settings, settings.warehouse)
    return connection


def delete_warehouse(settings: Settings) -> None:
    """Deletes the warehouse, and Spark's part of it; the next run builds it from the archive."""
    if settings.warehouse.is_dir():
        shutil.rmtree(settings.warehouse)
    settings.warehouse.unlink(missing_ok=True)
    settings.warehouse.with_name(f"{settings.warehouse.name}.wal").unlink(missing_ok=True)
    delete_workspaces(settings)


def _copy_published_neighbours(settings: Settings, connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Copies what the day is compared with: the published days around it, and the stays that reach into that time."""
    connection.execute(
        "create or replace table run.neighbours (first_on date, previous_on date, next_on date);"
        "create or replace table run.line_stays"
        " (customer_id varchar, section_key varchar, line_key varchar, valid_from date, valid_to date);"
        "create or replace table run.scope_stays"
        " (customer_id varchar, provider_id varchar, lwia_number integer, valid_from date, valid_to date);"
        "create or replace table run.neighbour_counts (as_of_date date, scope_type varchar, scope_id varchar,"
        " scope_name varchar, section_key varchar, section_name varchar, line_key varchar, line_name varchar,"
        " customer_count bigint);"
        "create or replace table run.previous_sync_status (as_of_date date, sync_status varchar, customer_count bigint)"
    )
    release = latest(settings)
    if release:
        release.require_whole("dashboard.duckdb", "customers.duckdb", RELEASE)
    days = release.days if release else ()
    previous = max((day for day in days if day < as_of), default=None)
    following = min((day for day in days if day > as_of), default=None)
    connection.execute("insert into run.neighbours values (?, ?, ?)", [min([as_of, *days]), previous, following])
    if release is None:
        return
    connection.execute(f"attach {literal(release.file('dashboard'))} as published_dashboard (read_only)")
    connection.execute(f"attach {literal(release.file('customers'))} as published_customers (read_only)")
    first, last = min(previous or as_of, as_of - _LOOK_BACK), following or as_of
    for table, stays in (("line_stays", "line_history"), ("scope_stays", "scope_history")):
        connection.execute(
            f"insert into run.{table} by name"
            f" select * from published_customers.{schema_of(connection, 'published_customers', stays)}.{stays}"
            " where valid_from <= ? and (valid_to is null or valid_to >= ?)",
            [last, first],
        )
    connection.execute(
        "insert into run.neighbour_counts"
        " select as_of_date, scope_type, scope_id, scope_name, section_key, section_name, line_key, line_name,"
        " customer_count from published_dashboard.sections.history where as_of_date in (?, ?) and line_key <> 'total'",
        [previous, following],
    )
    connection.execute("detach published_dashboard; detach published_customers")
    if previous:
        name = f"parquet/dashboard/quality/sync_status/as_of_date={previous}"
        release.require_whole(f"{name}/{DATA}")
        parquet = release.folder / name
        connection.execute(
            "insert into run.previous_sync_status select as_of_date, sync_status, customer_count"
            f" from read_parquet({literal(parquet / '*.parquet')}, hive_partitioning = false)"
            " where scope_type = 'statewide'"
        )


def mark_complete(connection: duckdb.DuckDBPyConnection, *, is_complete: bool = True) -> None:
    """Records whether every model of the day is built."""
    connection.execute("update run.built set is_complete = ?", [is_complete])


def require_same_release(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """The day's changes to the history apply only to the release they were built against.

    Applied to a later one, rows would be there twice.
    """
    if connection.execute("select base from run.built").fetchone() != (_base(settings),):
        raise UsageError(
            "A release was published since the models of the day were built; materialize the models first, or run "
            "the day again."
        )


def _base(settings: Settings) -> str:
    release = latest(settings)
    return release.name if release else ""


def built_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The day whose models are all built; ``None`` if there is none or a build didn't finish."""
    try:
        row = connection.execute("select as_of_date from run.built where is_complete").fetchone()
    except duckdb.CatalogException:
        return None
    return row[0] if row else None


def require_built(connection: duckdb.DuckDBPyConnection, day: date) -> None:
    """Raises ``UsageError`` unless the warehouse holds this day, complete."""
    if (built := built_day(connection)) != day:
        raise UsageError(
            f"The warehouse holds {built or 'no complete day'}, not {day}. Materialize the models of the day first."
        )
