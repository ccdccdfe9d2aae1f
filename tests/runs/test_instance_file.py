"""dagster.yaml follows the settings until the agency changes it; from then on it is only looked at."""

from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from orchestration.failures import UsageError, YacpError
from orchestration.health.doctor import examine
from orchestration.runs.instance import require_usable, write_instance
from orchestration.runs.instance_file import is_ours, lacks, path_of
from orchestration.settings import Settings

OURS = """\
telemetry: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 1}}
run_launcher: {module: orchestration.runs.run_health, class: MonitoredRunLauncher}
run_monitoring: {enabled: true}
event_log_storage:
  module: orchestration.internals.dagster_event_log
  class: PooledEventLog
  config: {base_dir: {env: EVENTS}}
"""


@pytest.fixture(autouse=True)
def events(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVENTS", str(tmp_path / "events"))
    monkeypatch.setenv("YACP_DAGSTER_DATABASE", "")  # restored afterward


def with_file(config: Settings, content: str) -> Path:
    path = path_of(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def seen_by_doctor(config: Settings) -> tuple[object, object, str]:
    [row] = [row for row in examine(config).records() if row["what"] == "Dagster (dagster.yaml)"]
    return row["ok"], row["found"], str(row["mend"])


def test_it_follows_the_settings(config: Settings, tmp_path: Path) -> None:
    write_instance(config)
    path = path_of(config)
    assert is_ours(path)
    assert yaml.safe_load(path.read_text())["event_log_storage"]["config"]["base_dir"].startswith(str(config.state))
    address = SecretStr("postgresql://u:secret@db.example.org/runs")
    write_instance(config.model_copy(update={"dagster_database": address, "dagster_logs": str(tmp_path / "output")}))
    found = yaml.safe_load(path.read_text())
    assert found["storage"] == {"postgres": {"postgres_url": {"env": "YACP_DAGSTER_DATABASE"}}}
    assert found["compute_logs"]["config"] == {"base_dir": str(tmp_path / "output")}
    assert "event_log_storage" not in found
    assert "secret" not in path.read_text()
    write_instance(
        config.model_copy(update={"dagster_logs": "s3://logs/yacp/output/", "s3_endpoint": "https://s3.example.org"})
    )
    wanted = {"bucket": "logs", "prefix": "yacp/output", "endpoint_url": "https://s3.example.org"}
    assert wanted.items() <= yaml.safe_load(path.read_text())["compute_logs"]["config"].items()


def test_it_follows_a_folder_that_was_moved(config: Settings, tmp_path: Path) -> None:
    write_instance(config)
    moved = config.model_copy(update={"home": config.home.rename(tmp_path / "elsewhere")})
    write_instance(moved)
    assert str(moved.state) in path_of(moved).read_text()
    assert str(config.state) not in path_of(moved).read_text()


@pytest.mark.parametrize(
    "before", ["", "# The Dagster instance of yacp, copied to <YACP_HOME>/dagster with the folder's path filled in.\n"]
)
def test_that_of_an_earlier_version_is_replaced(config: Settings, before: str) -> None:
    path = with_file(config, before)
    write_instance(config)
    assert "run_launcher" in yaml.safe_load(path.read_text())


def test_what_the_agency_changed_stays(config: Settings) -> None:
    write_instance(config)
    path = path_of(config)
    changed = path.read_text().replace("poll_interval_seconds: 60", "poll_interval_seconds: 30")
    path.write_text(changed)
    require_usable(config)
    write_instance(config.model_copy(update={"dagster_database": SecretStr("postgresql://u@h/d")}))
    assert path.read_text() == changed
    assert not is_ours(path)
    assert list(lacks(config)) == []
    assert seen_by_doctor(config) == (True, "your own", "")
    path.write_text("telemetry: [")
    is_ok, found, mend = seen_by_doctor(config)
    assert (is_ok, found) == (False, "can't be used")
    assert "line 1, is not YAML" in mend


@pytest.mark.parametrize(
    ("left_out", "says"),
    [
        ("telemetry", "reports its use"),
        ("concurrency", "more than one run"),
        ("run_launcher", "killed run is found only"),
        ("run_monitoring", "stays in progress"),
        ("event_log_storage", "some seconds longer"),
    ],
)
def test_what_an_own_file_leaves_out_is_said(config: Settings, left_out: str, says: str) -> None:
    parts = yaml.safe_load(OURS)
    with_file(config, yaml.safe_dump(parts))
    assert list(lacks(config)) == []
    del parts[left_out]
    with_file(config, yaml.safe_dump(parts))
    [lack] = lacks(config)
    assert says in lack.what
    with_file(config, yaml.safe_dump(parts | yaml.safe_load(lack.mend)))
    require_usable(config)
    assert list(lacks(config)) == []


def test_settings_that_an_own_file_leaves_without_effect_are_said(config: Settings) -> None:
    with_file(config, OURS)
    update = {"dagster_database": SecretStr("postgresql://u@h/d"), "dagster_logs": "s3://bucket"}
    found = list(lacks(config.model_copy(update=update)))
    assert yaml.safe_load(found[0].mend)["storage"]["postgres"] == {"postgres_url": {"env": "YACP_DAGSTER_DATABASE"}}
    assert yaml.safe_load(found[1].mend)["compute_logs"]["config"]["bucket"] == "bucket"
    assert [lack.what for lack in found] == [
        "no storage, so YACP_DAGSTER_DATABASE has no effect",
        "no compute_logs, so YACP_DAGSTER_LOGS has no effect",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("telemetry:\n  enabled: [", "line 2, is not YAML"),
        ("- secret-value", "has no settings of Dagster"),
        ("secret-value: 1", "doesn't take an entry"),
        ("telemetry: {enabled: secret-value}", "doesn't take telemetry: enabled"),
        ("storage: {postgres: {postgres_url: {env: NOT_THERE}}}", "doesn't take postgres_url"),
        ("storage: {postgres: {postgres_url: secret-value}}", "can't use it (ArgumentError)"),
        ("run_launcher: {module: nowhere, class: Nothing}", "needs a module"),
        ("run_launcher: {module: orchestration.runs.run_health, class: Nothing}", "can't use it"),
    ],
)
def test_a_mistake_in_an_own_file_is_one_sentence(config: Settings, content: str, says: str) -> None:
    path = with_file(config, content)
    with pytest.raises(UsageError) as refused:
        require_usable(config)
    assert says in str(refused.value)
    assert "Correct dagster.yaml, or delete it" in str(refused.value)
    assert "secret-value" not in str(refused.value)
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dagster_logs", "output"),
        ("dagster_logs", "gs://bucket"),
        ("dagster_logs", "s3://key:secret@bucket/folder"),
        ("dagster_database", SecretStr("mysql://u:secret@h/d")),
        ("dagster_database", SecretStr("secret")),
    ],
)
def test_a_setting_that_is_none_is_refused(config: Settings, name: str, value: object) -> None:
    with pytest.raises(YacpError) as refused:
        require_usable(config.model_copy(update={name: value}))
    assert f"YACP_{name.upper()}" in str(refused.value)
    assert "secret" not in str(refused.value)
