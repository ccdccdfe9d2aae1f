"""A run is killed, by SIGKILL and with all that it has started, and started again, at every kind of moment it has.

Landing and publishing are killed by themselves at every kind of step; test_killed_runs.py kills whole runs. What is
published then is that of a run which nothing disturbed, and readers see the day before, whole, or the day, whole.
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
from pipeline_runs import KILLED, SEEN, PipelineRuns, Starter, digest, standing, starter

from orchestration.sample.generator import generate

PUBLISHING = "orchestration.publishing.publish"
Result = TypeVar("Result")


def points(steps: list[str]) -> list[tuple[str, int]]:
    """One of each kind of step as pattern and number: what differs in the table or file only is of one kind.

    What goes on in a folder that nobody looks at yet is killed in the middle of its kind; from the moment the release
    has its name, every other step counts.
    """
    often: dict[str, int] = {}
    found = []
    for number, step in enumerate(steps):
        kind = re.sub(r"^(sql \w+).*", r"\1", step)
        kind = re.sub(r"(parquet|following/releases/\.building)/[^ ]+", r"\1/…", kind)
        kind = re.sub(r"(?<=/release=)[\d-]+", "…", kind)
        often[kind] = often.get(kind, 0) + 1
        if ".building/" not in kind and any(".building ->" in done for done in steps[: number + 1]):
            found.append((kind, often[kind]))
    built = {kind: count - sum(1 for later, _ in found if later == kind) for kind, count in often.items()}
    return [(kind, (count + 1) // 2) for kind, count in built.items() if count] + found


def pattern(kind: str) -> str:
    return "^" + re.escape(kind).replace("…", "[^ ]+")


def test_publishing_dies_at_every_kind_of_step(pipeline_runs: PipelineRuns, tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    least = {"releases_kept": 1}  # so that it removes one too
    with (
        starter(tmp_path / "one", pipeline_runs.sample.extracts, PUBLISHING) as one,
        starter(tmp_path / "two", pipeline_runs.sample.extracts, PUBLISHING) as two,
    ):
        calm = pipeline_runs.built(tmp_path / "calm")
        assert one("publish", calm, record=str(steps), settings=least) == 0
        assert standing(calm, pipeline_runs) == "after"
        moments = [(kind, count, 0.0) for kind, count in points(steps.read_text().splitlines())]
        # And while DuckDB or the system writes.
        moments += [("sql copy", 4, 0.002), ("sql create", 20, 0.001), ("sql insert", 2, 0.002), ("shutil", 1, 0.001)]
        assert len(moments) > 35

        def die_and_rise(start: Starter, number: int) -> str:
            kind, count, delay = moments[number]
            home = pipeline_runs.built(tmp_path / f"{number}")
            order = {"before": pattern(kind), "count": count, "delay": delay}
            assert start("publish", home, settings=least, **order) == KILLED, moments[number]
            seen = standing(home, pipeline_runs)
            assert start("publish", home, settings=least) == 0, moments[number]
            # Once it is published, only a whole run may follow, which builds the day over it.
            assert seen == "after" or standing(home, pipeline_runs) == "after", moments[number]
            (left,) = (home / "published" / "releases").glob("[0-9]*")
            assert left == (home / "published" / "current").resolve(), moments[number]
            assert {path.name for path in (home / "published").iterdir()} == SEEN, moments[number]
            shutil.rmtree(home)
            return seen

        seen = by_two(die_and_rise, (one, two), len(moments))
    assert seen.count("before") > 30
    assert seen.count("after") > 1


def test_landing_dies_at_every_kind_of_step(tmp_path: Path) -> None:
    steps, extracts = tmp_path / "steps", tmp_path / "extracts"
    generate(extracts, customers=1000, as_of=DAY, faults=True)
    landing = "orchestration.landing.intake"
    with starter(tmp_path / "one", extracts, landing) as one, starter(tmp_path / "two", extracts, landing) as two:
        calm = tmp_path / "calm"
        assert one("land", calm, record=str(steps)) == 0
        wanted = archived(calm)
        assert len(wanted) == 18
        often: dict[str, int] = {}
        for step in steps.read_text().splitlines():
            kind = re.sub(r"(?<=-)\w{8}(?=/)|(?<=/)[^/ ]+(?= |$)", "…", re.sub(r"^(sql \w+).*", r"\1", step))
            often[kind] = often.get(kind, 0) + 1
        moments = [(kind, (count + 1) // 2) for kind, count in often.items()]
        moments += [("os.rename", 2)]  # one system's delivery is accepted, the other's is not
        assert len(moments) > 12

        def die_and_rise(start: Starter, number: int) -> None:
            kind, count = moments[number]
            home = tmp_path / f"{number}"
            order = {"before": pattern(kind), "count": count}
            assert start("land", home, **order) == KILLED, moments[number]
            assert archived(home).items() <= wanted.items(), moments[number]
            assert start("land", home) == 0
            assert archived(home) == wanted, moments[number]
            assert not list((home / "archive" / ".incoming").iterdir()), moments[number]
            shutil.rmtree(home)

        by_two(die_and_rise, (one, two), len(moments))


def by_two(do: Callable[[Starter, int], Result], starters: tuple[Starter, Starter], count: int) -> list[Result]:
    """Every other one each, at the same time."""

    def half(first: int) -> list[Result]:
        return [do(starters[first], number) for number in range(first, count, 2)]

    with ThreadPoolExecutor(2) as pool:
        return [result for results in pool.map(half, (0, 1)) for result in results]


def archived(home: Path) -> dict[str, object]:
    """What was accepted: the bytes of each file, and of the account all but when it was made."""
    found: dict[str, object] = {}
    for path in (home / "archive").glob("[a-z]*/*/*/*"):
        is_account = path.name == "account.parquet"
        with duckdb.connect() as connection:
            relation = f"read_parquet('{path}')"
            found[str(path.relative_to(home))] = digest(connection, relation) if is_account else path.read_bytes()
    return found
