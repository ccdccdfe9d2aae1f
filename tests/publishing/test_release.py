import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from conftest import DAY, DAY_BEFORE, Sample

from orchestration.failures import BuildFailed
from orchestration.publishing import publish as publish_module
from orchestration.publishing.publish import publish
from orchestration.runs.run_requests import days_to_run
from orchestration.settings import settings
from orchestration.state.checksums import CHECKSUMS
from orchestration.state.releases import current, latest, pending, releases
from orchestration.warehouse.dbt_project import compiled_marts


@pytest.fixture
def mine(sample: Sample, tmp_path: Path) -> Sample:
    return sample.copy(tmp_path)


def test_only_so_many_releases_are_kept_but_always_the_current_one(mine: Sample) -> None:
    config = mine.settings.model_copy(update={"releases_kept": 2})
    marts = compiled_marts(config)
    for _ in range(3):
        publish(config, DAY, marts, "run")
    assert [release.name for release in releases(config)] == [f"{DAY}-3", f"{DAY}-4"]
    release = current(config)
    assert release is not None
    assert release.name == f"{DAY}-4"


def test_the_release_of_an_older_day_is_pending_until_the_newest_is_run_again(
    mine: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = mine.settings
    marts = compiled_marts(config)
    publish(config, DAY_BEFORE, marts, "run")
    publish(config, DAY_BEFORE, marts, "run")
    visible, waiting = current(config), pending(config)
    assert (visible and visible.name, waiting and waiting.name) == (f"{DAY}-1", f"{DAY}-3")
    assert latest(config) == waiting
    assert f"{DAY}-2" not in {release.name for release in releases(config)}  # the next pending one contains it
    monkeypatch.setenv("YACP_HOME", str(mine.home))
    monkeypatch.setenv("YACP_EXTRACTS", str(mine.extracts))
    settings.cache_clear()
    assert days_to_run(settings(), print) == {DAY: f"after-{DAY}-3"}
    publish(config, DAY, marts, "run")
    assert days_to_run(settings(), print) == {}
    settings.cache_clear()
    visible = current(config)
    assert (visible and visible.name, pending(config)) == (f"{DAY}-4", None)
    assert [release.name for release in releases(config)] == [f"{DAY_BEFORE}-1", f"{DAY}-1", f"{DAY}-4"]


def test_a_pending_release_is_dropped_when_current_is_set_back(mine: Sample) -> None:
    """Somebody who points current at an older release doesn't want what was built on the newer one."""
    config = mine.settings
    marts = compiled_marts(config)
    publish(config, DAY_BEFORE, marts, "run")
    link = config.published / "current"
    link.unlink()
    link.symlink_to(f"releases/{DAY_BEFORE}-1")
    base = latest(config)
    assert (base and base.name, pending(config)) == (f"{DAY_BEFORE}-1", None)


def test_a_reader_keeps_its_day_while_another_one_is_published(mine: Sample) -> None:
    config = mine.settings
    with duckdb.connect(str(mine.home / "published" / "dashboard.duckdb"), read_only=True) as reader:
        before = reader.execute("select count(*) from sections.dashboard").fetchone()
        publish(config, DAY, compiled_marts(config), "run")
        assert reader.execute("select count(*) from sections.dashboard").fetchone() == before


def test_readers_never_see_a_release_that_failed(mine: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    config = mine.settings
    before = str((mine.home / "published" / "current").readlink())

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publish_module, "_open_and_flush", fail)
        with pytest.raises(OSError, match="No space left"):
            publish(config, DAY, compiled_marts(config), "run")
    assert str((mine.home / "published" / "current").readlink()) == before
    assert [release.name for release in releases(config)][-1] == f"{DAY}-1"
    publish(config, DAY, compiled_marts(config), "run")  # which removes the leftovers
    assert not list((mine.home / "published" / "releases").glob(".building*"))


def test_personal_columns_are_refused_before_anyone_can_read_them(mine: Sample) -> None:
    config, renamed = mine.settings, {"detail": "ssn_last4"}
    with duckdb.connect(str(config.warehouse)) as warehouse:
        warehouse.execute("alter table lists.exceptions rename column detail to ssn_last4")
    marts = [
        replace(
            mart,
            columns={renamed.get(name, name): text for name, text in mart.columns.items()},
            types={renamed.get(name, name): kind for name, kind in mart.types.items()},
        )
        if mart.name == "exceptions"
        else mart
        for mart in compiled_marts(config)
    ]
    with pytest.raises(BuildFailed, match=r"lists\.exceptions contains ssn_last4"):
        publish(config, DAY, marts, "run")


def test_a_table_of_an_earlier_version_gets_todays_columns(mine: Sample) -> None:
    """A day that isn't the newest is run first after an update: its release begins with tables of the old contract."""
    config = mine.settings
    marts = compiled_marts(config)
    base = latest(config)
    assert base is not None
    with duckdb.connect() as older:
        older.execute(f"attach '{base.file('customers').resolve()}' as it")
        older.execute("alter table it.lists.line_customers drop column days_until_red")
        rows = older.execute("from it.lists.line_customers order by all").fetchall()
    (base.folder / CHECKSUMS).unlink()  # which an earlier version didn't record
    publish(config, DAY_BEFORE, marts, "run")
    release = latest(config)
    assert release is not None
    assert release.name != base.name
    with duckdb.connect() as newer:
        newer.execute(f"attach '{release.file('customers').resolve()}' as it (read_only)")
        found = newer.execute("describe it.lists.line_customers").fetchall()
        assert [row[0] for row in found] == next(list(mart.columns) for mart in marts if mart.name == "line_customers")
        kept = newer.execute("select * exclude (days_until_red) from it.lists.line_customers order by all").fetchall()
        assert kept == rows


def test_the_links_of_a_removed_release_are_reused(mine: Sample) -> None:
    """Whatever is in the pool, the next release has the links of its base."""
    config = mine.settings.model_copy(update={"releases_kept": 1})
    marts = compiled_marts(config)
    publish(config, DAY, marts, "run")
    pool = config.published / "releases" / ".spare"
    waiting = pool / "dashboard" / "sections" / "waiting"
    shutil.rmtree(waiting / f"as_of_date={DAY_BEFORE}")
    (waiting / f"as_of_date={DAY_BEFORE}").mkdir()
    (waiting / "as_of_date=2026-01-01").mkdir()
    shutil.copytree(waiting, pool / "dashboard" / "sections" / "unknown")
    flow = Path("dashboard", "sections", "flow", f"as_of_date={DAY_BEFORE}", "data.parquet")
    (pool / flow).unlink()
    (pool / flow).write_bytes(b"something else")
    reused = (pool / "dashboard").stat().st_ino
    before = {path: path.stat().st_ino for path in (config.published / "parquet").resolve().rglob("*.parquet")}
    publish(config, DAY, marts, "run")
    release = current(config)
    assert release is not None
    assert (release.folder / "parquet" / "dashboard").stat().st_ino == reused
    after = {path: path.stat().st_ino for path in (release.folder / "parquet").rglob("*.parquet")}
    assert len(after) == len(before)
    folder = release.folder / "parquet"
    assert {path.relative_to(folder) for path in after} == {Path(*path.parts[-5:]) for path in before}
    of_base = {Path(*path.parts[-5:]): inode for path, inode in before.items()}
    shared = {path for path in after if after[path] == of_base[path.relative_to(folder)]}
    assert {path.parts[-2] for path in shared} == {f"as_of_date={DAY_BEFORE}"}
    assert folder / flow in shared
