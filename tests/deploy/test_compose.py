"""Each service of deploy/container starts a command that there is, and may do as little as it needs."""

from typing import Any

import pytest
import yaml

from orchestration.cli.main import cli
from orchestration.settings import PROJECT

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT / "deploy" / "container" / "compose.yaml").read_text())[
    "services"
]
OURS = sorted(name for name in SERVICES if SERVICES[name]["image"] == "yacp")


def test_there_is_a_service_for_each_process() -> None:
    assert OURS == ["daemon", "dashboard", "ui", "yacp"]


@pytest.mark.parametrize("name", OURS)
def test_a_service_starts_a_command_and_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["command"][0] in cli.commands
    assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (
        True,
        ["ALL"],
        ["no-new-privileges"],
    )
    assert "ports" not in service
    assert "privileged" not in service
    writable = [volume for volume in service["volumes"] if not volume.endswith(":ro")]
    assert writable == ([] if name == "dashboard" else ["state:/var/lib/yacp"])


def test_the_database_listens_to_this_machine_only() -> None:
    assert "listen_addresses=127.0.0.1" in SERVICES["postgresql"]["command"]
