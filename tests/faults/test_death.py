"""A run is killed, by SIGKILL and with all that it has started, and started again, at every kind of moment it has.

What is published then is compared with that of a run which nothing disturbed: equal, table by table and Parquet file
by Parquet file, but for when it was made. And what readers see is the day before, whole, or the day, whole.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Sample
from reader import look

HERE = Path(__file__).parent
KILLED = -9
PUBLISHING = "orchestration.publishing.release"
SEEN = {"following", "current", "releases", "dashboard.duckdb", "customers.duckdb", "parquet", "release.json"}
MADE_WHEN = {"loaded_at"}
Content = dict[str, tuple[object, ...]]


class Starter:
    """Starts parts of a run, or all of it, in processes that die as ordered."""

    def __init__(self, home: Path, extracts: Path, *imported: str) -> None:
        self.home = home
        self.extracts = extracts
        self.output = home.with_name(f"{home.name}.output")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("YACP_")}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "dying.py"), *imported],
            env=environment | {"YACP_HOME": str(home), "YACP_EXTRACTS": str(extracts), "COLUMNS": "160"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.output.open("a"),
            text=True,
        )

    def __call__(self, act: str, home: Path | None = None, **order: Any) -> int:
        """The exit status; ``KILLED`` for one that died as ordered."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        defaults = {"home": str(home or self.home), "extracts": str(self.extracts), "day": str(DAY)}
        self.output.write_text("")
        order = {"act": act, "output": str(self.output), **defaults, **order}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        status: int = json.loads(self.process.stdout.readline())["status"]
        return status

    def run(self, **order: Any) -> int:
        """``yacp run`` for the day."""
        return self("command", arguments=["run", "--as-of", str(DAY)], **order)

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@contextmanager
def starter(home: Path, extracts: Path, *imported: str) -> Iterator[Starter]:
    found = Starter(home, extracts, *imported)
    try:
        yield found
    finally:
        found.stop()


@dataclass(frozen=True)
class Nights:
    """A house in the evening, with the day before published and the day built; and what the morning is to look like."""

    sample: Sample
    evening: Path
    before: Content
    after: Content

    def house(self, folder: Path) -> Path:
        """Shares what publishing only reads; the release before is linked, and nothing may ever write through it."""
        folder.mkdir()
        for name in ("warehouse.duckdb", "dbt", "archive"):
            (folder / name).symlink_to(self.evening / name)
        shutil.copytree(self.evening / "published", folder / "published", symlinks=True, copy_function=os.link)
        return folder


@pytest.fixture(scope="module")
def nights(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    evening = tmp_path_factory.mktemp("nights") / "evening"
    shutil.copytree(sample.home, evening, symlinks=True)
    after = content(evening / "published" / "current")
    shutil.rmtree(evening / "published" / "releases" / f"{DAY}-1")
    (evening / "published" / "current").unlink()
    (evening / "published" / "current").symlink_to(f"releases/{DAY_BEFORE}-1")
    before = content(evening / "published" / "current")
    assert before != after
    return Nights(sample, evening, before, after)


def content(release: Path) -> Content:
    """Of every table and every Parquet file: the number of rows, and a sum over all of them."""
    found: Content = {}
    release = release.resolve()
    with duckdb.connect() as connection:
        for file in ("dashboard", "customers"):
            connection.execute(f"attach '{release / file}.duckdb' as {file} (read_only)")
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = ? union all"
                " select schema_name, view_name from duckdb_views() where database_name = ? and not internal",
                [file, file],
            ).fetchall()
            for schema, name in names:
                found[f"{file}.{schema}.{name}"] = digest(connection, f'{file}."{schema}"."{name}"')
        for path in sorted((release / "parquet").rglob("*.parquet")):
            relation = f"read_parquet('{path}', hive_partitioning = false)"
            found[str(path.relative_to(release))] = digest(connection, relation)
    return found


