"""sshfs, with what reading deliveries needs and it lacks: closing at once, real paths, reads that can be given up.

Depends on ``SSHFileSystem``: its pool of SFTP channels (``_pool``), ``_strip_protocol``, ``_cat_file`` behind
``cat_file``, the asyncssh connection (``client``), fsspec's event ``loop``, and the words of the error when a server
opens no channel. When they change, connections stay open, links that lead out of a folder go unnoticed, or a read that
timed out leaves tasks behind. Tried with sshfs 2026.8.0, asyncssh 2.24.1, and fsspec 2026.9.0.
"""

import asyncio
from typing import Any

import asyncssh
from fsspec.asyn import sync_wrapper
from sshfs import SSHFileSystem

_BLOCK = 32 << 10


class SshConnection(SSHFileSystem):  # type: ignore[misc]
    """A server's files over one SSH connection."""

    def close(self) -> None:
        """Drops the connection without waiting for the server."""
        self.loop.call_soon_threadsafe(self.client.abort)

    async def _real_path(self, path: str, **_: Any) -> str:
        """The path with links followed."""
        async with self._pool.get() as channel:
            found: str = await channel.realpath(self._strip_protocol(path))
            return found

    real_path = sync_wrapper(_real_path)

    async def _cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        async with self._pool.get() as channel:
            # asyncssh's own parallel reads are never awaited when a read is given up, so the blocks are ours.
            file = await channel.open(self._strip_protocol(path), "rb", block_size=0)
            last = (await file.stat()).size if end is None else end
            parts = await asyncio.gather(
                *(_block(file, offset, min(_BLOCK, last - offset)) for offset in range(start or 0, last, _BLOCK))
            )
            await file.close()
            return b"".join(parts)


def has_no_channel(error: Exception) -> bool:
    """Whether the error says that the server opens no SFTP channel."""
    return isinstance(error, ValueError) and "SFTP connections" in str(error)


async def _block(file: asyncssh.SFTPClientFile, offset: int, size: int) -> bytes:
    """Up to ``size`` bytes, fewer only at the end of the file; a server may answer in parts."""
    content = b""
    while len(content) < size:
        part: bytes = await file.read(size - len(content), offset + len(content))
        if not part:
            break
        content += part
    return content
