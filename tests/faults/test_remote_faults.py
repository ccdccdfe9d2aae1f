"""Remote deliveries over connections that break, and runs that load them."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncssh
import dagster as dg
import fsspec
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries, yacp
from servers import PASSWORD, Place, Sftp, sentence

from orchestration.contract.systems import SYSTEMS
from orchestration.contract.worknet import WORKNET
from orchestration.definitions import defs
from orchestration.failures import RootDenied, RootUnreachable
from orchestration.health.doctor import examine
from orchestration.landing.intake import land
from orchestration.sample.generator import generate
from orchestration.settings import Settings, settings
from orchestration.sources import storage

# Lost connections.


@pytest.mark.parametrize("after", [0, 100, 2500, 4500, 9000])
def test_a_lost_connection_is_tried_again(place: Place, tmp_path: Path, after: int) -> None:
    Deliveries(place.folder).write(WORKNET, {"customers": [{"customer_id": f"C{n}"} for n in range(1, 500)]})
    place.bring()
    place.wire.cuts = [after, after]
    assert land(place.config(tmp_path / "home"), WORKNET, DAY).delivery == 1
    assert place.wire.cuts == []


def test_a_broken_transfer_goes_on_where_it_was(
    on_sftp: Place, sftp: Sftp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PIECE", 1000)
    (on_sftp.folder / "worknet").mkdir()
    (on_sftp.folder / "worknet" / "long").write_bytes(bytes(range(250)) * 40)
    opened = 0

    def watch(operation: str, _path: str) -> None:
        nonlocal opened
        if operation == "open":
            opened += 1
            if opened in (4, 8):
                on_sftp.wire.hang_up()

    sftp.watch = watch
    with closing(storage.Storage(on_sftp.url, on_sftp.config(tmp_path / "home"))) as opened_storage:
        assert b"".join(opened_storage.stream("worknet/long")) == bytes(range(250)) * 40
    assert opened == 10 + 2
    assert on_sftp.wire.connections == 3


@pytest.mark.parametrize("retries", [0, 2])
def test_retries_are_bounded(place: Place, tmp_path: Path, retries: int) -> None:
    place.wire.cuts = [0] * 100
    text = sentence(place.config(tmp_path / "home", retries=retries), RootUnreachable, 1)
    assert f"{place.url}/worknet can't be reached" in text
    assert ("tried 3 times" in text) == (retries == 2)
    assert "The last good day is still published" in text


def test_waits_grow(on_sftp: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(storage.time, "sleep", waited.append)
    on_sftp.wire.close()
    sentence(on_sftp.config(tmp_path / "home", retries=8, retry_wait=1), RootUnreachable, 1)
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_server_that_is_gone(place: Place, tmp_path: Path) -> None:
    place.wire.close()
    sentence(place.config(tmp_path / "home"), RootUnreachable, 1)


def test_a_server_that_says_nothing(place: Place, tmp_path: Path) -> None:
    place.wire.silent = True
    config = place.config(tmp_path / "home", connect_timeout=0.3, read_timeout=0.3, retries=1)
    assert "no answer in time" in sentence(config, RootUnreachable, 1)


def test_a_server_that_falls_silent_in_a_file(
    on_sftp: Place, sftp: Sftp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Deliveries(on_sftp.folder).write(WORKNET, {"customers": [{"customer_id": f"C{n}"} for n in range(1, 1500)]})
    sftp.watch = lambda operation, path: asyncio.sleep(600) if operation == "read" and "customers" in path else None
    with pytest.raises(RootUnreachable, match=r"customers\.csv can't be reached: no answer in time"):
        land(on_sftp.config(tmp_path / "home", read_timeout=3, retries=0), WORKNET, DAY)
    fsspec.asyn.sync(fsspec.asyn.get_loop(), asyncio.sleep, 0.1)
    gc.collect()
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_permission_denied_for_one_file(on_sftp: Place, sftp: Sftp, tmp_path: Path) -> None:
    Deliveries(on_sftp.folder).write(WORKNET)

    def watch(operation: str, path: str) -> None:
        if operation == "open" and "customers" in path:
            raise asyncssh.SFTPPermissionDenied("no")

    sftp.watch = watch
    with pytest.raises(
        RootDenied, match=r"Permission denied for .*customers.csv: .*The last good day is still published"
    ):
        land(on_sftp.config(tmp_path / "home"), WORKNET, DAY)
    assert on_sftp.wire.connections == 1


# The sensor and the doctor.


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Settings], Any]]:
    """Evaluates a tick of the sensor with the given settings."""
    repository = defs.get_repository_def()

    def tick(config: Settings) -> Any:
        for name in config.model_fields_set:
            value = getattr(config, name)
            monkeypatch.setenv(f"YACP_{name.upper()}", PASSWORD if name == "sftp_password" else str(value))
        settings.cache_clear()
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance=instance, repository_def=repository)
            return repository.get_sensor_def("complete_deliveries").evaluate_tick(context)

    yield tick
    settings.cache_clear()


def test_the_sensor_waits_for_a_root_that_is_gone(
    place: Place, tmp_path: Path, look: Callable[[Settings], Any]
) -> None:
    deliveries = Deliveries(place.folder)
    for system in SYSTEMS:
        deliveries.write(system)
    place.bring()
    config = place.config(tmp_path / "home")
    place.wire.cuts = [0] * 3
    missed = look(config)
    assert missed.run_requests == []
    assert "can't be reached" in missed.skip_message
    place.wire.cuts = []
    assert [request.partition_key for request in look(config).run_requests] == [str(DAY)]


def test_doctor_says_whether_the_root_can_be_reached(place: Place, tmp_path: Path) -> None:
    deliveries = Deliveries(place.folder)
    for system in SYSTEMS:
        deliveries.write(system)
    place.bring()
    config = place.config(tmp_path / "home")

    def found() -> dict[str, dict[str, object]]:
        return {str(row["what"]): row for row in examine(config).records() if "deliveries" in str(row["what"])}

    assert [row["ok"] for row in found().values()] == [True, True, True]
    assert found()["IWDS deliveries"]["found"] == f"newest {DAY}"
    place.wire.close()
    assert list(found()) == ["deliveries (YACP_EXTRACTS)"]
    assert found()["deliveries (YACP_EXTRACTS)"]["ok"] is False
    assert "can't be reached" in str(found()["deliveries (YACP_EXTRACTS)"]["mend"])


# Runs.


def test_a_run_from_afar(place: Place, tmp_path: Path) -> None:
    generate(place.folder, customers=200, as_of=DAY_BEFORE)
    place.bring()
    home = tmp_path / "home"
    place.wire.cuts = [3000, 30_000, 60_000]
    said = [yacp(home, "run", variables=place.variables())]
    assert said[0].returncode == 0, said[0].stderr
    assert place.wire.cuts == []
    published = (home / "published" / "current").resolve()
    assert published.name.startswith(str(DAY_BEFORE))

    generate(place.folder, customers=200, as_of=DAY)
    place.bring()
    place.wire.silent = True
    impatient = {"YACP_CONNECT_TIMEOUT": "2", "YACP_READ_TIMEOUT": "2", "YACP_RETRIES": "1"}
    for arguments, status, says in (
        (["run"], 1, "can't be reached: no answer in time"),
        (["doctor", "--format", "csv"], 2, "can't be reached: no answer in time"),
        (["show"], 0, str(DAY_BEFORE)),
    ):
        result = yacp(home, *arguments, variables=place.variables() | impatient)
        assert result.returncode == status, result.stderr
        assert says in " ".join((result.stdout + result.stderr).split())
        assert "Traceback" not in result.stderr
        said.append(result)
    assert (home / "published" / "current").resolve() == published

    written = [path for path in home.rglob("*") if path.is_file()]
    assert len(written) > 100
    for secret in place.secrets:
        assert not any(secret in each.stdout + each.stderr for each in said)
        assert [path for path in written if secret.encode() in path.read_bytes()] == []


def test_a_server_that_falls_silent_in_a_run(on_sftp: Place, sftp: Sftp, tmp_path: Path) -> None:
    generate(on_sftp.folder, customers=200, as_of=DAY)
    sftp.watch = lambda operation, path: asyncio.sleep(600) if operation == "read" and "services" in path else None
    impatient = {"YACP_READ_TIMEOUT": "5", "YACP_RETRIES": "1"}
    result = yacp(tmp_path / "home", "run", variables=on_sftp.variables() | impatient)
    assert result.returncode == 1, result.stderr
    assert "services.csv can't be reached: no answer in time" in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert PASSWORD not in result.stderr
    assert not list((tmp_path / "home" / "archive").rglob("delivery.json"))


def test_a_password_on_the_command_line_is_not_repeated(tmp_path: Path) -> None:
    result = yacp(tmp_path / "home", "run", "--extracts", f"sftp://deliveries:{PASSWORD}@127.0.0.1/outbox")
    assert result.returncode == 2
    assert "carries a password" in result.stderr
    assert PASSWORD not in result.stdout + result.stderr
