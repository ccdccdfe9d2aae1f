"""No message, table, or log shows a secret that somebody wrote into an address."""

import subprocess
from pathlib import Path

import pytest
from conftest import YACP, clean_environment

from orchestration.sources.addresses import has_secret, shown

SECRET = "SESAME"
WITH_SECRETS = [
    f"sftp://u:{SECRET}@host/x",
    f"sftp:/u:{SECRET}@host/x",
    f"sftp:u:{SECRET}@host/x",
    f"u:{SECRET}@host:/x",
    f"sftp://u:a/{SECRET}@host/x",
    f"sftp://u:a@{SECRET}@host/x",
    f"s3://bucket/x?token={SECRET}",
    f"s3://bucket/x#token={SECRET}",
    f"https://host/x#token={SECRET}",
    f"simplecache::sftp://u:{SECRET}@host/x",
    f"ssh://u:{SECRET}@[::1]:22/x",
]


@pytest.mark.parametrize("address", WITH_SECRETS)
def test_an_address_with_a_secret_is_not_shown(address: str) -> None:
    assert has_secret(address)
    assert SECRET not in shown(address)


@pytest.mark.parametrize("address", [WITH_SECRETS[1], WITH_SECRETS[3], WITH_SECRETS[7]])
def test_no_command_shows_a_secret(tmp_path: Path, address: str) -> None:
    for command in (["doctor"], ["run"]):
        done = subprocess.run(
            [str(YACP), *command],
            env={**clean_environment(tmp_path / "home"), "YACP_EXTRACTS": address},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        assert SECRET not in done.stdout + done.stderr
        assert "carries a password" in " ".join((done.stdout + done.stderr).split())
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "address",
    ["sftp://u@host/x", "sftp://host:22/a@b", "s3://bucket/x", "/srv/a:b@c?d#e", "./x:y@z", "deliveries", "ssh://u@host:2222/x"],
)  # fmt: skip
def test_an_address_without_a_secret_is_shown(address: str) -> None:
    assert not has_secret(address)
    assert shown(address) == address


def test_a_terminal_does_not_act_on_an_address() -> None:
    assert shown("/srv/\x1b[2J") == r"/srv/\x1b[2J"
