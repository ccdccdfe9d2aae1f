"""Deliveries from an SFTP server and from a bucket."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest
from conftest import DAY, DAY_BEFORE, Deliveries
from servers import Place, Sftp, sentence

from orchestration.contract.iwds import IWDS
from orchestration.contract.systems import SYSTEMS
from orchestration.contract.worknet import WORKNET
from orchestration.failures import DeliveryRefused, RootDenied, UsageError
from orchestration.landing.intake import land
from orchestration.landing.queries import delivered
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot
from orchestration.sources.manifest import ManifestFile

FILE = f"worknet/{DAY}/customers.csv"
ANOTHER_KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
ANOTHER_KIND = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()


def test_deliveries_are_loaded_from_a_remote_root(place: Place, tmp_path: Path) -> None:
    deliveries = Deliveries(place.folder)
    deliveries.write(WORKNET, day=DAY_BEFORE)
    deliveries.write(WORKNET, {"customers": [{"customer_id": f"C{n}"} for n in range(1, 500)]})
    deliveries.write(IWDS)
    place.bring()
    config = place.config(tmp_path / "home")
    with DeliveryRoot(config) as root:
        assert list(root.days(WORKNET)) == [DAY, DAY_BEFORE]
        assert list(root.days(*SYSTEMS)) == [DAY]
    for system in SYSTEMS:
        assert land(config, system, DAY).delivery == 1
    assert [path.name for path in (config.archive / ".incoming").iterdir()] == []


def test_a_private_key_is_accepted(on_sftp: Place, sftp: Sftp, tmp_path: Path) -> None:
    Deliveries(on_sftp.folder).write(WORKNET)
    key = tmp_path / "key"
    sftp.users_key.write_private_key(str(key))
    config = on_sftp.config(tmp_path / "home", sftp_password="", sftp_key_file=key)
    assert land(config, WORKNET, DAY).delivery == 1
    sftp.users_key.write_private_key(str(key), "pkcs8-pem", passphrase="unknown")
    assert "without a passphrase" in sentence(config, RootDenied, 2)


def test_listing_days_takes_one_connection_and_skips_old_days(on_sftp: Place, sftp: Sftp, tmp_path: Path) -> None:
    Deliveries(on_sftp.folder).write(WORKNET)
    for days in range(1, 300):
        (on_sftp.folder / "worknet" / str(DAY - timedelta(days))).mkdir()
    asked = Counter[str]()
    sftp.watch = lambda operation, _path: asked.update([operation])
    config = on_sftp.config(tmp_path / "home")
    with DeliveryRoot(config) as root:
        assert next(root.days(WORKNET)) == DAY
    assert asked == {"list": 1, "stat": 1}
    assert delivered(config, [DAY, DAY_BEFORE]) == []
    assert on_sftp.wire.connections == 2


# Credentials, host keys and missing roots


def test_a_wrong_credential(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mistyped-secret")
    text = sentence(place.config(tmp_path / "home", sftp_password="mistyped-secret"), RootDenied, 2)
    assert "mistyped-secret" not in text
    assert "does not let deliveries log in" in text or "(SignatureDoesNotMatch)" in text
    assert place.wire.connections == 1


def test_no_credential(on_s3: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "Set AWS_ACCESS_KEY_ID" in sentence(on_s3.config(tmp_path / "home"), RootDenied, 2)


def test_a_credential_from_a_file(on_s3: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{name.lower()} = {value}" for name, value in on_s3.environment.items() if "KEY" in name]
    for name in on_s3.environment:
        monkeypatch.delenv(name)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("\n".join(["[yacp]", *lines]))
    monkeypatch.setenv("AWS_PROFILE", "yacp")
    Deliveries(on_s3.folder).write(WORKNET)
    on_s3.bring()
    assert land(on_s3.config(tmp_path / "home"), WORKNET, DAY).delivery == 1


def test_a_root_that_does_not_exist(place: Place, tmp_path: Path) -> None:
    config = place.config(tmp_path / "home", extracts=place.url.replace("outbox", "inbox").replace("s3://", "s3://no-"))
    assert "does not exist: there is no" in sentence(config, UsageError, 2)
    with pytest.raises(UsageError, match="does not exist: there is no"):
        land(config, WORKNET, DAY)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "The host key of .* is unknown: .* ssh-keyscan -p"),
        (f"elsewhere {ANOTHER_KEY}", "The host key of .* is unknown"),
        (
            f"[127.0.0.1]:PORT {ANOTHER_KEY}",
            "a new key, or another server answers .* The last good day is still published",
        ),
        (
            f"[127.0.0.1]:PORT {ANOTHER_KIND}",
            "a new key, or another server answers .* The last good day is still published",
        ),
        ("@cert-authority", "is not a known_hosts file"),
        (None, "can't be checked: .*No such file"),
    ],
    ids=["no key", "another host's", "another key", "another kind of key", "no list", "no file"],
)
def test_an_unknown_host_key_is_refused(on_sftp: Place, tmp_path: Path, content: str | None, says: str) -> None:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.unlink()
    if content is not None:
        known_hosts.write_text(content.replace("PORT", str(on_sftp.wire.port)) + "\n")
    with pytest.raises(RootDenied, match=says) as raised, DeliveryRoot(on_sftp.config(tmp_path / "home")) as root:
        root.require()
    assert raised.value.exit_status == 2
    assert on_sftp.wire.connections <= 1


def test_host_keys_are_checked_by_default(on_sftp: Place, sftp: Sftp, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").touch()
    config = on_sftp.config(tmp_path / "home", known_hosts=None, extracts=on_sftp.url.replace("sftp://", "ssh://"))
    assert "is unknown" in sentence(config, RootDenied, 2)
    (tmp_path / ".ssh" / "known_hosts").write_text(sftp.known_hosts(on_sftp.wire.port))
    with DeliveryRoot(config) as root:
        root.require()


@pytest.mark.parametrize(
    "changes",
    [
        {"extracts": "sftp://deliveries:open-sesame@example.org/outbox"},
        {"extracts": "sftp://deliveries:open/sesame@example.org/outbox"},
        {"extracts": "simplecache::s3://key:open-sesame@bucket/outbox"},
        {"extracts": "https://example.org/outbox?token=open-sesame"},
        {"s3_endpoint": "https://key:open-sesame@example.org"},
    ],
)
def test_a_password_in_an_address_is_refused_and_not_printed(config: Settings, changes: dict[str, str]) -> None:
    text = sentence(config.model_copy(update=changes), UsageError, 2)
    assert "carries a password" in text
    assert "sesame" not in text


# Files that change during the transfer


def test_a_delivery_that_is_replaced_while_it_is_fetched(on_sftp: Place, sftp: Sftp, tmp_path: Path) -> None:
    deliveries = Deliveries(on_sftp.folder)
    deliveries.write(WORKNET)
    replaced = False

    def watch(operation: str, path: str) -> None:
        nonlocal replaced
        if operation == "open" and "customers" in path and not replaced:
            replaced = True
            deliveries.write(WORKNET, {"customers": [{"customer_id": "C1", "first_name": "Grace"}]}, delivery=2)

    sftp.watch = watch
    landed = land(on_sftp.config(tmp_path / "home"), WORKNET, DAY)
    manifest = json.loads((on_sftp.folder / "worknet" / str(DAY) / "manifest.json").read_text())
    assert landed.delivery == 2
    assert landed.checksums == {file["name"]: file["sha256"] for file in manifest["files"]}


def test_a_refused_delivery_is_not_retried(on_sftp: Place, sftp: Sftp, tmp_path: Path) -> None:
    folder = Deliveries(on_sftp.folder).write(WORKNET)
    (folder / "customers.csv").write_text("customer_id\n")
    opened = Counter[str]()
    sftp.watch = lambda operation, path: opened.update([path]) if operation == "open" else None
    config = on_sftp.config(tmp_path / "home")
    with pytest.raises(DeliveryRefused, match=r"customers\.csv has the sha256"):
        land(config, WORKNET, DAY)
    assert opened[f"outbox/{FILE}"] == 1
    assert not list(config.archive.rglob("delivery.json"))


@pytest.mark.parametrize("damage", ["cut", "gone", "longer"])
def test_a_file_is_fetched_whole_or_not_at_all(place: Place, tmp_path: Path, damage: str) -> None:
    deliveries = Deliveries(place.folder)
    folder = deliveries.write(WORKNET)
    promised = json.loads((folder / "manifest.json").read_text())["files"]
    file = folder / "customers.csv"
    match damage:
        case "cut":
            file.write_bytes(file.read_bytes()[:-10])
        case "longer":
            file.write_bytes(file.read_bytes() + b"\n")
        case "gone":
            file.unlink()
    place.bring()
    into = tmp_path / "into"
    into.mkdir()
    with DeliveryRoot(place.config(tmp_path / "home")) as root:
        for wanted in (ManifestFile.model_validate(each) for each in promised):
            problem = root.fetch(WORKNET, DAY, wanted, into)
            assert (problem is not None) == (wanted.name == "customers.csv")
            assert (into / wanted.name).exists() == (problem is None)
