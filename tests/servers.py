"""Real SFTP and S3 servers on loopback, behind a proxy that can cut or silence the connection."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import boto3
import pytest
from moto.server import ThreadedMotoServer

from orchestration.contract.systems import SYSTEMS
from orchestration.failures import YacpError
from orchestration.settings import Settings
from orchestration.sources.delivery_root import DeliveryRoot

USER = "deliveries"
PASSWORD = "correct-horse-battery-staple"
BUCKET = "deliveries"


class Wire:
    """A TCP proxy that passes bytes on to a server until the test makes it silent or cuts it."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.silent = False
        self.cuts: list[int] = []
        """After how many bytes from the server each of the next connections is cut."""
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def hang_up(self) -> None:
        """Cuts all open connections; new ones still work."""
        while self._open:
            each = self._open.pop()
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        """Cuts all connections and stops listening."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._open.append(client)
                if self.silent:
                    continue
                server = socket.create_connection(("127.0.0.1", self.target))
                self._open.append(server)
                for end in (client, server):  # small packets that wait for others cost 80 ms per answer
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                cut = self.cuts.pop(0) if self.cuts else None
                threading.Thread(target=_pass, args=(client, server, None), daemon=True).start()
                threading.Thread(target=_pass, args=(server, client, cut), daemon=True).start()


def _pass(source: socket.socket, target: socket.socket, cut: int | None) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data if cut is None else data[: cut - passed])
            passed += len(data)
            if cut is not None and passed >= cut:
                break
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@dataclass
class Place:
    """A remote root for deliveries, with the settings and credentials that it takes."""

    url: str
    settings: dict[str, Any]
    environment: dict[str, str]
    secrets: list[str]
    wire: Wire
    folder: Path
    bring: Callable[[], None] = lambda: None
    """Uploads what is in the folder, where the server doesn't read it itself."""

    def config(self, home: Path, **changes: object) -> Settings:
        """The settings of a process that fetches deliveries from here."""
        return Settings(home=home, **{"extracts": self.url} | self.settings | changes)

    def variables(self) -> dict[str, str]:
        """The environment of a process that fetches deliveries from here."""
        return (
            {f"YACP_{name.upper()}": str(value) for name, value in self.settings.items()}
            | self.environment
            | {"YACP_EXTRACTS": self.url}
        )


class Sftp:
    """An SFTP server for one folder in its own thread; ``watch`` sees every request and may interfere."""

    def __init__(self, folder: Path, key: asyncssh.SSHKey | None = None) -> None:
        self.folder = folder
        self.key = key or asyncssh.generate_private_key("ssh-ed25519")
        self.users_key = asyncssh.generate_private_key("ssh-ed25519")
        self.watch: Callable[[str, str], Any] = lambda _operation, _path: None
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncssh.SSHAcceptor
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()

    def known_hosts(self, port: int) -> str:
        """The server's line in a known_hosts file."""
        return f"[127.0.0.1]:{port} {self.key.export_public_key().decode()}"

    def close(self) -> None:
        """Stops the server and cuts all connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, started: threading.Event) -> None:
        self._loop.run_until_complete(self._listen())
        started.set()
        self._loop.run_forever()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _listen(self) -> None:
        host = self

        class Authentication(asyncssh.SSHServer):
            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == (USER, PASSWORD)

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
                return username == USER and key == host.users_key.convert_to_public()

        class Files(asyncssh.SFTPServer):
            async def _watched(self, operation: str, path: bytes) -> None:
                result = host.watch(operation, path.decode().removeprefix("/"))
                if asyncio.iscoroutine(result):
                    await result

            async def open(self, path: bytes, *arguments: Any) -> Any:
                await self._watched("open", path)
                return super().open(path, *arguments)

            async def read(self, file: Any, offset: int, size: int) -> Any:
                await self._watched("read", file.name)
                return super().read(file, offset, size)

            async def stat(self, path: bytes) -> Any:
                await self._watched("stat", path)
                return super().stat(path)

            async def scandir(self, path: bytes) -> Any:
                await self._watched("list", path)
                async for name in super().scandir(path):
                    yield name

        self._server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Authentication,
            server_host_keys=[self.key],
            sftp_factory=lambda channel: Files(channel, chroot=str(self.folder).encode()),
        )
        self.port = self._server.get_port()


@contextmanager
def sftp_place(tmp_path: Path, server: Sftp) -> Iterator[Place]:
    """The SFTP server behind a proxy, with its host key known and the password in the settings."""
    wire = Wire(server.port)
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(server.known_hosts(wire.port))
    with closing(wire):
        yield Place(
            url=f"sftp://{USER}@127.0.0.1:{wire.port}/outbox",
            settings={"known_hosts": known_hosts, "sftp_password": PASSWORD, "retry_wait": 0.01},
            environment={},
            secrets=[PASSWORD],
            wire=wire,
            folder=server.folder / "outbox",
        )


@dataclass
class S3:
    """An S3 server with one user who may read and write."""

    port: int
    credentials: dict[str, str] = field(default_factory=dict)

    @staticmethod
    @contextmanager
    def start() -> Iterator["S3"]:
        """Starts the server in a thread; once the user exists, signatures are checked."""
        import moto.settings

        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        before = moto.settings.INITIAL_NO_AUTH_ACTION_COUNT
        try:
            self = S3(server.get_host_and_port()[1])
            iam = self.client("iam", {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"})
            iam.create_user(UserName=USER)
            iam.put_user_policy(
                UserName=USER,
                PolicyName="all",
                PolicyDocument='{"Version": "2012-10-17", "Statement":'
                ' [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}',
            )
            key = iam.create_access_key(UserName=USER)["AccessKey"]
            self.credentials = {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            }
            moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
            yield self
        finally:
            moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = before
            server.stop()

    def client(self, service: str, credentials: dict[str, str] | None = None) -> Any:
        """A client that connects to the server directly."""
        given = credentials or self.credentials
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )


@contextmanager
def s3_place(tmp_path: Path, server: S3) -> Iterator[Place]:
    """A new bucket behind a proxy, with a credential for it in the environment."""
    bucket = f"{BUCKET}-{tmp_path.name.replace('_', '-').lower()}"[:63].strip("-")
    wire = Wire(server.port)
    folder = tmp_path / "outbox"
    client = server.client("s3")
    client.create_bucket(Bucket=bucket)

    def bring() -> None:
        # Manifests last, as the contract requires.
        for path in sorted(
            (path for path in folder.rglob("*") if path.is_file()), key=lambda p: p.name == "manifest.json"
        ):
            client.upload_file(str(path), bucket, f"outbox/{path.relative_to(folder)}")

    with closing(wire):
        yield Place(
            url=f"s3://{bucket}/outbox",
            settings={"s3_endpoint": f"http://127.0.0.1:{wire.port}", "retry_wait": 0.01},
            environment={"AWS_DEFAULT_REGION": "us-east-1", **server.credentials},
            secrets=[server.credentials["AWS_SECRET_ACCESS_KEY"]],
            wire=wire,
            folder=folder,
            bring=bring,
        )


def sentence(config: Settings, kind: type[YacpError], status: int) -> str:
    """The message of the error when the days at the root are listed."""
    with pytest.raises(kind) as raised, DeliveryRoot(config) as root:
        list(root.days(*SYSTEMS))
    assert raised.value.exit_status == status
    text = str(raised.value)
    assert "\n" not in text
    return text
