"""The units of deploy/systemd are tight, and the program works under them."""

import re
import subprocess
from pathlib import Path

import pytest
from unit_sandbox import OF_THE_MANAGER, TRIED, UNITS, UNTRIED, Unit

from dashboard.settings import Settings as DashboardSettings
from orchestration.cli.main import cli
from orchestration.settings import Settings

NAMES = sorted(path.stem for path in UNITS.glob("*.service"))
MOST_EXPOSED = 3.0

needs_systemd = pytest.mark.skipif(
    subprocess.run(["sh", "-c", "command -v systemd-analyze"], capture_output=True, check=False).returncode != 0,
    reason="needs systemd-analyze (Debian: systemd)",
)


def test_there_is_a_unit_for_each_process() -> None:
    assert NAMES == ["yacp-daemon", "yacp-dashboard", "yacp-ui"]


@pytest.mark.parametrize("name", NAMES)
def test_a_unit_starts_a_command_that_exists(name: str) -> None:
    program, command = Unit.read(name).one("ExecStart").split()
    assert program == "/opt/yacp/.venv/bin/yacp"
    assert command in cli.commands


@pytest.mark.parametrize("name", NAMES)
def test_each_line_of_a_unit_is_tried_or_known_to_be_untried(name: str) -> None:
    unknown = set(Unit.read(name).settings) - TRIED - UNTRIED - OF_THE_MANAGER
    assert unknown == set()


@needs_systemd
@pytest.mark.parametrize("name", NAMES)
def test_systemd_finds_a_unit_tight(name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNITS / f"{name}.service")]
    judged = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (level,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", judged)
    assert float(level) <= MOST_EXPOSED


@needs_systemd
@pytest.mark.parametrize("name", NAMES)
def test_systemd_understands_a_unit(name: str, tmp_path: Path) -> None:
    """With a program that is there, so that everything else it says is about the unit's lines."""
    text = (UNITS / f"{name}.service").read_text(encoding="utf-8")
    unit = tmp_path / f"{name}.service"
    unit.write_text(text.replace("/opt/yacp/.venv/bin/yacp", "/bin/true").replace("/opt/yacp", "/"))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line for line in judged.stderr.splitlines() if unit.name in line] == []


def test_the_example_names_settings_that_exist() -> None:
    known = {
        f"{kind.model_config['env_prefix']}{name.upper()}"
        for kind in (Settings, DashboardSettings)
        for name in kind.model_fields
    }
    named = re.findall(r"^#?(YACP_\w+)=", (UNITS / "yacp.env").read_text(encoding="utf-8"), re.MULTILINE)
    assert named
    assert set(named) - known == set()
