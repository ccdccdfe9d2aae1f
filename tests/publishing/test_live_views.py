"""The path for tools that keep a connection open: the same tables, and always the newest release."""

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
    """Placed once more: the views name the folder they were made in."""
    config = sample.copy(folder).settings
    place(config)
    return config


def place(config: Settings) -> list[Path]:
    live_views.place(config, standing(config), compiled_marts(config))
    return placed(config)


def placed(config: Settings) -> list[Path]:
    """The newest first."""
    return sorted((config.published / "following" / "releases").glob("release=*"))


def standing(config: Settings) -> Release:
    release = current(config)
    assert release is not None
    return release


def follow(config: Settings, file: str = "dashboard") -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"attach '{config.published / 'following' / file}.duckdb' as it (read_only)")
    return connection


def publish_with(config: Settings, mark: str) -> None:
    """A release that can be told from the one before."""
    with duckdb.connect(str(config.warehouse)) as warehouse:
        warehouse.execute("update run.check_results set observed = ?", [mark])
        warehouse.execute("update quality.deliveries set file = ?", [mark])
    publish(config, DAY, compiled_marts(config), "run")


@pytest.mark.parametrize("file", ["dashboard", "customers"])
def test_every_table_is_there_with_the_same_rows_and_descriptions(shared: Settings, file: str) -> None:
    described = (
        "select column_name, comment from duckdb_columns()"
        " where database_name = 'it' and schema_name = ? and table_name = ? order by column_index"
    )
    with follow(shared, file) as connection:
        connection.execute(f"attach '{(shared.published / file).resolve()}.duckdb' as released (read_only)")
        marts = [mart for mart in compiled_marts(shared) if mart.published_in == file]
        assert marts
        for mart in marts:
            assert connection.execute(described, [mart.schema, mart.name]).fetchall() == list(mart.columns.items())
            followed, released = (
                connection.execute(f"from {database}.{mart.key} order by all").fetchall()
                for database in ("it", "released")
            )
            assert followed == released, mart.key


