"""A PostgreSQL server of the tests' own, on loopback, in a temporary folder, as a user that isn't root."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from fake_receivers import free_port

PASSWORD = "swordfish-in-the-tests"
_FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
BIN = _FOUND[-1].parent if _FOUND else None
MISSING = "needs PostgreSQL (Debian: apt-get install postgresql)"
_ACCOUNT = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


@dataclass
class Postgresql:
    """A running server. ``owner`` may do everything; ``reader`` signs in with a password and may select."""

    folder: Path
    port: int

    def address(self, user: str = "reader", password: str = PASSWORD, port: int | None = None) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{port or self.port}/postgres"

    def owner(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.folder), port=self.port, user="owner", dbname="postgres", autocommit=True)

    def execute(self, *statements: str) -> None:
        with self.owner() as connection:
            for statement in statements:
                connection.execute(statement)

    def control(self, *arguments: str) -> None:
        assert BIN is not None
        command = [str(BIN / "pg_ctl"), "-D", str(self.folder / "data"), "-w", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **_ACCOUNT)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        self.control("-l", str(self.folder / "log"), "-o", options, "start")


@contextmanager
def postgresql_server() -> Iterator[Postgresql]:
    assert BIN is not None, MISSING
    folder = Path(tempfile.mkdtemp(prefix="yacp-postgresql-"))
    if _ACCOUNT:
        shutil.chown(folder, "nobody", "nogroup")
    server = Postgresql(folder, free_port())
    try:
        subprocess.run(
            [str(BIN / "initdb"), "-D", str(folder / "data"), "-U", "owner", "-A", "trust", "-E", "UTF8", "-N"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            **_ACCOUNT,
        )
        (folder / "data" / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        server.start()
        server.execute(
            f"create role reader login password '{PASSWORD}'",
            "alter default privileges grant select on tables to reader",
        )
        yield server
    finally:
        subprocess.run(
            [str(BIN / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **_ACCOUNT,
        )
        shutil.rmtree(folder, ignore_errors=True)
