"""The processes that test_concurrent_readers.py starts: the publisher, and readers of every kind.

In every table some column says which release it belongs to. A reader reads all of them again and again, and logs each
time which day it saw or what was wrong. Each release is of the next day.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import duckdb

from orchestration.publishing.publish import publish
from orchestration.settings import Settings
from orchestration.state.releases import current, releases
from orchestration.warehouse.dbt_project import compiled_marts

SECTIONS = (
    "application_status", "suitability_review", "enrollment_status", "progress_page_update", "case_note_update",
    "customer_services", "program_completion", "dashboard", "coming_due", "waiting", "flow",
)  # fmt: skip
MARK = "of the day"
ROWS_A_TABLE = 40

COUNTS = {f"sections.{name}": "as_of_date" for name in SECTIONS}
COUNTS |= {f"sections.{name}": "max(as_of_date)" for name in ("history", "movement")}
COUNTS |= {f"quality.{name}": "as_of_date" for name in ("deliveries", "sync_status", "exceptions_summary")}
COUNTS |= {"quality.checks": "cast(observed as date)"}
LISTS = {
    f"lists.{name}": "as_of_date"
    for name in ("line_customers", "sync_problems", "exceptions", "customers", "customer_services")
}
LISTS |= {"lists.entitlements": "cast(role as date)"}
LISTS |= {f"lists.{name}": "max(valid_from)" for name in ("line_history", "scope_history")}


def prepare(config: Settings) -> None:
    """Leaves few rows, so that publishing is fast."""
    with duckdb.connect(str(config.warehouse)) as warehouse:
        for schema, table in _tables(warehouse):
            warehouse.execute(f"delete from {schema}.{table} where rowid >= {ROWS_A_TABLE}")


def set_day(config: Settings, day: date) -> None:
    """The warehouse as after the run of another day: every table has that day."""
    with duckdb.connect(str(config.warehouse)) as warehouse:
        dated = warehouse.execute(
            "select schema_name, table_name from duckdb_columns() where column_name = 'as_of_date'"
        ).fetchall()
        for schema, table in _tables(warehouse):
            if (schema, table) in dated:
                warehouse.execute(f"update {schema}.{table} set as_of_date = ?", [day])
        warehouse.execute("update run.check_results set observed = ?", [str(day)])
        warehouse.execute("update lists.entitlements set role = ?", [str(day)])
        for changes, stays, columns in (
            ("int_history__line_changes", "line_history", "customer_id, section_key, line_key"),
            ("int_history__scope_changes", "scope_history", "customer_id, provider_id"),
        ):
            # Yesterday's stay is replaced by today's.
            values = ", ".join(f"'{MARK}'" for _ in columns.split(", "))
            warehouse.execute(f"delete from intermediate.{changes}; delete from lists.{stays}")
            if stays == "scope_history":
                columns, values = f"{columns}, lwia_number", f"{values}, 1"
            warehouse.execute(
                f"insert into intermediate.{changes} ({columns}, valid_from, is_removed) values ({values}, ?, true)",
                [day - timedelta(days=1)],
            )
            warehouse.execute(f"insert into lists.{stays} ({columns}, valid_from) values ({values}, ?)", [day])


def _tables(warehouse: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return warehouse.execute(
        "select schema_name, table_name from duckdb_tables() where schema_name in ('sections', 'lists', 'quality')"
    ).fetchall()


def publications(config: Settings, first: date, count: int) -> None:
    """Publishes one day after the other, and checks each time that only the newest releases are kept."""
    marts = compiled_marts(config)
    published = [release.name for release in releases(config)]
    for number in range(count):
        day = first + timedelta(days=number)
        set_day(config, day)
        published.append(publish(config, day, marts, "run").name)
        kept = [release.name for release in releases(config)]
        assert kept == published[-config.releases_kept :], kept
        assert current(config).name == published[-1]  # type: ignore[union-attr]
        print(day, flush=True)


class Reader:
    """Looks again and again until the file ``stop`` exists, and logs each look."""

    def __init__(self, published: Path, log: Path, stop: Path) -> None:
        self.published, self.stop = published, stop
        self.file = log.open("a")
        self.newest = date.min

    def looks(self, look: Callable[[], set[date]]) -> None:
        """The last look starts after the last publication."""
        while True:
            is_last = self.stop.exists()
            try:
                days = look()
            except Exception as error:
                self.write({"wrong": f"{type(error).__name__}: {error}"})
            else:
                if len(days) != 1:
                    self.write({"wrong": f"mixed: {sorted(map(str, days))}"})
                elif min(days) < self.newest:
                    self.write({"wrong": f"{min(days)} after {self.newest}"})
                else:
                    self.newest = max(days)
                    self.write({"day": str(self.newest)})
            if is_last:
                return
            time.sleep(0.05)

    def write(self, line: dict[str, str]) -> None:
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()


def days_of(connection: duckdb.DuckDBPyConnection, tables: dict[str, str], database: str) -> set[date]:
    """The days of all tables, in one query."""
    selects = (f"select {day} as day from {database}.{table}" for table, day in tables.items())
    rows = connection.execute(f"select distinct day from ({' union all '.join(selects)})").fetchall()
    return {day for (day,) in rows}


@contextmanager
def attached(*files: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The files, as ``counts`` and ``customers``."""
    with duckdb.connect() as connection:
        for file in files:
            name = "customers" if file.name == "customers.duckdb" else "counts"
            connection.execute(f"attach '{file}' as {name} (read_only)")
        yield connection


