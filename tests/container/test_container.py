"""The image is built and compose.yaml's services are run with podman: a day, the daemon, the UI, the dashboard.

The base is a Debian from debootstrap, so no registry of images is needed; PostgreSQL is Debian's, on loopback, because
its image would be from one. What compose.yaml says of a service is turned into podman's options here; an entry that
isn't known is an error.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml
from fake_receivers import free_port
from postgresql_server import PASSWORD, Postgresql, postgresql_server
from yacp_command import yacp

from orchestration.settings import PROJECT

COMPOSE = yaml.safe_load((PROJECT / "deploy" / "container" / "compose.yaml").read_text())
RECIPE = PROJECT / "deploy" / "container" / "Containerfile"
[RELEASE] = re.findall(r"^ARG BASE=.*/debian:(\w+)-slim$", RECIPE.read_text(), re.MULTILINE)
BASE, IMAGE, STATE = "localhost/yacp-test-base", "localhost/yacp-test", "yacp-test-state"
NEEDED = ("podman", "runc", "debootstrap")
IGNORED = {"image", "build", "depends_on", "stop_grace_period", "restart", "profiles"}  # of compose, not of a container
ACCOUNT = 10001
_PROCESSES = min(resource.getrlimit(resource.RLIMIT_NPROC)[0], 4096)
_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
# Machines that are containers themselves may not raise a limit, which podman's defaults would.
LIMITS = [f"--ulimit=nproc={_PROCESSES}:{_PROCESSES}", f"--ulimit=nofile={_FILES}:{_FILES}"]

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, NEEDED)), reason=f"needs root and {', '.join(NEEDED)}"
)


def podman(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = ["podman", "--runtime", "runc", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, **options)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    if podman("image", "exists", BASE).returncode:
        folder = tmp_path_factory.mktemp("base")
        sites = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True)
        made = ["debootstrap", "--variant=minbase", "--include=ca-certificates", RELEASE, str(folder)]
        subprocess.run([*made, sites.stdout.splitlines()[0]], check=True, stdout=subprocess.DEVNULL)
        with subprocess.Popen(["tar", "--create", "--directory", str(folder), "."], stdout=subprocess.PIPE) as tar:
            assert podman("import", "-", BASE, stdin=tar.stdout).returncode == 0
    # The host's way to packages, where it has one of its own.
    ways = [Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf", Path("/etc/ssl/certs")]
    there = {"/etc/pip.conf": "/etc/pip.conf", str(ways[1]): "/root/.config/pip/pip.conf", str(ways[2]): str(ways[2])}
    mounts = [f"--volume={way}:{there[str(way)]}:ro" for way in ways if way.exists()]
    arguments = ["--isolation=chroot", "--network=host", f"--build-arg=BASE={BASE}", *mounts, f"--file={RECIPE}"]
    built = podman("build", *arguments, f"--tag={IMAGE}", str(PROJECT))
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return IMAGE


class Services:
    """The services of compose.yaml, with the host's folders and ports replaced by those of the tests."""

    def __init__(self, folder: Path) -> None:
        self.places = {"/etc/yacp": folder / "etc", "/srv/deliveries": folder / "deliveries", "state": STATE}
        self.variables: dict[str, str] = {}

    def options(self, name: str) -> list[str]:
        service = COMPOSE["services"][name]
        found = []
        for key, value in service.items():
            match key:
                case "network_mode" | "read_only" | "env_file":
                    place = str(self.places["/etc/yacp"])
                    option = {"network_mode": "network", "read_only": "read-only", "env_file": "env-file"}[key]
                    found.append(f"--{option}={str(value).replace('/etc/yacp', place).lower()}")
                case "environment":
                    found += [f"--env={variable}={given}" for variable, given in value.items()]
                case "volumes":
                    for volume in value:
                        source, _, rest = volume.partition(":")
                        found.append(f"--volume={self.places[source]}:{rest}")
                case "tmpfs" | "cap_drop" | "security_opt":
                    found += [f"--{key.replace('_', '-')}={each}" for each in value]
                case "command":
                    pass
                case _:
                    assert key in IGNORED, key
        return found + LIMITS + [f"--env={variable}={given}" for variable, given in self.variables.items()]

    def run(self, service: str, *command: str, **program: str) -> subprocess.CompletedProcess[str]:
        other = [f"--{option}={value}" for option, value in program.items()]
        return podman("run", "--rm", *self.options(service), *other, IMAGE, *command)

    @contextmanager
    def started(self, service: str, *more: str) -> Iterator[str]:
        name = f"yacp-test-{service}"
        podman("rm", "--force", name)
        command = [*COMPOSE["services"][service]["command"], *more]
        done = podman("run", "--detach", f"--name={name}", *self.options(service), IMAGE, *command)
        assert done.returncode == 0, done.stderr
        try:
            yield name
        finally:
            podman("stop", "--time=30", name)
            podman("rm", "--force", name)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Postgresql]:
    with postgresql_server() as server:
        server.execute(f"create role yacp login password '{PASSWORD}'", "create database yacp owner yacp")
        yield server


