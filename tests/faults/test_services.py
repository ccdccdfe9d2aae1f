"""A day is run, shown, and looked at by the services, under all that their units allow, and under no more."""

import grp
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import httpx
import pytest
from conftest import DAY, yacp
from unit_sandbox import Unit, in_sandbox, missing_tools

from orchestration.sample.generator import generate

PROGRAM = "/opt/yacp/.venv/bin/yacp"
pytestmark = pytest.mark.skipif(bool(missing_tools()), reason=f"needs {missing_tools()}, to stand in for systemd")


@dataclass(frozen=True)
class Site:
    home: Path
    deliveries: Path


def _answer(of: Callable[[], httpx.Response], seconds: int = 90) -> httpx.Response:
    """The first answer that is no error."""
    last = time.monotonic() + seconds
    while True:
        try:
            return of().raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > last:
                raise
            time.sleep(0.2)


def _run(name: str, site: Site, *arguments: str, **variables: str) -> tuple[int, str]:
    with in_sandbox(Unit.read(name), site.home, site.deliveries, PROGRAM, *arguments, **variables) as process:
        output, _ = process.communicate(timeout=300)
        return process.returncode, output


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A day that was run as the daemon runs it, with files handed to a group."""
    folder = tmp_path_factory.mktemp("services")
    site = Site(folder / "home", folder / "deliveries")
    site.home.mkdir()
    generate(site.deliveries, customers=100, as_of=DAY, seed=3)
    status, output = _run("yacp-daemon", site, "run", YACP_GROUP=grp.getgrgid(os.getgid()).gr_name)
    assert status == 0, output
    return site


def test_the_daemon_runs_a_day_and_closes_its_files(site: Site) -> None:
    assert (site.home / "published" / "current").resolve().name.startswith(str(DAY))
    lists = site.home / "published" / "current" / "customers.duckdb"
    assert lists.stat().st_mode & 0o777 == 0o640


def test_the_daemon_starts_and_beats(site: Site) -> None:
    with in_sandbox(Unit.read("yacp-daemon"), site.home, site.deliveries) as daemon:
        last = time.monotonic() + 90
        while "yacp_daemon_up 1" not in yacp(site.home, "status", "--format", "metrics").stdout:
            assert daemon.poll() is None, daemon.communicate()[0]
            assert time.monotonic() < last
            time.sleep(1)


def test_the_ui_answers(site: Site) -> None:
    with in_sandbox(Unit.read("yacp-ui"), site.home, site.deliveries) as ui:
        _answer(lambda: httpx.get("http://127.0.0.1:3000/server_info"))
        assert ui.poll() is None


def test_the_dashboard_shows_and_hands_out_lists_but_writes_nothing(site: Site) -> None:
    with duckdb.connect(site.home / "published" / "customers.duckdb", read_only=True) as lists:
        query = "select email from lists.entitlements where role = 'super_user' order by email limit 1"
        ((email,),) = lists.execute(query).fetchall()
    before = sorted(site.home.rglob("*"))
    with in_sandbox(Unit.read("yacp-dashboard"), site.home, site.deliveries) as dashboard:
        assert _answer(lambda: httpx.get("http://127.0.0.1:8080/healthz")).status_code == 200
        with httpx.Client(base_url="http://127.0.0.1:8080", headers={"X-Forwarded-Email": email}) as client:
            for path in ("/", "/lines/not_synced", "/lines/not_synced.csv", "/lines/not_synced.xlsx"):
                assert client.get(path, timeout=60).status_code == 200, path
        assert dashboard.poll() is None
    assert sorted(site.home.rglob("*")) == before


def test_what_a_unit_forbids_fails(site: Site) -> None:
    """So the stand-in has teeth: files, memory, sockets, and system calls that the units exclude."""
    attempts = {
        "open('/etc/yacp-was-here', 'w')": "Read-only file system",
        "open('/var/lib/yacp/was-here', 'w')": "Read-only file system",
        "import mmap; mmap.mmap(-1, 4096, prot=7)": "not permitted",
        "import socket; socket.socket(socket.AF_NETLINK)": "not supported",
        "import os; os.setpriority(0, 0, 5); os.sched_setaffinity(0, {0})": "not permitted",
        "import os; os.chroot('/')": "not permitted",
    }
    for attempt, refusal in attempts.items():
        unit = Unit.read("yacp-dashboard")
        python = PROGRAM.replace("yacp/.venv/bin/yacp", "yacp/.venv/bin/python")
        with in_sandbox(unit, site.home, site.deliveries, python, "-c", attempt) as process:
            assert refusal in process.communicate(timeout=60)[0], attempt