def test_the_queries_of_the_page_for_bi_tools_run_unchanged(shared: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (PROJECT / "docs" / "bi.md").read_text()
    attach, *queries = re.findall(r"^```sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(shared.state)
    with duckdb.connect() as connection:
        connection.execute(attach.replace("'published/", "'published/following/"))
        for query in queries:
            assert connection.execute(query).fetchone() is not None, query


def test_the_views_can_be_made_for_another_place(shared: Settings, tmp_path: Path) -> None:
    shutil.copytree(shared.published / "following", tmp_path / "following")
    script = (tmp_path / "following" / "dashboard.sql").read_text()
    script = script.replace(f"'{shared.published}/", f"'{tmp_path}/")
    assert str(shared.published) not in script
    with duckdb.connect() as connection:
        connection.execute(script)
        assert connection.execute("from sections.dashboard").fetchall()


def test_a_connection_held_open_answers_with_the_new_day(shared: Settings) -> None:
    sql = "select distinct observed, file from it.quality.checks, it.quality.deliveries"
    with follow(shared) as connection:
        connection.execute(f"prepare held as {sql}")
        connection.execute("execute held")
        publish_with(shared, "the next")
        assert connection.execute(sql).fetchall() == [("the next", "the next")]
        assert connection.execute("execute held").fetchall() == [("the next", "the next")]


def test_a_transaction_stays_with_the_release_it_began_with(shared: Settings) -> None:
    publish_with(shared, "before")
    with follow(shared) as connection:
        connection.begin()
        publish_with(shared, "after")
        assert connection.execute("select distinct observed from it.quality.checks").fetchall() == [("before",)]
        assert connection.execute("select distinct file from it.quality.deliveries").fetchall() == [("before",)]
        connection.commit()
        assert connection.execute("select distinct file from it.quality.deliveries").fetchall() == [("after",)]


def test_a_transaction_that_outlasts_its_release_is_told_so(shared: Settings) -> None:
    with follow(shared) as connection:
        connection.begin()
        connection.execute("from it.quality.checks")
        place(shared)
        live_views.prune(shared)
        assert len(placed(shared)) > 1
        assert connection.execute("from it.quality.checks").fetchall()
        live_views.prune(shared.model_copy(update={"following_minutes": 0}))
        with pytest.raises(duckdb.Error, match="No release is kept that was visible when this transaction began"):
            connection.execute("from it.quality.checks")
        connection.rollback()
        assert connection.execute("from it.quality.checks").fetchall()


def test_the_newest_stays_whatever_its_age(shared: Settings) -> None:
    newest = place(shared)[0]
    for _ in range(2):
        live_views.prune(shared.model_copy(update={"following_minutes": 0}))
    assert placed(shared) == [newest]


def test_what_died_half_way_is_swept(shared: Settings) -> None:
    releases = shared.published / "following" / "releases"
    for name in (".building", ".removing-release=1-1"):
        (releases / name / "customers").mkdir(parents=True)
    place(shared)
    assert {path.name.split("=")[0] for path in releases.iterdir()} == {"release"}


def test_lists_are_for_their_owner_alone(shared: Settings) -> None:
    followed = shared.published / "following"
    modes: dict[str, set[int]] = {"lists": set(), "counts": set()}
    for path in followed.rglob("*"):
        owner = "lists" if "customers" in path.relative_to(followed).as_posix() else "counts"
        modes[owner].add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {"lists": {0o700, 0o600}, "counts": {0o755, 0o644}}


def test_views_are_written_only_when_they_change(shared: Settings) -> None:
    file = shared.published / "following" / "dashboard.duckdb"
    before = file.stat().st_ino
    place(shared)
    assert file.stat().st_ino == before
    reworded: list[Mart] = [replace(mart, description="In other words.") for mart in compiled_marts(shared)]
    live_views.place(shared, standing(shared), reworded)
    assert file.stat().st_ino != before


def test_a_correction_that_waits_for_the_newest_day_is_not_followed(mine: Settings) -> None:
    before = placed(mine)
    publish(mine, DAY_BEFORE, compiled_marts(mine), "run")
    assert placed(mine) == before


def test_no_other_release_is_opened(mine: Settings) -> None:
    """One about to go may be gone before it is opened."""
    _newest, *others = place(mine)
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
    with follow(mine) as connection:
        connection.execute("create table one as select 1 as number")
        for query in queries:
            assert connection.execute(query).fetchall(), query


def test_months_gone_by_are_one_file_made_once(mine: Settings) -> None:
    """And made again when one of their days was."""
    history = standing(mine).folder / "parquet" / "dashboard" / "sections" / "history"
    for day in ("2026-09-01", "2026-09-02", "2026-10-01", "2026-10-02"):
        (history / f"as_of_date={day}").mkdir()
        duckdb.sql(
            f"copy (from '{history}/as_of_date={DAY}/*.parquet' select * replace (date '{day}' as as_of_date))"
            f" to '{history}/as_of_date={day}/data.parquet'"
        )

    def months() -> dict[str, int]:
        files = (placed(mine)[0] / "dashboard" / "sections.history").glob("2026-*.parquet")
        return {path.name: path.stat().st_ino for path in files}

    def days() -> list[tuple[object, ...]]:
        with follow(mine) as connection:
            sql = "select as_of_date::varchar as day, count(*) from it.sections.history group by 1 order by 1"
            return connection.execute(sql).fetchall()

    place(mine)
    first = months()
    assert len(first) == 2
    expected = days()
    assert [day for day, _ in expected] == [
        "2026-09-01", "2026-09-02", "2026-10-01", "2026-10-02", str(DAY_BEFORE), str(DAY),
    ]  # fmt: skip
    assert len({count for _, count in expected}) == 1
    place(mine)
    assert months() == first

    corrected = history / "as_of_date=2026-10-02" / "data.parquet"
    content = corrected.read_bytes()
    corrected.unlink()
    corrected.write_bytes(content)
    place(mine)
    assert {name[:7] for name in first.keys() & months().keys()} == {"2026-09"}
    assert days() == expected


def test_the_first_day_has_moves_without_rows(mine: Settings) -> None:
    release = standing(mine)
    for day in (release.folder / "parquet" / "dashboard" / "sections" / "movement").iterdir():
        shutil.rmtree(day)
    place(mine)
    with follow(mine) as connection:
        assert connection.execute("from it.sections.movement").fetchall() == []
