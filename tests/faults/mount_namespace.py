"""Mounts that only processes inside a namespace see, and that disappear with the process that holds it.

A test that crashes leaves no mount behind, and root isn't needed where user namespaces are allowed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class MountNamespace:
    """``enter`` is the start of a command that runs inside."""

    def __init__(self, holder: subprocess.Popen[str], *options: str) -> None:
        self._holder = holder
        self.enter = ("nsenter", f"--target={holder.pid}", "--mount", *options)

    def run(self, *command: str | Path) -> None:
        subprocess.run([*self.enter, *map(str, command)], check=True)

    def path_outside(self, path: Path) -> Path:
        """Where a path inside is found from outside."""
        return Path(f"/proc/{self._holder.pid}/root{path}")


@contextmanager
def mount_namespace() -> Iterator[MountNamespace]:
    is_root = os.geteuid() == 0
    unshare = () if is_root else ("--user", "--map-root-user")
    enter = () if is_root else ("--user", "--preserve-credentials")
    with subprocess.Popen(
        ["unshare", *unshare, "--mount", "sh", "-c", "echo ready; exec cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        try:
            assert holder.stdout
            assert holder.stderr
            if holder.stdout.readline() != "ready\n":
                pytest.skip(f"needs root or user namespaces to mount a file system: {holder.stderr.read().strip()}")
            yield MountNamespace(holder, *enter)
        finally:
            holder.kill()
