"""The place that deliveries come from, as any fsspec location.

It is opened once for each use and closed at the end. Nothing waits for it longer than the settings say; a connection
that is lost is tried again, each time after twice the wait; and whatever still goes wrong becomes one sentence.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import fsspec

from orchestration.failures import NOTHING_LOADED, RootDenied, RootUnreachable, UsageError, YacpError
from orchestration.settings import Settings

_PIECE = 4 << 20
_LONGEST_WAIT = 60
_WITH_SECRETS = re.compile(r"://([^@]*:[^@]*@|.*\?)", re.DOTALL)

# fsspec's own sftp takes any host key, and so does sshfs unless it is told otherwise.
for _protocols, _class in (
    (("sftp", "ssh"), "orchestration.sources.sftp.SftpFileSystem"),
    (("s3", "s3a"), "orchestration.sources.s3.S3FileSystem"),
):
    for _protocol in _protocols:
        fsspec.register_implementation(_protocol, _class, clobber=True)

log = logging.getLogger(__name__)


class NotOwnFile(Exception):
    """What has the file's name is no file, or a link that leads out of its folder."""


class Storage:
    """A location opened for one use; what is in it is named by paths relative to it."""

    def __init__(self, location: str, config: Settings) -> None:
        for setting, value in (("YACP_EXTRACTS", location), ("YACP_S3_ENDPOINT", config.s3_endpoint)):
            _refuse_secrets(setting, value)
        self.location = location
        self._config = config
        self._protocol = location.rpartition("::")[2].partition("://")[0] if "://" in location else "file"
        self._filesystem: fsspec.AbstractFileSystem | None = None
        self._root = ""
        self._root_is_there = False
        self._real_folders: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connection back; the next use opens another one."""
        filesystem, self._filesystem = self._filesystem, None
        if filesystem is not None and (closing := getattr(filesystem, "close", None)):
            closing()

    def place(self, path: str) -> str:
        """How messages name a path."""
        return f"{self.location.rstrip('/')}/{path}" if path else self.location

    def names(self, folder: str) -> list[str]:
        """The names in a folder; none when there is no such folder."""
        try:
            found = self._ask("ls", folder, detail=False)
        except FileNotFoundError:
            return []
        return [str(name).rstrip("/").rpartition("/")[2] for name in found]

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        try:
            self._ask("info", path)
        except FileNotFoundError:
            return False
        return True

    def stream(self, path: str, limit: int | None = None) -> Iterator[bytes]:
        """The file in pieces, up to ``limit`` bytes; after a lost connection it goes on where it was.

        Raises ``FileNotFoundError`` when there is no such file, ``NotOwnFile`` when it is none or somewhere else. A
        file that is replaced on the way comes out mixed: that is what checksums are for.
        """
        info = self._ask("info", path)
        folder = path.rpartition("/")[0]
        if info.get("type") != "file" or not self._real(path).startswith(f"{self._real_folder(folder)}/"):
            raise NotOwnFile(path)
        size = info.get("size")
        if size is None:
            raise UsageError(f"{self.location} can't be used: it does not say how large a file is.")
        end = size if limit is None else min(size, limit)
        offset = 0
        while offset < end:
            wanted = min(_PIECE, end - offset)
            piece = self._ask("cat_file", path, start=offset, end=offset + wanted)
            if not piece:
                return
            if len(piece) > wanted:
                raise UsageError(f"{self.location} can't be used: it does not hand out files in pieces.")
            yield piece
            offset += len(piece)

    def _real(self, path: str) -> str:
        """Where a path leads, links followed; object stores have none."""
        if self._protocol == "file":
            return os.path.realpath(f"{self._root}/{path}")
        if self._protocol in ("sftp", "ssh"):
            return str(self._ask("real_path", path))
        return path

    def _real_folder(self, folder: str) -> str:
        if folder not in self._real_folders:
            self._real_folders[folder] = self._real(folder)
        return self._real_folders[folder]

    def require_root(self) -> None:
        """Says so when the location itself is not there: it would look like one that nothing was delivered to."""
        if self._root_is_there or self._protocol not in ("sftp", "ssh", "s3", "s3a"):
            return
        is_bucket = self._protocol.startswith("s3")

        def root() -> str:
            return self._root.partition("/")[0] if is_bucket else self._root or "/"

        try:
            self._try(lambda filesystem: self._called(filesystem, "info", root()), "")
        except FileNotFoundError:
            what = f"bucket {root()}" if is_bucket else f"folder {root()} on the server"
            raise UsageError(
                f"{self.location} is not there: there is no {what}. {NOTHING_LOADED} Check YACP_EXTRACTS."
            ) from None
        self._root_is_there = True

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            return self._try(
                lambda filesystem: self._called(filesystem, method, f"{self._root}/{path}", **arguments), path
            )
        except FileNotFoundError:
            self.require_root()
            raise

    def _called(self, filesystem: fsspec.AbstractFileSystem, method: str, path: str, **arguments: Any) -> Any:
        if filesystem.async_impl:  # the others can't be told how long they may take
            arguments["timeout"] = self._config.read_timeout
        return getattr(filesystem, method)(path, **arguments)

    def _try(self, operation: Callable[[fsspec.AbstractFileSystem], Any], path: str) -> Any:
        retries = 0 if self._protocol == "file" else self._config.retries
        failed = 0
        while True:
            try:
                return operation(self._opened())
            except Exception as error:
                told = self._translated(error)
            if isinstance(told, YacpError):
                raise told
            if isinstance(told, FileNotFoundError | NotADirectoryError):
                raise FileNotFoundError(path)
            if isinstance(told, PermissionError):
                code = f" ({told})" if told.errno is None and str(told) else ""
                why, mend = "the credential is wrong, or may not read there", "Fix it, or ask for access"
                if self._protocol == "file":
                    why, mend = "this account may not read it", "Give it access"
                raise RootDenied(f"Permission denied for {self.place(path)}{code}: {why}. {NOTHING_LOADED} {mend}.")
            if not isinstance(told, OSError):
                raise told
            self.close()
            failed += 1
            why = self._why(told)
            if failed > retries:
                tried = f", tried {failed} times" if failed > 1 else ""
                raise RootUnreachable(
                    f"{self.place(path)} can't be reached: {why}{tried}. {NOTHING_LOADED} Run the day again when "
                    "it answers; yacp doctor tries it."
                )
            wait = min(self._config.retry_wait * 2 ** (failed - 1), _LONGEST_WAIT)
            log.warning("%s: %s; trying again in %g s (%d of %d)", self.place(path), why, wait, failed, retries)
            time.sleep(wait)

    def _opened(self) -> fsspec.AbstractFileSystem:
        if self._filesystem is None:
            options = {self._protocol: self._options()} if "://" in self.location else {}
            try:
                self._filesystem, root = fsspec.core.url_to_fs(self.location, skip_instance_cache=True, **options)
            except (ImportError, ValueError) as error:
                raise UsageError(f"{self.location} can't be opened: {error}.") from None
            self._root = str(root).rstrip("/")
            if self._protocol.startswith("s3") and not self._root:
                raise UsageError(f"{self.location} names no bucket: s3://bucket/folder.")
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

    def _translated(self, error: Exception) -> Exception:
        """The error in the terms of ``OSError`` and ``YacpError``, whatever library it came from."""
        if isinstance(error, YacpError):
            return error
        tell: Callable[[Exception], Exception] | None = getattr(
            fsspec.get_filesystem_class(self._protocol), "translate_error", None
        )
        return tell(error) if tell else error

    def _why(self, error: OSError) -> str:
        if isinstance(error, TimeoutError):
            connect, read = self._config.connect_timeout, self._config.read_timeout
            return f"no answer in time (YACP_CONNECT_TIMEOUT is {connect:g} s, YACP_READ_TIMEOUT {read:g} s)"
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
        return "".join(sign if sign.isprintable() else " " for sign in why or type(error).__name__)[:200]


def _refuse_secrets(setting: str, location: str) -> None:
    """A password in a location would end up in shell histories, lists of processes and logs."""
    if _WITH_SECRETS.search(location):
        raise UsageError(
            f"{setting} carries a password or a query, and is not printed here. Take it out: passwords come from "
            "the environment or from a file, as the README says under Real deliveries."
        )
