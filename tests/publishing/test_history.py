"""History is exact for any order of arrival: it is compared with the daily lists."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from statistics import median

import duckdb
import pytest
from conftest import query
from forked_dbt import run_dbt
from shared_sample import SECTIONS

from orchestration.contract.systems import SYSTEMS
from orchestration.landing.archive import Archive
from orchestration.landing.intake import land
from orchestration.publishing.publish import publish
from orchestration.sample.generator import generate
from orchestration.settings import Settings
from orchestration.state.releases import current
from orchestration.warehouse.dbt_project import compiled_marts
from orchestration.warehouse.preparation import prepare

DAYS = [date(2026, 11, day) for day in (2, 9, 16, 23)]  # the days between were not delivered
COMPARED = {
    "sections.history",
    "sections.movement",
    "sections.dashboard",
    "sections.waiting",
    "sections.flow",
    "lists.line_history",
    "lists.scope_history",
    "lists.line_customers",
}
Stay = tuple[str, str, str, date, date | None]


def publish_day(config: Settings, day: date) -> None:
    """A run without its checks, and without the tables that have no history; they have their own tests."""
    prepare(config, [land(config, system, day) for system in SYSTEMS])
    needed = {f"sections.{section}" for section in SECTIONS}  # the dashboard is a view of these
    keys = COMPARED | needed | {"quality.sync_status"}  # which the next day's run reads
    run_dbt(config, day, "run", "--select", *(f"+{key.split('.')[1]}" for key in keys))
    publish(config, day, [mart for mart in compiled_marts(config) if mart.key in keys], "run")


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The third day, the last, the first, the second, the second again with a correction, and the last again."""
    folder = tmp_path_factory.mktemp("history")
    config = Settings(home=folder / "home", extracts=str(folder / "extracts"))
    config.state.mkdir()
    for day in DAYS:
        generate(folder / "extracts", customers=600, as_of=day, seed=4)
    run_dbt(config, DAYS[0], "seed")
    for number in (2, 3, 0, 1):
        publish_day(config, DAYS[number])
    visible = current(config)
    assert visible is not None
    assert visible.days == (DAYS[2], DAYS[3])  # the older days are pending
    generate(folder / "extracts", customers=560, as_of=DAYS[1], seed=4, delivery=2)
    publish_day(config, DAYS[1])
    publish_day(config, DAYS[3])  # as the command does: the newest day's tables cover all days
    return config


def rows(config: Settings, file: str, sql: str) -> list[tuple[object, ...]]:
    return query(config.published / f"{file}.duckdb", sql)


@pytest.fixture(scope="module")
def lists(arrived: Settings) -> dict[date, set[tuple[str, ...]]]:
    """The truth: each day's own list as it was published."""
    found: dict[date, set[tuple[str, ...]]] = {}
    for day in DAYS:
        folder = arrived.published / "parquet" / "customers" / "lists" / "line_customers" / f"as_of_date={day}"
        found[day] = set(
            duckdb.sql(
                "select customer_id, section_key, line_key, provider_id, cast(lwia_number as varchar)"
                f" from read_parquet('{folder}/*.parquet', hive_partitioning = false)"
            ).fetchall()
        )
    return found


def stays(on_line: Iterable[tuple[date, tuple[str, ...]]]) -> set[tuple[object, ...]]:
    days_of = defaultdict(set)
    for day, key in on_line:
        days_of[key].add(day)
    found = set()
    for key, days in days_of.items():
        started = None
        for day in DAYS:
            if day in days and started is None:
                started = day
            elif day not in days and started is not None:
                found.add((*key, started, day))
                started = None
        if started is not None:
            found.add((*key, started, None))
    return found


def test_the_corrected_day_differs(lists: dict[date, set[tuple[str, ...]]]) -> None:
    assert len({row[0] for row in lists[DAYS[1]]}) < len({row[0] for row in lists[DAYS[0]]})


def test_stays_are_those_of_the_lists(arrived: Settings, lists) -> None:
    expected = stays((day, row[:3]) for day in DAYS for row in lists[day])
    assert set(rows(arrived, "customers", "from it.lists.line_history")) == expected
    assert len(expected) > 500


def test_the_stays_give_every_past_list(arrived: Settings, lists) -> None:
    for day in DAYS:
        found = rows(
            arrived,
            "customers",
            "select customer_id, section_key, line_key from it.lists.line_history"
            f" where valid_from <= date '{day}' and (valid_to is null or valid_to > date '{day}')",
        )
        assert set(found) == {row[:3] for row in lists[day]}


