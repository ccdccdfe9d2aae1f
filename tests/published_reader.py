"""Reads what is published again and again until it gets SIGTERM, and once more; then prints what it saw.

It opens each file at the path for readers, and both files of the release that ``current`` links to. Everything must
belong to one day and be complete: as many rows as ``release.json`` says.
"""

import json
import signal
import sys
import time
from pathlib import Path

import duckdb

MANY_DAYS = {"attention_history", "history", "movement", "line_history", "scope_history"}


def look(published: Path) -> str:
    """The day that is published; ``AssertionError`` when there is none, or two."""
    folder = (published / "current").resolve()
    record = json.loads((folder / "release.json").read_text())
    rows, days = {}, set()
    for file in ("dashboard", "customers"):
        with duckdb.connect(folder / f"{file}.duckdb", read_only=True) as connection:
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() union all"
                " select schema_name, view_name from duckdb_views() where not internal"
            ).fetchall()
            for schema, name in names:
                relation = f'{file}."{schema}"."{name}"'
                columns = [row[0] for row in connection.execute(f"describe {relation}").fetchall()]
                (count,) = connection.execute(f"select count(*) from {relation}").fetchone() or (None,)
                rows[f"{schema}.{name}"] = count
                if "as_of_date" in columns and name not in MANY_DAYS:
                    found = connection.execute(f"select distinct as_of_date from {relation}").fetchall()
                    days |= {str(day) for (day,) in found}
    assert rows == record["rows"], f"{rows} is not what release.json says: {record['rows']}"
    assert days == {record["as_of_date"]}, f"{days} in one release"
    with duckdb.connect(published / "dashboard.duckdb", read_only=True) as connection:
        found = connection.execute("select as_of_date, count(*) from sections.dashboard group by all").fetchall()
    assert len(found) == 1, f"{found} in one table"
    return str(found[0][0])


def main() -> None:
    published = Path(sys.argv[1])
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    looks, days, problems = 0, list[str](), list[str]()
    print("looking", flush=True)
    is_last = False
    while not is_last:
        is_last = bool(stopped)  # one more look begins after the signal, at what was published last
        try:
            day = look(published)
            if day not in days[-1:]:
                days.append(day)
        except Exception as error:
            problems.append(f"{type(error).__name__}: {error}"[:500])
        looks += 1
        if not stopped:
            time.sleep(0.5)  # leaves the processor to the run
    print(json.dumps({"looks": looks, "days": days, "problems": problems}))


if __name__ == "__main__":
    main()
