"""Storage: reads any location that fsspec knows, with timeouts, retries and errors that an operator understands.

A location is opened for each use and closed after it. No call takes longer than the timeouts of the settings; a lost
connection is retried, with twice the wait each time; and what still fails becomes a one-sentence ``YacpError``.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Self

import fsspec

from orchestration.failures import NOTHING_LOADED, RootDenied, RootUnreachable, UsageError, YacpError
from orchestration.settings import Settings
from orchestration.sources.addresses import require_no_secret, shown

_PIECE = 4 << 20
_MAX_WAIT = 60.0

# fsspec's own sftp accepts any host key, and so does sshfs by default.
for _protocol in ("sftp", "ssh"):
    fsspec.register_implementation(_protocol, "orchestration.sources.sftp.SftpFileSystem", clobber=True)
for _protocol in ("s3", "s3a"):
    fsspec.register_implementation(_protocol, "orchestration.sources.s3.S3FileSystem", clobber=True)

log = logging.getLogger(__name__)


def seconds_to_wait(config: Settings, failed: int) -> float:
    """How long to wait before another try: twice as long each time, up to a minute."""
    return min(config.retry_wait * 2.0 ** (failed - 1), _MAX_WAIT)


class ForeignFile(Exception):
    """Not a file, or a link that leads out of its folder."""


class Storage:
    """A location and its connection; paths are relative to the location."""

    def __init__(self, location: str, config: Settings, named_in: str = "YACP_EXTRACTS") -> None:
        for setting, value in ((named_in, location), ("YACP_S3_ENDPOINT", config.s3_endpoint)):
            require_no_secret(setting, value)
        self.location = shown(location)
        self._location = location
        self._named_in = named_in
        self._config = config
        self._protocol = location.rpartition("::")[2].partition("://")[0] if "://" in location else "file"
        self._filesystem: fsspec.AbstractFileSystem | None = None
        self._root = ""
        self._root_exists = False
        self._real_folders: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; the next call opens another one."""
        filesystem, self._filesystem = self._filesystem, None
        if filesystem is not None and hasattr(filesystem, "close"):
            filesystem.close()

    def address(self, path: str) -> str:
        """The full address of a path, for messages."""
        return f"{self.location.rstrip('/')}/{path}" if path else self.location

    def names(self, folder: str) -> list[str]:
        """The names in a folder; empty when the folder doesn't exist."""
        try:
            found = self._call("ls", folder, detail=False)
        except FileNotFoundError:
            return []
        return [str(name).rstrip("/").rpartition("/")[2] for name in found]

    def exists(self, path: str) -> bool:
        """Whether the file or folder exists."""
        try:
            self._call("info", path)
        except FileNotFoundError:
            return False
        return True

    def size_and_change(self, path: str) -> tuple[int, datetime]:
        """The size of a file in bytes, and when it was changed; ``UsageError`` where the location doesn't say."""
        info = self._call("info", path)
        changed = next((info[name] for name in ("mtime", "LastModified", "last_modified") if info.get(name)), None)
        if isinstance(changed, int | float):
            changed = datetime.fromtimestamp(changed, UTC)
        if not isinstance(changed, datetime):
            raise UsageError(f"{self.location} doesn't report when a file was changed.")
        return int(info.get("size") or 0), changed if changed.tzinfo else changed.replace(tzinfo=UTC)

    def stream(self, path: str, limit: int | None = None) -> Iterator[bytes]:
        """The file in chunks, up to ``limit`` bytes; after a lost connection it resumes at the same offset.

        Raises ``FileNotFoundError`` when it doesn't exist, ``ForeignFile`` when it is not a file of this folder. A file
        that is replaced during the transfer arrives mixed, which its checksum reveals.
        """
        info = self._call("info", path)
        folder = path.rpartition("/")[0]
        if folder not in self._real_folders:
            self._real_folders[folder] = self._real_path(folder)
        if info.get("type") != "file" or not self._real_path(path).startswith(f"{self._real_folders[folder]}/"):
            raise ForeignFile(path)
        size = info.get("size")
        if size is None:
            raise UsageError(f"{self.location} can't be used: it doesn't report the size of a file.")
        end = size if limit is None else min(size, limit)
        offset = 0
        while offset < end:
            wanted = min(_PIECE, end - offset)
            chunk = self._call("cat_file", path, start=offset, end=offset + wanted)
            if not chunk:
                return
            if len(chunk) > wanted:
                raise UsageError(f"{self.location} can't be used: it doesn't support reading a part of a file.")
            yield chunk
            offset += len(chunk)

    def _real_path(self, path: str) -> str:
        """The path with links resolved; object stores have no links."""
        if self._protocol == "file":
            return os.path.realpath(f"{self._root}/{path}")
        if self._protocol in ("sftp", "ssh"):
            return str(self._call("real_path", path))
        return f"/{path}".rstrip("/")

    def require_root(self) -> None:
        """Raises ``UsageError`` when the location doesn't exist; it would look as if nothing had been delivered."""
        if self._root_exists or self._protocol not in ("sftp", "ssh", "s3", "s3a"):
            return
        is_bucket = self._protocol.startswith("s3")

        def root() -> str:
            return self._root.partition("/")[0] if is_bucket else self._root or "/"

        try:
            self._with_retries("info", root, "")
        except FileNotFoundError:
            what = f"bucket {root()}" if is_bucket else f"folder {root()} on the server"
            raise UsageError(
                f"{self.location} does not exist: there is no {what}. {NOTHING_LOADED} Check {self._named_in}."
            ) from None
        self._root_exists = True

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            return self._with_retries(method, lambda: f"{self._root}/{path}", path, **arguments)
        except FileNotFoundError:
            self.require_root()
            raise

    def _with_retries(self, method: str, locate: Callable[[], str], path: str, **arguments: Any) -> Any:
        """Calls a method of the filesystem with what ``locate`` returns, which is known once a connection is open."""
        retries = 0 if self._protocol == "file" else self._config.retries
        failed = 0
        while True:
            try:
                filesystem = self._open()
                if filesystem.async_impl:  # the others take no timeout
                    arguments["timeout"] = self._config.read_timeout
                return getattr(filesystem, method)(locate(), **arguments)
            except YacpError:
                raise
            except Exception as error:
                translate = getattr(fsspec.get_filesystem_class(self._protocol), "translate_error", None)
                failure = translate(error) if translate else error
            if isinstance(failure, FileNotFoundError | NotADirectoryError):
                raise FileNotFoundError(path)
            if isinstance(failure, PermissionError):
                raise self._denied(path, failure)
            if not isinstance(failure, OSError):
                raise failure
            self.close()
            failed += 1
            why = self._reason(failure)
            if failed > retries:
                tried = f", tried {failed} times" if failed > 1 else ""
                raise RootUnreachable(
                    f"{self.address(path)} can't be reached: {why}{tried}. {NOTHING_LOADED} Run the day again when "
                    "it answers; yacp doctor tests the connection."
                )
            wait = seconds_to_wait(self._config, failed)
            log.warning("%s: %s; retrying in %g s (%d of %d)", self.address(path), why, wait, failed, retries)
            time.sleep(wait)

    def _denied(self, path: str, error: PermissionError) -> RootDenied:
        code = f" ({error})" if error.errno is None and str(error) else ""
        if self._protocol == "file":
            why, fix = "this account may not read it", "Give it access"
        else:
            why, fix = "the credential is wrong or doesn't allow reading", "Fix it, or ask for access"
        return RootDenied(f"Permission denied for {self.address(path)}{code}: {why}. {NOTHING_LOADED} {fix}.")

    def _open(self) -> fsspec.AbstractFileSystem:
        if self._filesystem is None:
            options = {self._protocol: self._options()} if "://" in self._location else {}
            try:
                self._filesystem, root = fsspec.core.url_to_fs(self._location, skip_instance_cache=True, **options)
            except (ImportError, ValueError) as error:
                raise UsageError(f"{self.location} can't be opened: {error}.") from None
            self._root = str(root).rstrip("/")
            if self._protocol.startswith("s3") and not self._root:
                raise UsageError(f"{self.location} names no bucket; write it as s3://bucket/folder.")
        return self._filesystem

    def _options(self) -> dict[str, Any]:
        config = self._config
        match self._protocol:
            case "sftp" | "ssh":
                return {
                    "known_hosts": config.known_hosts,
                    "key_file": config.sftp_key_file,
                    "password": config.sftp_password.get_secret_value() or None,
                    "connect_timeout": config.connect_timeout,
                }
            case "s3" | "s3a":
                return {
                    "endpoint_url": config.s3_endpoint or None,
                    "config_kwargs": {
                        "connect_timeout": config.connect_timeout,
                        "read_timeout": config.read_timeout,
                        "retries": {"max_attempts": 0},
                    },
                }
        return {}

    def _reason(self, error: OSError) -> str:
        if isinstance(error, TimeoutError):
            connect, read = self._config.connect_timeout, self._config.read_timeout
            return f"no answer in time (YACP_CONNECT_TIMEOUT is {connect:g} s, YACP_READ_TIMEOUT {read:g} s)"
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
        return "".join(sign if sign.isprintable() else " " for sign in reason or type(error).__name__)[:200]
