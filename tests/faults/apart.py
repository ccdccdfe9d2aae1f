"""Mounts that only those see who are let in, and that are gone with the process that holds them.

A test that dies leaves no mount behind, and where user namespaces are allowed no root is needed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Apart:
    """A namespace of mounts."""

    def __init__(self, holder: subprocess.Popen[str], *let_in: str) -> None:
        self._holder = holder
        self.let_in = ("nsenter", f"--target={holder.pid}", "--mount", *let_in)

    def run(self, *command: str | Path) -> None:
        subprocess.run([*self.let_in, *map(str, command)], check=True)

    def seen(self, path: Path) -> Path:
        """A path in there, for those who are not."""
        return Path(f"/proc/{self._holder.pid}/root{path}")


@contextmanager
def apart() -> Iterator[Apart]:
    as_root = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    let_in = () if os.geteuid() == 0 else ("--user", "--preserve-credentials")
    command = ["unshare", *as_root, "--mount", "sh", "-c", "echo there; exec cat"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as it:
        try:
            assert it.stdout
            assert it.stderr
            if it.stdout.readline() != "there\n":
                pytest.skip(f"needs root, or user namespaces, to mount a file system: {it.stderr.read().strip()}")
            yield Apart(it, *let_in)
        finally:
            it.kill()
