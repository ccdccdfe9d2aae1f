"""Queries over what is published, for the command line and the notices. None of them writes or waits for a run."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import duckdb

from dashboard.release import titled, with_younger_columns
from dashboard.scopes import Scope
from orchestration.failures import UsageError
from orchestration.settings import Settings
from orchestration.state.database import Table, connect, literal, query
from orchestration.state.releases import DATA, Release, current, latest

_YOUNGEST = {"dashboard": ("reference", "lines"), "customers": ("lists", "customers")}
"""A table of each file that releases of earlier versions lack."""
_MAY_SEE = "case ? when 'provider' then provider_id = ? when 'lwia' then cast(lwia_number as varchar) = ? else true end"


def release_with(config: Settings, as_of: date | None) -> tuple[Release, date]:
    """The current release and the day asked for; ``UsageError`` when it was never published."""
    release = current(config)
    if release is None:
        raise UsageError(f"Nothing is published in {config.published} yet; yacp run publishes a day.")
    day = as_of or release.as_of_date
    if day not in release.days:
        newest = ", ".join(map(str, reversed(release.days[-5:])))
        raise UsageError(f"{day} was not published; the newest published days are: {newest}.")
    return release, day


def sections(config: Settings, scope: Scope, section: str | None, as_of: date | None) -> tuple[Release, Table]:
    """The dashboard's rows for a scope on a day, in order, for all sections or one."""
    with _counts(config, scope, as_of) as (connection, release, day):
        if section is not None:
            sql = "select distinct section_number, section_key from it.sections.dashboard order by 1"
            known = _column(connection, sql)
            if section not in known:
                raise UsageError(f"There is no section {section}; the sections are: {', '.join(known)}.")
        return release, query(
            connection,
            "select * from it.sections.history where as_of_date = ? and scope_type = ? and scope_id = ?"
            " and (? is null or section_key = ?) order by section_number, line_number",
            [day, scope.type, scope.id, section, section],
        )


def legend(release: Release) -> Table:
    """What the colors of a release's lines mean, in the legend's order."""
    with _published(release, "dashboard") as connection:
        return query(connection, "from it.reference.colours order by colour_number", [])


def section_guide(release: Release, section: str) -> tuple[str | None, Table]:
    """The guide's note before a section, and what the reference says about its lines."""
    with _published(release, "dashboard") as connection:
        [(note,)] = connection.execute(
            "select note from it.reference.sections where section_key = ?", [section]
        ).fetchall()
        return note, query(connection, "from it.reference.lines where section_key = ? order by line_number", [section])


def line_customers(config: Settings, line_key: str, scope: Scope, as_of: date | None) -> tuple[date, Table]:
    """The customers on a line for a scope on a day, those who have been on it longest first."""
    with _counts(config, scope, as_of) as (connection, release, day):
        known = _column(
            connection,
            "select distinct section_number, line_number, line_key from it.sections.dashboard"
            " where line_key <> 'total' order by 1, 2",
        )
    if line_key not in known:
        near = get_close_matches(line_key, known, n=3, cutoff=0.6) or [key for key in known if line_key in key][:3]
        hint = f"did you mean {' or '.join(near)}?" if near else f"the lines are: {', '.join(known)}."
        raise UsageError(f"There is no line {line_key}; {hint}")
    with _published(release, "customers") as connection:
        return day, query(
            connection,
            f"from {_lists_of(release, day)} where line_key = ? and {_MAY_SEE}"
            " order by days_overdue desc nulls last, days_on_line desc nulls last, customer_id",
            [line_key, scope.type, scope.id, scope.id],
        )