@pytest.fixture(scope="module")
def services(image: str, postgresql: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("host")
    here = Services(folder)
    settings, deliveries = folder / "etc", folder / "deliveries"
    settings.mkdir()
    (settings / "yacp.env").write_text("YACP_DASHBOARD_PROXIES=127.0.0.1\n")
    secret = settings / "dagster-database"
    secret.write_text(f"postgresql://yacp:{PASSWORD}@127.0.0.1:{postgresql.port}/yacp\n")
    secret.chmod(0o400)
    os.chown(secret, ACCOUNT, ACCOUNT)
    assert yacp(folder / "home", "generate", "--customers", "100", "--out", str(deliveries)).returncode == 0
    subprocess.run(["chmod", "-R", "a+rX", str(tmp_path_factory.getbasetemp().parent)], check=True)
    podman("volume", "rm", "--force", STATE)
    yield here
    podman("volume", "rm", "--force", STATE)


def wait_for(address: str, **headers: str) -> httpx.Response:
    for _ in range(120):
        try:
            return httpx.get(address, headers=headers, timeout=30)
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"{address} doesn't answer")


def test_the_image_has_the_code_and_nothing_else(image: str) -> None:
    [about] = json.loads(podman("image", "inspect", image).stdout)
    assert about["Config"]["User"] == "yacp"
    listed = podman("run", "--rm", "--network=host", *LIMITS, "--entrypoint=ls", image, "-A", ".")
    names = set(listed.stdout.split())
    assert {"dashboard", "orchestration", "dbt_project", "models", "seeds", "expectations"} <= names
    assert not names & {".git", ".yacp", "tests", "benchmarks", ".mypy_cache"}


def test_a_day_is_published_in_containers(services: Services, postgresql: Postgresql) -> None:
    run = services.run("yacp", "run")
    assert run.returncode == 0, run.stderr
    assert "all passed" in run.stderr
    address = f"postgresql://yacp:{PASSWORD}@127.0.0.1:{postgresql.port}/yacp"
    with psycopg.connect(address) as connection:
        assert connection.execute("select status from runs").fetchall() == [("SUCCESS",)]
    for place in ("/opt/yacp/models/new", "/etc/yacp/new", "/srv/deliveries/new"):
        assert "Read-only file system" in services.run("yacp", place, entrypoint="touch").stderr
    assert services.run("yacp", "/var/lib/yacp/new", entrypoint="touch").returncode == 0
    assert "Read-only file system" in services.run("dashboard", "/var/lib/yacp/new", entrypoint="touch").stderr


def test_the_dashboard_shows_it_to_whom_the_proxy_names(services: Services) -> None:
    services.variables["YACP_DASHBOARD_PORT"] = str(port := free_port())
    with services.started("dashboard"):
        page = f"http://127.0.0.1:{port}/"
        assert wait_for(page).status_code == 403
        seen = wait_for(page, **{"X-Forwarded-Email": "staff.sx000000001@example.org"})
        assert seen.status_code == 200
        assert "Customer Application Status" in seen.text


def test_the_daemon_and_the_ui_work(services: Services) -> None:
    port = free_port()
    with services.started("daemon"), services.started("ui", "--port", str(port)) as ui:
        answer = wait_for(f"http://127.0.0.1:{port}/server_info")
        assert answer.status_code == 200, podman("logs", ui).stderr
        for _ in range(60):
            status = services.run("yacp", "status", "--format", "json")
            assert status.returncode == 0, status.stderr
            if json.loads(status.stdout)["daemon_runs"]:
                return
            time.sleep(1)
    pytest.fail("the daemon has no heartbeat")