def test_movement_is_the_difference_of_the_lists(arrived: Settings, lists) -> None:
    by_scope: dict[date, dict[tuple[str, ...], set[str]]] = {day: defaultdict(set) for day in DAYS}
    for day in DAYS:
        for customer, section, line, provider, lwia in lists[day]:
            for scope in (("statewide", "IL"), ("provider", provider), ("lwia", lwia)):
                by_scope[day][(*scope, section, line)].add(customer)
    movement = rows(
        arrived,
        "dashboard",
        "select as_of_date, previous_as_of_date, scope_type, scope_id, section_key, line_key, previous_count, entered,"
        ' "left", customer_count from it.sections.movement',
    )
    assert {(row[0], row[1]) for row in movement} == set(zip(DAYS[1:], DAYS[:-1], strict=True))
    for day, previous, *scope_and_line, before, entered, left, now in movement:
        was, is_now = by_scope[previous][tuple(scope_and_line)], by_scope[day][tuple(scope_and_line)]
        assert (before, entered, left, now) == (len(was), len(is_now - was), len(was - is_now), len(is_now))
    assert any(row[7] and row[8] for row in movement)


def test_the_length_of_a_stay_is_measured_if_its_beginning_was_seen(arrived: Settings, lists) -> None:
    lengths = defaultdict(list)
    for _, _, line, started, ended in stays((day, row[:3]) for day in DAYS for row in lists[day]):
        if ended is not None and started > DAYS[0]:
            lengths[line].append((ended - started).days)
    found = rows(
        arrived,
        "dashboard",
        "select line_key, completed_stay_count, completed_median_days, completed_most_days from it.sections.waiting"
        " where scope_type = 'statewide' and completed_stay_count > 0",
    )
    expected = {(line, len(days), float(median(days)), max(days)) for line, days in lengths.items()}
    assert set(found) == expected
    assert expected


def test_flow_is_where_each_stay_led(arrived: Settings, lists) -> None:
    all_stays = stays((day, row[:3]) for day in DAYS for row in lists[day])
    parents = dict(rows(arrived, "dashboard", "select distinct line_key, parent_line_key from it.sections.dashboard"))
    greys = {
        line
        for (line,) in rows(arrived, "dashboard", "select line_key from it.sections.dashboard where colour = 'grey'")
    }
    started_on = defaultdict(set)
    for customer, _, line, started, _ in all_stays:
        if parents[line] is None:
            started_on[(customer, started)].add(line)
    first: dict[tuple[str, str], tuple[date, date | None]] = {}
    for customer, _, line, started, ended in sorted(all_stays, key=lambda stay: stay[3]):
        if started > DAYS[0] and parents[line] is None:
            first.setdefault((customer, line), (started, ended))
    expected: dict[tuple[str, str, str | None], int] = defaultdict(int)
    for (customer, line), (_, ended) in first.items():
        onward = started_on[(customer, ended)] if ended else set()
        for to_line in onward:
            expected[(line, "left_to_grey" if to_line in greys else "went_on", to_line)] += 1
        if not onward:
            expected[(line, "left" if ended else "still_there", None)] += 1
    found = rows(
        arrived,
        "dashboard",
        "select line_key, outcome, to_line_key, customer_count from it.sections.flow where scope_type = 'statewide'",
    )
    assert {tuple(row[:3]): row[3] for row in found} == dict(expected)
    assert {outcome for _, outcome, _ in expected} >= {"went_on", "still_there"}


def test_history_has_every_day_as_it_was_published(arrived: Settings, lists) -> None:
    counts = rows(
        arrived,
        "dashboard",
        "select as_of_date, line_key, customer_count from it.sections.history"
        " where scope_type = 'statewide' and line_key <> 'total'",
    )
    assert len(counts) == 45 * len(DAYS)
    for day, line, count in counts:
        assert count == sum(row[2] == line for row in lists[day])


def test_the_order_of_arrival_does_not_matter(arrived: Settings, tmp_path: Path) -> None:
    in_order = Settings(home=tmp_path / "home", extracts=arrived.extracts)
    in_order.state.mkdir()
    run_dbt(in_order, DAYS[0], "seed")
    for day in DAYS:
        publish_day(in_order, day)
    for table in COMPARED:
        file = "customers" if table.startswith("lists") else "dashboard"
        sql = f"from it.{table} order by all"
        assert rows(arrived, file, sql) == rows(in_order, file, sql), table


def test_older_days_are_shared_between_releases(arrived: Settings) -> None:
    release = current(arrived)
    assert release is not None
    assert release.days == tuple(DAYS)
    untouched = release.folder / "parquet" / "dashboard" / "sections" / "history" / f"as_of_date={DAYS[2]}"
    assert (untouched / "data.parquet").stat().st_nlink > 1
    assert Archive(arrived.archive).newest(SYSTEMS[0], DAYS[1]).delivery == 2
