"""Landing and publishing are killed by SIGKILL at every kind of step, and started again.

Afterwards the archive and the release equal those of an undamaged run, and meanwhile readers see either the previous
day or the new day, complete. test_killed_runs.py kills whole runs.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import duckdb
from conftest import DAY
from pipeline_runs import KILLED, PUBLISHED_NAMES, PipelineRuns, Starter, digest, published_state, starter

from orchestration.sample.generator import generate
from orchestration.state.checksums import CHECKSUMS

PUBLISHING = "orchestration.publishing.publish"
Result = TypeVar("Result")


def points(steps: list[str]) -> list[tuple[str, int]]:
    """One step of each kind, as pattern and number; steps that differ only in the table or file are of one kind.

    While the release is built where nobody reads, the middle step of each kind is taken; from the moment it has its
    name, every step that is not of that folder.
    """
    count_of: dict[str, int] = {}
    found = []
    for number, step in enumerate(steps):
        kind = re.sub(r"^(sql \w+).*", r"\1", step)
        kind = re.sub(r"(parquet|following/releases/\.building)/[^ ]+", r"\1/…", kind)
        kind = re.sub(r"(?<=/release=)[\d-]+|(?<=json\.)\d+(?=\.new)", "…", kind)
        count_of[kind] = count_of.get(kind, 0) + 1
        if ".building/" not in kind and any(".building ->" in done for done in steps[: number + 1]):
            found.append((kind, count_of[kind]))
    built = {kind: count - sum(1 for later, _ in found if later == kind) for kind, count in count_of.items()}
    return [(kind, (count + 1) // 2) for kind, count in built.items() if count] + found


def pattern(kind: str) -> str:
    return "^" + re.escape(kind).replace("…", "[^ ]+")


def test_publishing_killed_at_every_kind_of_step(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    keep_one = {"releases_kept": 1}  # so that publishing removes one too
    with (
        starter(tmp_path / "one", pipeline_runs.sample.extracts, PUBLISHING) as one,
        starter(tmp_path / "two", pipeline_runs.sample.extracts, PUBLISHING) as two,
    ):
        undamaged = pipeline_runs.state_built(tmp_path / "undamaged")
        assert one("publish", undamaged, record=str(steps), settings=keep_one) == 0
        assert published_state(undamaged, pipeline_runs) == "after"
        moments = [(kind, count, 0.0) for kind, count in points(steps.read_text().splitlines())]
        # And a moment later, while DuckDB or the system writes, or the process that writes a database.
        moments += [("sql copy", 4, 0.002), ("shutil", 1, 0.001)]
        moments += [("start", 1, 0.5), ("start", 2, 0.4), ("start", 2, 0.6)]
        assert len(moments) > 35

        def kill_and_restart(start: Starter, number: int) -> str:
            kind, count, delay = moments[number]
            home = pipeline_runs.state_built(tmp_path / f"{number}")
            order = {"before": pattern(kind), "count": count, "delay": delay}
            assert start("publish", home, settings=keep_one, **order) == KILLED, moments[number]
            seen = published_state(home, pipeline_runs)
            assert start("publish", home, settings=keep_one) == 0, moments[number]
            # Once the day is published, publishing it again alone is not a valid step; only a whole run is.
            assert seen == "after" or published_state(home, pipeline_runs) == "after", moments[number]
            (release,) = (home / "published" / "releases").glob("[0-9]*")
            assert release == (home / "published" / "current").resolve(), moments[number]
            assert {path.name for path in (home / "published").iterdir()} == PUBLISHED_NAMES, moments[number]
            shutil.rmtree(home)
            return seen

        seen = by_two(kill_and_restart, (one, two), len(moments))
    assert seen.count("before") > 30
    assert seen.count("after") > 1


def test_landing_killed_at_every_kind_of_step(tmp_path: Path) -> None:
    steps, extracts = tmp_path / "steps", tmp_path / "extracts"
    generate(extracts, customers=1000, as_of=DAY, faults=True)
    landing = "orchestration.landing.intake"
    with starter(tmp_path / "one", extracts, landing) as one, starter(tmp_path / "two", extracts, landing) as two:
        undamaged = tmp_path / "undamaged"
        assert one("land", undamaged, record=str(steps)) == 0
        wanted = archived(undamaged)
        assert len(wanted) == 18
        count_of: dict[str, int] = {}
        for step in steps.read_text().splitlines():
            kind = re.sub(r"(?<=-)\w{8}(?=/)|(?<=/)[^/ ]+(?= |$)", "…", re.sub(r"^(sql \w+).*", r"\1", step))
            count_of[kind] = count_of.get(kind, 0) + 1
        moments = [(kind, (count + 1) // 2) for kind, count in count_of.items()]
        moments += [("os.rename", 2)]  # one system's delivery is accepted, the other's is not
        assert len(moments) > 12

        def kill_and_restart(start: Starter, number: int) -> None:
            kind, count = moments[number]
            home = tmp_path / f"{number}"
            order = {"before": pattern(kind), "count": count}
            assert start("land", home, **order) == KILLED, moments[number]
            assert archived(home).items() <= wanted.items(), moments[number]
            assert start("land", home) == 0
            assert archived(home) == wanted, moments[number]
            assert not list((home / "archive" / ".incoming").iterdir()), moments[number]
            shutil.rmtree(home)

        by_two(kill_and_restart, (one, two), len(moments))


def by_two(do: Callable[[Starter, int], Result], starters: tuple[Starter, Starter], count: int) -> list[Result]:
    """Divides the numbers between two starters that work at the same time."""

    def half(first: int) -> list[Result]:
        return [do(starters[first], number) for number in range(first, count, 2)]

    with ThreadPoolExecutor(2) as pool:
        return [result for results in pool.map(half, (0, 1)) for result in results]


def archived(home: Path) -> dict[str, object]:
    """The accepted files: their bytes, and of the account everything except the time."""
    found: dict[str, object] = {}
    for path in (home / "archive").glob("[a-z]*/*/*/*"):
        if path.name == CHECKSUMS:  # other ones each time, because an account has the time
            continue
        is_account = path.name == "account.parquet"
        with duckdb.connect() as connection:
            relation = f"read_parquet('{path}')"
            found[str(path.relative_to(home))] = digest(connection, relation) if is_account else path.read_bytes()
    return found