def changes(config: Settings, scope: Scope, as_of: date | None) -> tuple[date, date, Table]:
    """How each line of a scope changed since the previous published day: entered, left, and the count now."""
    with _counts(config, scope, as_of) as (connection, _, day):
        rows = query(
            connection,
            "select m.previous_as_of_date, h.section_number, h.section_name, h.line_key, h.line_name, h.colour,"
            ' m.previous_count, m.entered, m."left", m.customer_count'
            " from it.sections.movement as m inner join it.sections.history as h"
            " using (as_of_date, scope_type, scope_id, section_key, line_key)"
            " where as_of_date = ? and scope_type = ? and scope_id = ? order by h.section_number, h.line_number",
            [day, scope.type, scope.id],
        )
    if not rows.rows:
        raise UsageError(f"{day} is the first day published; there is no earlier day to compare it with.")
    previous = rows.rows[0][0]
    assert isinstance(previous, date)  # noqa: S101 - by the output contract
    return day, previous, rows.select(*rows.columns[1:])


def moves(config: Settings, scope: Scope, day: date, previous: date) -> Table:
    """The customers who entered or left a line of a scope between two published days."""
    release, _ = release_with(config, day)
    with _published(release, "customers") as connection:
        return query(
            connection,
            f"with now as (from {_lists_of(release, day)} where {_MAY_SEE}),"
            f" before as (from {_lists_of(release, previous)} where {_MAY_SEE})"
            " select line_key, 'entered' as move, customer_id, first_name, last_name, provider_id, lwia_number"
            " from now anti join before using (section_key, line_key, customer_id)"
            " union all select line_key, 'left', customer_id, first_name, last_name, provider_id, lwia_number"
            " from before anti join now using (section_key, line_key, customer_id)"
            " order by line_key, move, customer_id",
            [scope.type, scope.id, scope.id] * 2,
        )


def customer(config: Settings, customer_id: str) -> dict[str, Table]:
    """What is known of a customer on the newest day, by table of the schema lists; ``UsageError`` for an unknown id."""
    release, _ = release_with(config, None)
    orders = {
        "customers": "customer_id",
        "line_customers": "section_number, line_number",
        "customer_services": "start_date, system desc, service_id",
        "exceptions": "reason",
        "sync_problems": "customer_id",
    }
    with _published(release, "customers") as connection:
        found = {
            table: query(connection, f"from it.lists.{table} where customer_id = ? order by {order}", [customer_id])
            for table, order in orders.items()
        }
    if not found["customers"].rows:
        raise UsageError(f"There is no customer {customer_id} on {release.as_of_date}, the newest published day.")
    return found


def sync_problems(config: Settings, scope: Scope) -> tuple[date, Table]:
    """The customers who aren't synced on the newest day, with the reason and the next step."""
    with _counts(config, scope, None) as (_, release, day), _published(release, "customers") as connection:
        return day, query(
            connection,
            f"from it.lists.sync_problems where {_MAY_SEE} order by sync_status, customer_id",
            [scope.type, scope.id, scope.id],
        )


def checks(config: Settings, as_of: date | None) -> tuple[str, Table]:
    """The checks of the last run, or of the last run of the day ``as_of``; whether it published or not."""
    columns = "title, name, asset, severity, passed, observed, expected"
    order = "order by passed, severity, title, asset"
    if as_of and (kept := config.checks / f"{as_of}.parquet").exists():
        with connect(config) as connection:
            sql = f"select {columns}, where_to_look from read_parquet(?) {order}"
            return f"the last run of {as_of}", query(connection, sql, [str(kept)])
    if as_of is None and config.warehouse.exists():
        with _opened(config.warehouse) as connection, suppress(duckdb.CatalogException):
            days = _column(connection, "select as_of_date from it.run.built")
            table = query(
                connection, f"select {columns}, where_to_look from {titled('it.run.check_results')} {order}", []
            )
            if days and table.rows:
                return f"the last run, of {days[0]}", table
    release, day = release_with(config, as_of)
    with _opened(release.file("dashboard")) as connection:
        source = _parquet(release, "dashboard/quality/checks", day)
        return f"{day}, as published", query(connection, f"select {columns} from {titled(source)} {order}", [])