def opening_counts_each_time(reader: Reader) -> None:
    def look() -> set[date]:
        with attached(reader.published / "dashboard.duckdb") as connection:
            return days_of(connection, COUNTS, "counts")

    reader.looks(look)


def opening_lists_each_time(reader: Reader) -> None:
    def look() -> set[date]:
        with attached(reader.published / "customers.duckdb") as connection:
            return days_of(connection, LISTS, "customers")

    reader.looks(look)


def opening_the_current_release(reader: Reader) -> None:
    """Both files and the Parquet of one release, whose link is resolved once."""

    def look() -> set[date]:
        release = (reader.published / "current").resolve()
        with attached(release / "dashboard.duckdb", release / "customers.duckdb") as connection:
            days = days_of(connection, COUNTS, "counts") | days_of(connection, LISTS, "customers")
            for table in ("dashboard/sections/flow", "dashboard/sections/history", "customers/lists/exceptions"):
                days |= newest_in(connection, f"{release}/parquet/{table}")
            return days

    reader.looks(look)


def holding_counts_open(reader: Reader) -> None:
    """A different table each time, so that some are read for the first time long after their release was removed."""
    tables = iter(list(COUNTS.items()) * 1000)
    with attached(reader.published / "dashboard.duckdb") as connection:
        reader.looks(lambda: days_of(connection, dict([next(tables)]), "counts"))


def holding_lists_open_for_a_while(reader: Reader) -> None:
    def look() -> set[date]:
        with attached(reader.published / "customers.duckdb") as connection:
            days = set()
            for table, day in LISTS.items():
                days |= days_of(connection, {table: day}, "customers")
                time.sleep(0.5)
            return days

    reader.looks(look)


def newest_in(connection: duckdb.DuckDBPyConnection, folder: str) -> set[date]:
    """The newest day in a table's Parquet; each folder must contain just its own day."""
    days = connection.execute(
        "select cast(split_part(split_part(filename, '/', -2), '=', 2) as date), list(distinct as_of_date)"
        f" from read_parquet('{folder}/*/*.parquet', hive_partitioning = false, filename = true) group by filename"
    ).fetchall()
    assert all(found == [day] for day, found in days), days
    return {max(day for day, _ in days)}


