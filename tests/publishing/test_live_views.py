"""Live views: the same tables for tools that keep a connection open, and always those of the newest release."""

import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Sample

from orchestration.publishing import live_views
from orchestration.publishing.publish import publish
from orchestration.runs.warehouse_lock import hold_warehouse
from orchestration.settings import PROJECT, Settings
from orchestration.state.releases import Release, current
from orchestration.warehouse.dbt_project import Mart, compiled_marts


@pytest.fixture(scope="module", autouse=True)
def _no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_views, "_LEAD_SECONDS", 0)
        yield


@pytest.fixture(scope="module")
def shared(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return copied(sample, tmp_path_factory.mktemp("following"))


@pytest.fixture
def mine(sample: Sample, tmp_path: Path) -> Settings:
    return copied(sample, tmp_path)


def copied(sample: Sample, folder: Path) -> Settings:
    """Added once more, because the views name the folder that they were created for."""
    config = sample.copy(folder).settings
    add(config)
    return config


def add(config: Settings) -> list[Path]:
    live_views.add(config, current_release(config), compiled_marts(config))
    return added(config)


def added(config: Settings) -> list[Path]:
    """The folders of the releases, newest first."""
    return sorted((config.published / "following" / "releases").glob("release=*"))


def current_release(config: Settings) -> Release:
    release = current(config)
    assert release is not None
    return release


def open_views(config: Settings, file: str = "dashboard") -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"attach '{config.published / 'following' / file}.duckdb' as it (read_only)")
    return connection


def publish_with(config: Settings, mark: str) -> None:
    """A release that differs from the one before."""
    with duckdb.connect(str(config.warehouse)) as warehouse:
        warehouse.execute("update run.check_results set observed = ?", [mark])
        warehouse.execute("update quality.deliveries set file = ?", [mark])
    publish(config, DAY, compiled_marts(config), "run")


@pytest.mark.parametrize("file", ["dashboard", "customers"])
def test_every_table_has_the_same_rows_and_comments(shared: Settings, file: str) -> None:
    comments = (
        "select column_name, comment from duckdb_columns()"
        " where database_name = 'it' and schema_name = ? and table_name = ? order by column_index"
    )
    with open_views(shared, file) as connection:
        connection.execute(f"attach '{(shared.published / file).resolve()}.duckdb' as released (read_only)")
        marts = [mart for mart in compiled_marts(shared) if mart.published_in == file]
        assert marts
        for mart in marts:
            assert connection.execute(comments, [mart.schema, mart.name]).fetchall() == list(mart.columns.items())
            from_views, released = (
                connection.execute(f"from {database}.{mart.key} order by all").fetchall()
                for database in ("it", "released")
            )
            assert from_views == released, mart.key