def published_deliveries(config: Settings, days: Iterable[date]) -> dict[tuple[date, str], tuple[date, int]]:
    """Which delivery of each system the given days were built from, as far as they are published or pending.

    By day and system, the as-of date and the number of the delivery; IWDS's may be of an earlier day.
    """
    release = latest(config)
    folder = release.folder / "parquet" / "dashboard" / "quality" / "deliveries" if release else None
    files = [str(path) for day in days if folder and (path := folder / f"as_of_date={day}" / DATA).exists()]
    if not files:
        return {}
    with connect(config) as connection:
        found = connection.execute(
            "select cast(split_part(split_part(filename, '/', -2), '=', 2) as date) as day, system,"
            " max((as_of_date, delivery)) from read_parquet(?, hive_partitioning = false, filename = true)"
            " group by all",
            [files],
        ).fetchall()
    return {(day, system): delivery for day, system, delivery in found}


def iwds_day(release: Release, day: date) -> date | None:
    """The day that IWDS's rows of a published day are of; ``None`` when that is the day itself, or isn't known."""
    path = release.folder / "parquet" / "dashboard" / "quality" / "deliveries" / f"as_of_date={day}" / DATA
    if not path.exists():
        return None
    release.require_whole(str(path.relative_to(release.folder)))
    with duckdb.connect() as connection:
        [(found,)] = connection.execute(
            "select max(as_of_date) from read_parquet(?, hive_partitioning = false) where system = 'iwds'", [str(path)]
        ).fetchall()
    return found if found and found != day else None


@contextmanager
def both_files(release: Release) -> Iterator[duckdb.DuckDBPyConnection]:
    """The customer lists of a release attached as ``it``, its counts as ``counts``."""
    with _published(release, "customers") as connection, _published(release, "dashboard"):
        connection.execute(f"attach {literal(release.file('dashboard').resolve())} as counts (read_only)")
        yield connection


@contextmanager
def _counts(
    config: Settings, scope: Scope, as_of: date | None
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Release, date]]:
    """The dashboard's file for a scope and a day; ``UsageError`` when there is no such scope or day."""
    release, day = release_with(config, as_of)
    with _published(release, "dashboard") as connection:
        known = _column(
            connection,
            "select distinct scope_id from it.sections.history where as_of_date = ? and scope_type = ?"
            " and section_key = 'application_status' and line_key = 'total' order by 1",
            [day, scope.type],
        )
        if scope.id not in known:
            shown = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
            raise UsageError(f"There is no {scope.type} {scope.id} on the dashboard; there are: {shown}.")
        yield connection, release, day


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A file attached as ``it``."""
    if not path.exists():
        raise UsageError(f"{path} is not there.")
    with duckdb.connect() as connection:
        try:
            connection.execute(f"attach {literal(path.resolve())} as it (read_only)")
        except duckdb.IOException as error:
            if "ermission" in str(error):
                reason = ": customer lists are for super users and career planners" if path.stem == "customers" else ""
                raise UsageError(f"You may not read {path}{reason}.") from None
            if "lock" in str(error):
                raise UsageError(f"{path.name} is being written by a run; try again when it is done.") from None
            raise UsageError(f"{path} can't be opened as a DuckDB file.") from None
        yield connection


@contextmanager
def _published(release: Release, file: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A file of a release attached as ``it``; ``UsageError`` when an earlier version of yacp published it."""
    with _opened(release.file(file)) as connection:
        found = "select 1 from duckdb_tables() where database_name = 'it' and schema_name = ? and table_name = ?"
        if connection.execute(found, _YOUNGEST[file]).fetchone() is None:
            raise UsageError(
                f"An earlier version of yacp published {release.as_of_date}. Run that day again: it is then published "
                "as this version does, with all earlier days."
            )
        yield connection


def _lists_of(release: Release, day: date) -> str:
    """The customer lists of a published day: a table for the newest day, Parquet for earlier ones."""
    is_newest = day == release.as_of_date
    return with_younger_columns(
        "it.lists.line_customers" if is_newest else _parquet(release, "customers/lists/line_customers", day)
    )


def _parquet(release: Release, table: str, day: date) -> str:
    name = f"parquet/{table}/as_of_date={day}/{DATA}"
    release.require_whole(name)
    files = release.folder / name
    return f"read_parquet({literal(files)}, hive_partitioning = false)"


def _column(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object] = ()) -> list[str]:
    return [str(row[-1]) for row in connection.execute(sql, list(values)).fetchall()]
