"""One look says what is published, what was stopped and why, and what comes next."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from conftest import DAY, Deliveries, Sample

from orchestration.contract.systems import SYSTEMS
from orchestration.failures import DeliveryRefused, UsageError
from orchestration.health.status import as_metrics, status
from orchestration.landing.intake import land
from orchestration.runs.warehouse_lock import held_by
from orchestration.settings import Settings

MORNING_AFTER = datetime(DAY.year, DAY.month, DAY.day, 15, tzinfo=UTC) + timedelta(days=1)  # nine in Chicago


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")  # set by looking


def test_nothing_was_run_yet(config: Settings) -> None:
    with pytest.raises(UsageError, match="Nothing has been run"):
        status(config, MORNING_AFTER)


@pytest.mark.parametrize(("days", "behind"), [(0, 0), (1, 1), (7, 7)])
def test_the_newest_day_is_judged_against_the_clock(sample: Sample, days: int, behind: int) -> None:
    found = status(sample.settings, MORNING_AFTER + timedelta(days=days))
    assert (found.newest_day, found.days_behind) == (DAY, behind)
    assert not found.daemon_runs
    assert found.switched_off == ("complete_deliveries", "every_morning", "every_night")
    assert found.next_morning.endswith("06:00 CST")
    assert found.runs == found.stopped == ()
    assert any(warning.startswith("IWDS service codes are in the catalog: ") for warning in found.warnings)
    metrics = dict(line.rsplit(" ", 1) for line in as_metrics(found).splitlines() if line[0] != "#")
    assert metrics["yacp_days_behind"] == str(behind)
    assert metrics["yacp_checks_warning"] == str(len(found.warnings))


def test_a_refused_delivery_is_shown_until_a_later_one_is_accepted(config: Settings, deliveries: Deliveries) -> None:
    config.dagster_home.mkdir(parents=True)
    day = DAY + timedelta(days=1)
    manifest = deliveries.write(SYSTEMS[0], day=day) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"rows": ', '"rows": 9'))
    with pytest.raises(DeliveryRefused):
        land(config, SYSTEMS[0], day)
    now = MORNING_AFTER + timedelta(days=1)
    [stopped] = status(config, now).stopped
    assert (stopped.system, stopped.day, stopped.status) == (SYSTEMS[0].name, day, "refused")
    assert "cut short" in stopped.why
    assert "yacp_deliveries_stopped 1" in as_metrics(status(config, now))
    assert status(config, now + timedelta(days=20)).stopped == ()
    deliveries.write(SYSTEMS[0], day=day, delivery=2)
    land(config, SYSTEMS[0], day)
    assert status(config, now).stopped == ()


def test_who_holds_the_warehouse(config: Settings) -> None:
    assert held_by(config) == ""
    hold = (
        "import sys; from orchestration.settings import Settings;"
        "from orchestration.runs.warehouse_lock import hold_warehouse;"
        f"config = Settings(home={str(config.home)!r})\n"
        "with hold_warehouse(config, 'the run of a day', print): print('held', flush=True); sys.stdin.read()"
    )
    started = [sys.executable, "-c", hold]
    with subprocess.Popen(started, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdin
        assert other.stdout.readline() == "held\n"
        assert held_by(config).startswith(f"the run of a day (process {other.pid}")
        other.stdin.close()
    assert held_by(config) == "", "its name is still in the file"
