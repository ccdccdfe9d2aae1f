"""sftp:// and ssh:// for fsspec, with the server's host key checked before anything is sent."""

from pathlib import Path
from typing import Any

import asyncssh

from orchestration.failures import STILL_PUBLISHED, RootDenied
from orchestration.internals.sshfs_connection import SshConnection, has_no_channel

# The types of the known keys first: otherwise a server whose new key has another type can't present it.
_ANY_KEY_TYPE = "+ssh-ed25519,ecdsa-sha2-nistp*,rsa-sha2-*"


class SftpFileSystem(SshConnection):
    """A server reached over SSH whose host key is in a known_hosts file."""

    protocol = ("sftp", "ssh")

    def __init__(
        self, host: str, *, known_hosts: Path | None = None, key_file: Path | None = None, **options: Any
    ) -> None:
        file = (known_hosts or Path("~/.ssh/known_hosts")).expanduser()
        hosts = _known_hosts(file, host)
        if key_file:
            options["client_keys"] = [_private_key(key_file.expanduser())]
        port = options.get("port", 22)
        name = host if port == 22 else f"[{host}]:{port}"
        try:
            super().__init__(host, known_hosts=hosts, server_host_key_algs=_ANY_KEY_TYPE, **options)
        except asyncssh.HostKeyNotVerifiable:
            known, authorities, *_ = hosts.match(host, "", port if port != 22 else None)
            if known or authorities:
                raise RootDenied(
                    f"The host key of {name} is not the one in {file}: the server has a new key, or another server "
                    f"answers in its place. Nothing was sent to it. {STILL_PUBLISHED} Ask the people who run the "
                    "server, and replace the key only after they confirm the new one."
                ) from None
            raise RootDenied(
                f"The host key of {name} is unknown: {file} does not have it. Nothing was sent to it. "
                f"{STILL_PUBLISHED} ssh-keyscan -p {port} {host} prints it: compare it with the key that the "
                "people who run the server give you, and add it to that file (YACP_KNOWN_HOSTS names another file)."
            ) from None
        except PermissionError:
            user = options.get("username") or "this account"
            raise RootDenied(
                f"{name} does not let {user} log in. {STILL_PUBLISHED} Name the user in YACP_EXTRACTS "
                "(sftp://user@host/folder) and set YACP_SFTP_KEY_FILE or YACP_SFTP_PASSWORD."
            ) from None

    @staticmethod
    def translate_error(error: Exception) -> Exception:
        """The error as the matching one of Python's."""
        match error:
            case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath():
                return FileNotFoundError()
            case asyncssh.SFTPPermissionDenied() | asyncssh.PermissionDenied():
                return PermissionError()
            case asyncssh.Error():
                return ConnectionError(error.reason or "the server closed the connection")
        return ConnectionError("the server opens no SFTP channel") if has_no_channel(error) else error


def _known_hosts(file: Path, host: str) -> asyncssh.SSHKnownHosts:
    try:
        return asyncssh.read_known_hosts(str(file))
    except OSError as error:
        raise RootDenied(
            f"The host key of {host} can't be checked: {file}: {error.strerror}. Put the server's key there, or name "
            f"another file with YACP_KNOWN_HOSTS. {STILL_PUBLISHED}"
        ) from None
    except ValueError:
        raise RootDenied(f"{file} is not a known_hosts file: one of its lines can't be read.") from None


def _private_key(file: Path) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(str(file))
    except OSError as error:
        raise RootDenied(f"YACP_SFTP_KEY_FILE {file} can't be read: {error.strerror}.") from None
    except asyncssh.KeyImportError:
        raise RootDenied(
            f"YACP_SFTP_KEY_FILE {file} is not a private key that can be read without a passphrase; add a key with one "
            "to an ssh-agent."
        ) from None
