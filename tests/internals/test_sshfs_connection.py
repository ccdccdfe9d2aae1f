"""sshfs closes at once, resolves links, reads in blocks of ours, and says when a server opens no channel."""

import asyncio
import inspect
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import asyncssh
import fsspec
import pytest
from sshfs import SSHFileSystem
from sshfs.pools import SFTPSoftChannelPool

from orchestration.internals.sshfs_connection import SshConnection, has_no_channel

if TYPE_CHECKING:
    from servers import Place, Sftp


@pytest.fixture
def connection(on_sftp: "Place") -> Iterator[Any]:
    from servers import PASSWORD, USER

    connection = SshConnection(
        "127.0.0.1",
        port=on_sftp.wire.port,
        username=USER,
        password=PASSWORD,
        known_hosts=None,
        skip_instance_cache=True,
    )
    yield connection
    connection.close()


def test_the_names_are_there(connection: Any) -> None:
    assert list(inspect.signature(SSHFileSystem._cat_file).parameters)[:2] == ["self", "path"]
    assert connection._strip_protocol("sftp://host/outbox/file") == "/outbox/file"
    assert connection.loop is fsspec.asyn.get_loop()
    assert isinstance(connection.client, asyncssh.SSHClientConnection)
    assert isinstance(connection._pool, SFTPSoftChannelPool)


@pytest.mark.parametrize("name", ["close", "real_path"])
def test_sshfs_lacks_them(name: str) -> None:
    assert not hasattr(SSHFileSystem, name), f"sshfs has {name} by now; delete ours"


def test_links_are_followed(connection: Any, sftp: "Sftp") -> None:
    (sftp.folder / "elsewhere").touch()
    (sftp.folder / "outbox" / "link").symlink_to("../elsewhere")
    assert connection.real_path("sftp://host/outbox/./link", timeout=5) == "/elsewhere"


def test_files_are_read_in_blocks_of_ours(connection: Any, sftp: "Sftp", monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 400
    (sftp.folder / "outbox" / "file").write_bytes(content)
    sizes = []
    opened = asyncssh.SFTPClient.open

    async def watched(self: Any, *arguments: Any, **options: Any) -> Any:
        sizes.append(options["block_size"])
        return await opened(self, *arguments, **options)

    monkeypatch.setattr(asyncssh.SFTPClient, "open", watched)
    assert connection.cat_file("/outbox/file", timeout=5) == content
    assert connection.cat_file("/outbox/file", start=70_000, end=70_010, timeout=5) == content[70_000:70_010]
    assert sizes == [0, 0]


def test_a_read_can_be_given_up(connection: Any, sftp: "Sftp") -> None:
    (sftp.folder / "outbox" / "file").write_bytes(bytes(100))
    sftp.watch = lambda operation, _path: asyncio.sleep(60) if operation == "read" else None
    with pytest.raises(TimeoutError):
        connection.cat_file("/outbox/file", timeout=0.2)


def test_a_connection_is_closed_at_once(connection: Any) -> None:
    connection.ls("/outbox", detail=False)
    assert not connection.client.is_closed()
    connection.close()
    deadline = time.monotonic() + 5
    while not connection.client.is_closed():
        assert time.monotonic() < deadline, "the connection stays open"
        time.sleep(0.01)


def test_a_server_without_channels_is_recognized() -> None:
    class Client:
        async def start_sftp_client(self) -> None: ...

    async def get() -> None:
        pool = SFTPSoftChannelPool(Client(), max_channels=0)
        async with pool.get():
            pass

    with pytest.raises(ValueError, match="SFTP") as raised:
        asyncio.run(get())
    assert has_no_channel(raised.value)
    assert not has_no_channel(ValueError("another"))
