"""sftp:// and ssh:// for fsspec, with the host's key checked before anything is said to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncssh
from fsspec.asyn import sync_wrapper
from sshfs import SSHFileSystem

from orchestration.failures import STILL_PUBLISHED, RootDenied

_BLOCK = 32 << 10
# The kinds of key known for the host first: only so does a server whose new key is of another kind get to show it.
_ANY_KIND = "+ssh-ed25519,ecdsa-sha2-nistp*,rsa-sha2-*"


class SftpFileSystem(SSHFileSystem):  # type: ignore[misc]
    """A server reached by SSH, whose key stands in a file of known hosts."""

    protocol = ("sftp", "ssh")

    def __init__(
        self, host: str, *, known_hosts: Path | None = None, key_file: Path | None = None, **options: Any
    ) -> None:
        file = (known_hosts or Path("~/.ssh/known_hosts")).expanduser()
        hosts = _known_hosts(file, host)
        if key_file:
            options["client_keys"] = [_key(key_file.expanduser())]
        port = options.get("port", 22)
        name = host if port == 22 else f"[{host}]:{port}"
        try:
            super().__init__(host, known_hosts=hosts, server_host_key_algs=_ANY_KIND, **options)
        except asyncssh.HostKeyNotVerifiable:
            known, authorities, *_ = hosts.match(host, "", port if port != 22 else None)
            if known or authorities:
                raise RootDenied(
                    f"The host key of {name} is not the one in {file}: the server has another key now, or another "
                    "server answers in its place. Nothing was sent to it. {STILL_PUBLISHED} Ask "
                    "whoever runs the server, and replace the key only when they confirm the new one."
                ) from None
            raise RootDenied(
                f"The host key of {name} is unknown: {file} does not have it. Nothing was sent to it. "
                f"{STILL_PUBLISHED} ssh-keyscan -p {port} {host} prints it: compare it with what whoever runs the "
                "server says, and add it to that file (YACP_KNOWN_HOSTS names another)."
            ) from None
        except PermissionError:
            user = options.get("username") or "this account"
            raise RootDenied(
                f"{name} does not let {user} in. {STILL_PUBLISHED} Name the user in YACP_EXTRACTS "
                "(sftp://user@host/folder) and set YACP_SFTP_KEY_FILE or YACP_SFTP_PASSWORD."
            ) from None

    def close(self) -> None:
        """Hangs up."""
        self.loop.call_soon_threadsafe(self.client.abort)

    async def _real_path(self, path: str, **_: Any) -> str:
        """Where a path leads, links followed."""
        async with self._pool.get() as channel:
            found: str = await channel.realpath(self._strip_protocol(path))
            return found

    real_path = sync_wrapper(_real_path)

    async def _cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        async with self._pool.get() as channel:
            place = self._strip_protocol(path)
            # Without blocks of its own: asyncssh forgets those on their way when a read is given up.
            file = await channel.open(place, "rb", block_size=0)
            last = (await file.stat()).size if end is None else end
            parts = await asyncio.gather(
                *(_block(file, offset, min(_BLOCK, last - offset)) for offset in range(start or 0, last, _BLOCK))
            )
            await file.close()
            return b"".join(parts)

    @staticmethod
    def translate_error(error: Exception) -> Exception:
        """The error as the one of Python's own that says the same."""
        match error:
            case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath():
                return FileNotFoundError()
            case asyncssh.SFTPPermissionDenied() | asyncssh.PermissionDenied():
                return PermissionError()
            case asyncssh.Error():
                return ConnectionError(error.reason or "the server hung up")
            case ValueError() if "SFTP connections" in str(error):
                return ConnectionError("the server opens no sftp channel")
        return error


async def _block(file: asyncssh.SFTPClientFile, offset: int, size: int) -> bytes:
    """Up to ``size`` bytes, less only at the end of the file; a server may answer in parts."""
    content = b""
    while len(content) < size:
        part: bytes = await file.read(size - len(content), offset + len(content))
        if not part:
            break
        content += part
    return content


def _known_hosts(file: Path, host: str) -> asyncssh.SSHKnownHosts:
    try:
        return asyncssh.read_known_hosts(str(file))
    except OSError as error:
        raise RootDenied(
            f"The host key of {host} can't be checked: {file}: {error.strerror}. Put the server's key there, or name "
            f"another file with YACP_KNOWN_HOSTS. {STILL_PUBLISHED}"
        ) from None
    except ValueError:
        raise RootDenied(f"{file} is no file of known hosts: a line in it can't be read.") from None


def _key(file: Path) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(str(file))
    except OSError as error:
        raise RootDenied(f"YACP_SFTP_KEY_FILE {file} can't be read: {error.strerror}.") from None
    except asyncssh.KeyImportError:
        raise RootDenied(
            f"YACP_SFTP_KEY_FILE {file} is no private key that can be read without a passphrase; keys with one go "
            "into an ssh-agent."
        ) from None