def digest(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[object, ...]:
    columns = [str(row[0]) for row in connection.execute(f"describe from {relation}").fetchall()]
    kept = ", ".join(f'"{column}"' for column in columns if column not in MADE_WHEN)
    row = connection.execute(f"select count(*), sum(hash(row({kept}))) from {relation}").fetchone()
    return (tuple(columns), *(row or ()))


def standing(home: Path, nights: Nights) -> str:
    """``before`` or ``after``; anything else is a mixture."""
    look(home / "published")
    seen = content(home / "published" / "current")
    assert seen in (nights.before, nights.after)
    return "before" if seen == nights.before else "after"


def points(steps: list[str]) -> list[tuple[str, int]]:
    """One of each kind of step as pattern and number: what differs in the table or file only is of one kind.

    Before the release has its name it is the one in the middle; from then on every step counts.
    """
    often: dict[str, int] = {}
    found = []
    for number, step in enumerate(steps):
        kind = re.sub(r"parquet/[^ ]+", "parquet/…", re.sub(r"^(sql \w+).*", r"\1", step))
        often[kind] = often.get(kind, 0) + 1
        if any(".building ->" in done for done in steps[: number + 1]):
            found.append((kind, often[kind]))
    built = {kind: count - sum(1 for later, _ in found if later == kind) for kind, count in often.items()}
    return [(kind, (count + 1) // 2) for kind, count in built.items() if count] + found


def pattern(kind: str) -> str:
    return "^" + re.escape(kind).replace("…", "[^ ]+")


def test_publishing_dies_at_every_kind_of_step(nights: Nights, tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    least = {"releases_kept": 1}  # so that it removes one too
    with (
        starter(tmp_path / "one", nights.sample.extracts, PUBLISHING) as one,
        starter(tmp_path / "two", nights.sample.extracts, PUBLISHING) as two,
    ):
        calm = nights.house(tmp_path / "calm")
        assert one("publish", calm, record=str(steps), settings=least) == 0
        assert standing(calm, nights) == "after"
        moments = [(kind, count, 0.0) for kind, count in points(steps.read_text().splitlines())]
        # And while DuckDB or the system writes.
        moments += [("sql copy", 4, 0.002), ("sql create", 20, 0.001), ("sql insert", 2, 0.002), ("shutil", 1, 0.001)]
        assert len(moments) > 35

        def die_and_rise(start: Starter, number: int) -> str:
            kind, count, delay = moments[number]
            home = nights.house(tmp_path / f"{number}")
            order = {"before": pattern(kind), "count": count, "delay": delay}
            assert start("publish", home, settings=least, **order) == KILLED, moments[number]
            seen = standing(home, nights)
            assert start("publish", home, settings=least) == 0, moments[number]
            # Once it is published, only a whole run may follow, which builds the day over it.
            assert seen == "after" or standing(home, nights) == "after", moments[number]
            (left,) = (home / "published" / "releases").glob("[0-9]*")
            assert left == (home / "published" / "current").resolve(), moments[number]
            assert {path.name for path in (home / "published").iterdir()} == SEEN, moments[number]
            shutil.rmtree(home)
            return seen

        with ThreadPoolExecutor(2) as pool:
            halves = [
                pool.submit(
                    lambda start=start, first=first: [die_and_rise(start, n) for n in range(first, len(moments), 2)]
                )
                for first, start in enumerate((one, two))
            ]
            seen = [day for half in halves for day in half.result()]
    assert seen.count("before") > 30
    assert seen.count("after") > 1


def test_landing_dies_at_every_kind_of_step(nights: Nights, tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    with starter(tmp_path / "one", nights.sample.extracts, "orchestration.extracts.landing") as start:
        calm = tmp_path / "calm"
        assert start("land", calm, record=str(steps)) == 0
        wanted = archived(calm)
        assert len(wanted) == 18
        often: dict[str, int] = {}
        for step in steps.read_text().splitlines():
            kind = re.sub(r"(?<=-)\w{8}(?=/)|(?<=/)[^/ ]+(?= |$)", "…", re.sub(r"^(sql \w+).*", r"\1", step))
            often[kind] = often.get(kind, 0) + 1
        moments = [(kind, (count + 1) // 2) for kind, count in often.items()]
        moments += [("os.rename", 2)]  # one system's delivery is accepted, the other's is not
        assert len(moments) > 12
        for kind, count in moments:
            home = tmp_path / "home"
            assert start("land", home, before=pattern(kind), count=count) == KILLED, (kind, count)
            kept = archived(home)
            assert kept.items() <= wanted.items(), (kind, count)
            assert start("land", home) == 0
            assert archived(home) == wanted, (kind, count)
            assert not list((home / "archive" / ".incoming").iterdir()), (kind, count)
            shutil.rmtree(home)


def archived(home: Path) -> dict[str, object]:
    """What was accepted: the bytes of each file, and of the account all but when it was made."""
    found: dict[str, object] = {}
    for path in (home / "archive").glob("[a-z]*/*/*/*"):
        is_account = path.name == "account.parquet"
        with duckdb.connect() as connection:
            relation = f"read_parquet('{path}')"
            found[str(path.relative_to(home))] = digest(connection, relation) if is_account else path.read_bytes()
    return found
