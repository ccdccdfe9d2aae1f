"""What the Dagster UI shows, as far as the definitions say it."""

import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries, clean_environment

from orchestration.contract.systems import SYSTEMS, extracts
from orchestration.settings import PROJECT, settings


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YACP_HOME", str(tmp_path_factory.mktemp("definitions")))
        settings.cache_clear()
        from orchestration.definitions import defs

        yield defs.get_repository_def()
    settings.cache_clear()


def test_jobs_schedules_and_sensors_load(repository) -> None:
    assert {job.name for job in repository.get_all_jobs()} >= {"nightly", "rule_unit_tests"}
    assert repository.has_schedule_def("every_morning")
    assert repository.has_sensor_def("complete_deliveries")
    assert repository.get_sensor_def("notices").default_status == dg.DefaultSensorStatus.RUNNING
    assert repository.get_schedule_def("every_morning").execution_timezone == "America/Chicago"


def test_dagsters_own_check_passes_without_a_warning(tmp_path: Path) -> None:
    dg_command = Path(sys.executable).with_name("dg")
    checked = subprocess.run(
        [dg_command, "check", "defs"],
        env=clean_environment(tmp_path / "home"),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "All definitions loaded successfully" in checked.stdout
    assert "warning" not in checked.stderr.lower()


def test_every_asset_has_a_description_an_owner_and_a_group(repository) -> None:
    graph = repository.asset_graph
    keys = graph.get_all_asset_keys()
    assert {dg.AssetKey(["raw", extract.table]) for extract in extracts()} <= keys
    assert {dg.AssetKey(["published", file]) for file in ("dashboard", "customers", "parquet")} <= keys
    for key in keys:
        node = graph.get(key)
        assert node.description, key
        assert "{{" not in node.description, key
        assert "select" not in node.description.split(), key
        assert node.owners == ["team:yacp-data"], key
        assert node.tags["criticality"] == "high", key
        assert node.group_name != "default", key
        assert node.kinds, key
        if node.is_materializable:
            assert node.partitions_def.timezone == "America/Chicago", key


def test_personal_columns_are_tagged_as_the_contract_says(repository) -> None:
    for extract in extracts():
        node = repository.asset_graph.get(dg.AssetKey(["raw", extract.table]))
        shown = node.metadata["dagster/column_schema"].columns
        assert {column.name for column in shown if "personal_data" in column.tags} == {
            column.name for column in extract.columns if column.personal
        }


def test_checks_know_their_day_and_whether_they_block(repository) -> None:
    graph = repository.asset_graph
    unpartitioned = {key.name for key in graph.asset_check_keys if graph.get(key).partitions_def is None}
    rules = {key.name for key in repository.get_job("rule_unit_tests").asset_layer.asset_graph.asset_check_keys}
    assert unpartitioned == {
        *rules, "newest_day_is_published", "archive_is_as_written", "releases_are_as_written",
    }  # fmt: skip
    by_name = {key.name: graph.get(key).blocking for key in graph.asset_check_keys}
    assert by_name["sync_shares_move_less_than_50_points"]
    assert not by_name["sync_shares_move_less_than_5_points"]


def test_checks_of_every_kind_are_asset_checks(repository) -> None:
    names = {key.name for key in repository.asset_graph.asset_check_keys}
    assert "row_account" in names
    assert "synced_implies_an_agreeing_identity" in names
    assert "yellow_turns_red_on_day_six" in names
    assert any(name.startswith("counts_are_lists") for name in names)


def test_every_check_says_in_words_what_must_hold(repository) -> None:
    """Where one lacks words: CONTRIBUTING.md, "Add a check"."""
    definitions = {*repository.assets_defs_by_key.values(), *repository.asset_checks_defs_by_key.values()}
    specs = {spec.key: spec for definition in definitions for spec in definition.check_specs}
    assert specs.keys() == set(repository.asset_graph.asset_check_keys)
    titles = {key: spec.metadata["title"] for key, spec in specs.items()}
    for key, spec in specs.items():
        for text in (titles[key], spec.description):
            assert text, key
            assert text[0].upper() == text[0] or text.startswith("workNet"), text
            assert not re.search(r"[a-z0-9]_[a-z]|column_[AB]|[{}]|\bNone\b", text), text
        assert not titles[key].endswith("."), key
        assert spec.description.strip().endswith("."), key
    repeated = [pair for pair, times in Counter((key.asset_key, titles[key]) for key in specs).items() if times > 1]
    assert not repeated


def test_the_sensor_requests_complete_days_only(
    repository, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("YACP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("YACP_EXTRACTS", str(deliveries.root))
    settings.cache_clear()
    sensor = repository.get_sensor_def("complete_deliveries")

    def requested() -> list[tuple[str | None, str | None]]:
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance=instance, repository_def=repository)
            requests = sensor.evaluate_tick(context).run_requests
        return [(request.partition_key, request.run_key) for request in requests or []]

    deliveries.write(SYSTEMS[0], day=DAY)
    assert requested() == []
    deliveries.write(SYSTEMS[1], day=DAY)
    assert requested() == [(str(DAY), f"{DAY}-1-1")]
    deliveries.write(SYSTEMS[1], day=DAY, delivery=2)
    assert requested() == [(str(DAY), f"{DAY}-1-2")]
    (deliveries.write(SYSTEMS[1], day=DAY_BEFORE) / "manifest.json").write_text("{")
    (deliveries.write(SYSTEMS[1], day=DAY_BEFORE - timedelta(1)) / "manifest.json").write_text("{")
    for day in (DAY_BEFORE, DAY_BEFORE - timedelta(1)):
        deliveries.write(SYSTEMS[0], day=day)
    assert requested() == [(str(DAY), f"{DAY}-1-2")], "invalid manifests of other days don't delay it"
    (deliveries.root / SYSTEMS[1].name / str(DAY) / "manifest.json").unlink()
    assert requested() == []
    settings.cache_clear()