def reading_parquet(reader: Reader) -> None:
    """One connection all the time, one table after the other, by paths through the link."""
    tables = ["dashboard/sections/flow", "dashboard/sections/history", "customers/lists/line_customers"]
    turn = iter(range(10**9))
    stays = reader.published / "parquet" / "customers" / "lists" / "line_history" / "*" / "*.parquet"
    with duckdb.connect() as connection:

        def look() -> set[date]:
            number = next(turn) % (len(tables) + 1)
            if number == len(tables):
                return {d for (d,) in connection.execute(f"select max(valid_from) from '{stays}'").fetchall()}
            return newest_in(connection, f"{reader.published}/parquet/{tables[number]}")

        reader.looks(look)


def following_counts(reader: Reader) -> None:
    """One connection all the time; half of the queries were prepared on the first day."""
    with attached(reader.published / "following" / "dashboard.duckdb") as connection:
        selects = (f"select {day} as day from counts.{table}" for table, day in COUNTS.items())
        connection.execute(f"prepare kept as select distinct day from ({' union all '.join(selects)})")
        turn = iter(range(10**9))

        def look() -> set[date]:
            if next(turn) % 2:
                return {day for (day,) in connection.execute("execute kept").fetchall()}
            return days_of(connection, COUNTS, "counts")

        reader.looks(look)


def following_counts_and_lists(reader: Reader) -> None:
    """Joins across both files."""
    folder = reader.published / "following"
    with attached(folder / "dashboard.duckdb", folder / "customers.duckdb") as connection:

        def look() -> set[date]:
            rows = connection.execute(
                "select distinct counts.as_of_date, lists.as_of_date, cast(staff.role as date), history.as_of_date"
                " from counts.sections.dashboard as counts"
                " cross join customers.lists.line_customers as lists"
                " cross join (from customers.lists.entitlements limit 1) as staff"
                " cross join (select max(as_of_date) as as_of_date from counts.sections.history) as history"
            ).fetchall()
            return {day for row in rows for day in row}

        reader.looks(look)


def following_in_transactions(reader: Reader) -> None:
    """Like a page of charts: several queries in a transaction, while releases are published."""
    with attached(reader.published / "following" / "dashboard.duckdb") as connection:
        tables = iter(list(COUNTS.items()) * 10000)

        def look() -> set[date]:
            days: set[date] = set()
            connection.begin()
            try:
                for _ in range(5):
                    days |= days_of(connection, dict([next(tables)]), "counts")
                    time.sleep(0.3)
            finally:
                connection.rollback()
            return days

        reader.looks(look)


def following_from_threads(reader: Reader) -> None:
    """A tool with a pool of connections to one database."""
    with attached(reader.published / "following" / "customers.duckdb") as connection:

        def look() -> set[date]:
            days: list[set[date]] = []
            threads = [
                threading.Thread(target=lambda cursor: days.append(days_of(cursor, LISTS, "customers")), args=(cursor,))
                for cursor in (connection.cursor() for _ in range(4))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(days) == len(threads)
            assert all(len(seen) == 1 for seen in days), days
            return max(days, key=max)

        reader.looks(look)


READERS = (
    opening_counts_each_time,
    opening_lists_each_time,
    opening_the_current_release,
    holding_counts_open,
    holding_lists_open_for_a_while,
    reading_parquet,
    following_counts,
    following_counts_and_lists,
    following_in_transactions,
    following_from_threads,
)


def main() -> None:
    what, home = sys.argv[1], Path(sys.argv[2])
    if what == "publish":
        config = Settings(home=home, following_minutes=0.25)
        publications(config, date.fromisoformat(sys.argv[3]), int(sys.argv[4]))
    else:
        reader = Reader(home / "published", Path(sys.argv[3]), Path(sys.argv[4]))
        next(kind for kind in READERS if kind.__name__ == what)(reader)


if __name__ == "__main__":
    os.nice(0 if sys.argv[1] == "publish" else 5)
    main()
