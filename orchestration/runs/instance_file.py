"""``dagster.yaml``: yacp writes it from its settings until somebody changes it, and from then on only looks at it.

The first line has a checksum of the rest. Where it is still right, the file is as yacp wrote it, and follows the
settings; otherwise it belongs to the agency.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.failures import UsageError
from orchestration.settings import Settings
from orchestration.sources.addresses import require_no_secret
from orchestration.state.files import write_whole

DATABASE_VARIABLE = "YACP_DAGSTER_DATABASE"
_LOGS_VARIABLE = "YACP_DAGSTER_LOGS"
_MARK = "# Written by yacp from its settings, with this checksum: "
_BELONGS = "# Change what you like: the file is yours from then on, and yacp doctor says what it lacks.\n"
_FIRST_LINE_BEFORE = "# The Dagster instance of yacp, copied to"  # by versions that overwrote every change


@dataclass(frozen=True)
class Lack:
    """Something that ``dagster.yaml`` doesn't have, what comes of it, and the lines that mend it."""

    what: str
    mend: str


def path_of(config: Settings) -> Path:
    """Where Dagster looks for it."""
    return config.dagster_home / "dagster.yaml"


def write_instance_file(config: Settings) -> None:
    """Writes the file unless the agency has changed it; ``UsageError`` for settings that can't be written into it."""
    target, body = path_of(config), _body(config)
    content = f"{_MARK}{_checksum(body)}\n{body}"
    if not target.exists() or (is_ours(target) and target.read_text() != content):
        write_whole(target, content)


def is_ours(path: Path) -> bool:
    """Whether the file is as yacp wrote it, or empty. Earlier versions overwrote every change, so theirs always is."""
    first, _, body = path.read_text(errors="replace").partition("\n")
    return not first + body or first.startswith(_FIRST_LINE_BEFORE) or first == f"{_MARK}{_checksum(body)}"


def lacks(config: Settings) -> Iterator[Lack]:
    """What an agency's own file leaves out; nothing for ours. ``UsageError`` when it isn't YAML."""
    path = path_of(config)
    if not path.exists() or is_ours(path):
        return
    found = read(path)
    if _at(found, "run_launcher", "class") != "MonitoredRunLauncher":
        yield Lack(
            "another run_launcher: a killed run is found only after a long time",
            "run_launcher: {module: orchestration.runs.run_health, class: MonitoredRunLauncher}",
        )
    if _at(found, "run_monitoring", "enabled") is not True:
        yield Lack("no run_monitoring: a killed run stays in progress", "run_monitoring: {enabled: true}")
    if _at(found, "concurrency", "runs", "max_concurrent_runs") != 1:
        yield Lack(
            "more than one run at a time: the others start, and then wait for the warehouse",
            "concurrency: {runs: {max_concurrent_runs: 1}}",
        )
    if _at(found, "telemetry", "enabled") is not False:
        yield Lack("telemetry: Dagster reports its use to its makers", "telemetry: {enabled: false}")
    if config.secret("dagster_database") and "storage" not in found:
        yield Lack(f"no storage, so {DATABASE_VARIABLE} has no effect", _on_one_line(_runs_and_events(config)))
    elif not {"storage", "event_log_storage"} & found.keys():
        what = "Dagster's own event log: a run takes some seconds longer"
        yield Lack(what, _on_one_line(_runs_and_events(config)))
    if config.dagster_logs and "compute_logs" not in found:
        yield Lack(f"no compute_logs, so {_LOGS_VARIABLE} has no effect", _on_one_line(_logs(config)))


def read(path: Path) -> dict[str, Any]:
    """The file as YAML; ``UsageError`` with the line when it isn't."""
    try:
        found = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}," if mark else ""
        raise UsageError(f"{path}{where} is not YAML. {how_to_mend(path)}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path} has no settings of Dagster. {how_to_mend(path)}")
    return found


def how_to_mend(path: Path) -> str:
    """What to do with a file that Dagster doesn't take."""
    return f"Correct {path.name}, or delete it, and yacp writes its own again."


def _at(found: dict[str, Any], *keys: str) -> object:
    value: object = found
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _on_one_line(part: str) -> str:
    return yaml.safe_dump(yaml.safe_load(part), default_flow_style=True, width=1000).strip()[1:-1]


def _body(config: Settings) -> str:
    template = Path(__file__).with_name("dagster.yaml").read_text()
    return _BELONGS + template.replace("${RECORDS}\n", _runs_and_events(config) + _logs(config))


def _runs_and_events(config: Settings) -> str:
    if config.secret("dagster_database"):
        return f"""\
# Runs, events, and schedules in PostgreSQL. Where yacp is started, the variable has the address.
storage:
  postgres:
    postgres_url:
      env: {DATABASE_VARIABLE}

"""
    return f"""\
# Where Dagster stores the event log by default, with the database files kept open between events.
event_log_storage:
  module: orchestration.internals.dagster_event_log
  class: PooledEventLog
  config:
    base_dir: {json.dumps(_history(config))}

"""


def _logs(config: Settings) -> str:
    """The part for the output of steps; nothing when Dagster keeps it in its default place."""
    location = config.dagster_logs
    if not location:
        return ""
    require_no_secret(_LOGS_VARIABLE, location)
    if not location.startswith("s3://"):
        folder = Path(location).expanduser()
        if not folder.is_absolute():
            raise UsageError(f"{_LOGS_VARIABLE} must be the whole path of a folder, or s3://bucket/folder.")
        return f"""\
# What steps print.
compute_logs:
  module: dagster.core.storage.local_compute_log_manager
  class: LocalComputeLogManager
  config:
    base_dir: {json.dumps(str(folder))}

"""
    bucket, _, folder_there = location.removeprefix("s3://").partition("/")
    endpoint = f"\n    endpoint_url: {json.dumps(config.s3_endpoint)}" if config.s3_endpoint else ""
    return f"""\
# What steps print; a copy stays here until retention removes both.
compute_logs:
  module: dagster_aws.s3.compute_log_manager
  class: S3ComputeLogManager
  config:
    bucket: {json.dumps(bucket)}
    prefix: {json.dumps(folder_there.strip("/"))}
    local_dir: {json.dumps(str(config.dagster_home.resolve() / "storage"))}
    skip_empty_files: true{endpoint}

"""


def _history(config: Settings) -> str:
    return str(config.dagster_home.resolve() / "history" / "runs")


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