def test_the_queries_of_the_page_for_bi_tools_run_over_the_views(
    shared: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (PROJECT / "docs" / "questions.md").read_text()
    attach, *queries = re.findall(r"^```sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(shared.state)
    with duckdb.connect() as connection:
        connection.execute(attach.replace("'published/", "'published/following/"))
        for query in queries:
            assert connection.execute(query).fetchone() is not None, query


def test_the_views_can_be_created_for_another_folder(shared: Settings, tmp_path: Path) -> None:
    shutil.copytree(shared.published / "following", tmp_path / "following")
    script = (tmp_path / "following" / "dashboard.sql").read_text()
    script = script.replace(f"'{shared.published}/", f"'{tmp_path}/")
    assert str(shared.published) not in script
    with duckdb.connect() as connection:
        connection.execute(script)
        assert connection.execute("from sections.dashboard").fetchall()


def test_an_open_connection_reads_the_new_day(shared: Settings) -> None:
    sql = "select distinct observed, file from it.quality.checks, it.quality.deliveries"
    with open_views(shared) as connection:
        connection.execute(f"prepare kept as {sql}")
        connection.execute("execute kept")
        publish_with(shared, "the next")
        assert connection.execute(sql).fetchall() == [("the next", "the next")]
        assert connection.execute("execute kept").fetchall() == [("the next", "the next")]


def test_a_transaction_reads_the_release_it_began_with(shared: Settings) -> None:
    publish_with(shared, "before")
    with open_views(shared) as connection:
        connection.begin()
        publish_with(shared, "after")
        assert connection.execute("select distinct observed from it.quality.checks").fetchall() == [("before",)]
        assert connection.execute("select distinct file from it.quality.deliveries").fetchall() == [("before",)]
        connection.commit()
        assert connection.execute("select distinct file from it.quality.deliveries").fetchall() == [("after",)]


def test_a_transaction_that_outlasts_its_release_gets_an_error(shared: Settings) -> None:
    with open_views(shared) as connection:
        connection.begin()
        connection.execute("from it.quality.checks")
        add(shared)
        live_views.remove_old(shared)
        assert len(added(shared)) > 1
        assert connection.execute("from it.quality.checks").fetchall()
        live_views.remove_old(shared.model_copy(update={"following_minutes": 0}))
        with pytest.raises(duckdb.Error, match="No release is kept that was visible when this transaction began"):
            connection.execute("from it.quality.checks")
        connection.rollback()
        assert connection.execute("from it.quality.checks").fetchall()


def test_the_newest_release_stays_whatever_its_age(shared: Settings) -> None:
    newest = add(shared)[0]
    for _ in range(2):
        live_views.remove_old(shared.model_copy(update={"following_minutes": 0}))
    assert added(shared) == [newest]


def test_leftovers_of_a_killed_run_are_removed(shared: Settings) -> None:
    releases = shared.published / "following" / "releases"
    for name in (".building", ".removing-release=1-1"):
        (releases / name / "customers").mkdir(parents=True)
    with hold_warehouse(shared, "the next run", print):
        add(shared)
    assert {path.name.split("=")[0] for path in releases.iterdir()} == {"release"}


def test_only_the_owner_can_read_lists(shared: Settings) -> None:
    following = shared.published / "following"
    modes: dict[str, set[int]] = {"lists": set(), "counts": set()}
    for path in following.rglob("*"):
        owner = "lists" if "customers" in path.relative_to(following).as_posix() else "counts"
        modes[owner].add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {"lists": {0o700, 0o600}, "counts": {0o755, 0o644}}


def test_views_are_written_only_if_they_change(shared: Settings) -> None:
    file = shared.published / "following" / "dashboard.duckdb"
    before = file.stat().st_ino
    add(shared)
    assert file.stat().st_ino == before
    reworded: list[Mart] = [replace(mart, description="In other words.") for mart in compiled_marts(shared)]
    live_views.add(shared, current_release(shared), reworded)
    assert file.stat().st_ino != before


def test_a_pending_release_is_not_added(mine: Settings) -> None:
    before = added(mine)
    publish(mine, DAY_BEFORE, compiled_marts(mine), "run")
    assert added(mine) == before


def test_no_other_release_is_opened(mine: Settings) -> None:
    """One that is about to be removed could be gone before it is opened."""
    _newest, *others = add(mine)
    assert others
    for path in (path for other in others for path in other.rglob("*.parquet")):
        path.unlink()
        path.write_bytes(b"gone")
    queries = [
        "select count(*) from it.sections.history",
        "select count(*) from one left join it.sections.history on true left join it.sections.waiting on true",
        "from one where exists (select 1 from it.quality.checks where not passed)",
        "with x as materialized (from it.sections.flow) select (select count(*) from it.sections.waiting), * from x",
        "select count(*) from it.sections.dashboard as a full join it.sections.history as b using (line_key, scope_id)",
        "from it.sections.coming_due order by all limit 3",
    ]
    with open_views(mine) as connection:
        connection.execute("create table one as select 1 as number")
        for query in queries:
            assert connection.execute(query).fetchall(), query


def test_a_past_month_is_one_file_written_once(mine: Settings) -> None:
    """And rewritten when one of its days is."""
    history = current_release(mine).folder / "parquet" / "dashboard" / "sections" / "history"
    for day in ("2026-09-01", "2026-09-02", "2026-10-01", "2026-10-02"):
        (history / f"as_of_date={day}").mkdir()
        duckdb.sql(
            f"copy (from '{history}/as_of_date={DAY}/*.parquet' select * replace (date '{day}' as as_of_date))"
            f" to '{history}/as_of_date={day}/data.parquet'"
        )

    def months() -> dict[str, int]:
        files = (added(mine)[0] / "dashboard" / "sections.history").glob("2026-*.parquet")
        return {path.name: path.stat().st_ino for path in files}

    def days() -> list[tuple[object, ...]]:
        with open_views(mine) as connection:
            sql = "select as_of_date::varchar as day, count(*) from it.sections.history group by 1 order by 1"
            return connection.execute(sql).fetchall()

    add(mine)
    first = months()
    assert len(first) == 2
    expected = days()
    assert [day for day, _ in expected] == [
        "2026-09-01", "2026-09-02", "2026-10-01", "2026-10-02", str(DAY_BEFORE), str(DAY),
    ]  # fmt: skip
    assert len({count for _, count in expected}) == 1
    add(mine)
    assert months() == first

    corrected = history / "as_of_date=2026-10-02" / "data.parquet"
    content = corrected.read_bytes()
    corrected.unlink()
    corrected.write_bytes(content)
    add(mine)
    assert {name[:7] for name in first.keys() & months().keys()} == {"2026-09"}
    assert days() == expected


def test_on_the_first_day_movement_has_no_rows(mine: Settings) -> None:
    release = current_release(mine)
    for day in (release.folder / "parquet" / "dashboard" / "sections" / "movement").iterdir():
        shutil.rmtree(day)
    add(mine)
    with open_views(mine) as connection:
        assert connection.execute("from it.sections.movement").fetchall() == []
