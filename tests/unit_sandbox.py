"""Runs a command under what a systemd unit allows, on machines where systemd itself doesn't run.

bubblewrap makes the unit's file system and drops capabilities; libseccomp compiles the unit's filters of system calls.
Lines that neither can stand in for are in ``UNTRIED``: only systemd itself tries those.
"""

import ctypes
import ctypes.util
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

from orchestration.settings import PROJECT

UNITS = PROJECT / "deploy" / "systemd"
STATE = Path("/var/lib/yacp")
UNTRIED = {
    "KeyringMode", "LockPersonality", "ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs",
    "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "RemoveIPC", "RestrictNamespaces",
    "RestrictRealtime", "RestrictSUIDSGID", "SystemCallArchitectures",
}  # fmt: skip
TRIED = {
    "AmbientCapabilities", "CapabilityBoundingSet", "EnvironmentFile", "ExecStart", "MemoryDenyWriteExecute",
    "NoNewPrivileges", "PrivateDevices", "PrivateTmp", "ProtectHome", "ProtectSystem", "RestrictAddressFamilies",
    "StateDirectory", "StateDirectoryMode", "SystemCallErrorNumber", "SystemCallFilter", "UMask", "WorkingDirectory",
}  # fmt: skip
OF_THE_MANAGER = {"User", "Restart", "RestartSec", "TimeoutStopSec"}

_ALLOW, _EPERM, _EAFNOSUPPORT = 0x7FFF0000, 0x00050001, 0x00050061
_EQUAL, _MASKED_EQUAL = 4, 7
_WRITE_AND_EXECUTE, _EXECUTE = 6, 4


class _Comparison(ctypes.Structure):
    """libseccomp's ``scmp_arg_cmp``: a condition on one argument of a system call."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


@dataclass(frozen=True)
class Unit:
    """The settings of a unit's section [Service], each with its lines in their order."""

    name: str
    settings: Mapping[str, list[str]]

    @staticmethod
    def read(name: str) -> "Unit":
        """The unit of deploy/systemd."""
        found: dict[str, list[str]] = {}
        section = ""
        for line in (UNITS / f"{name}.service").read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                section = line
            elif section == "[Service]" and line and not line.startswith("#"):
                key, _, value = line.partition("=")
                found.setdefault(key, []).append(value)
        return Unit(name, found)

    def one(self, key: str) -> str:
        """The value of a setting that is given once."""
        (value,) = self.settings[key]
        return value

    def system_calls(self) -> set[str]:
        """What the lines SystemCallFilter= leave, in systemd's reading: each adds, or takes away after a ``~``."""
        left: set[str] = set()
        for line in self.settings["SystemCallFilter"]:
            names = set().union(*map(_members, line.removeprefix("~").split()))
            left = left - names if line.startswith("~") else left | names
        return left


def _members(name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    command = ["systemd-analyze", "syscall-filter", "--no-pager", name]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.strip() for line in listed.splitlines()[1:]]
    return set().union(*(_members(line) for line in lines if line and not line.startswith("#")))


def missing_tools() -> str:
    """What isn't installed of what this needs; empty: nothing."""
    tools = {"bwrap": "bubblewrap", "systemd-analyze": "systemd"}
    missing = [package for tool, package in tools.items() if not shutil.which(tool)]
    return " and ".join(missing + ([] if ctypes.util.find_library("seccomp") else ["libseccomp2"]))


@contextmanager
def in_sandbox(
    unit: Unit, home: Path, deliveries: Path, *command: str, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """The command under the unit's limits; without one, the unit's own. Stopped at the end as systemd stops it.

    ``home`` is at the unit's YACP_HOME, ``deliveries`` at the example's YACP_EXTRACTS.
    """
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(STATE)}
    environment |= _example_settings() | variables
    with ExitStack() as stack:
        filters = [stack.enter_context(file) for file in _filters(unit)]
        options = [*_mounts(unit, home, deliveries), "--cap-drop", "ALL", "--die-with-parent", "--new-session"]
        for file in filters:
            options += ["--add-seccomp-fd", str(file.fileno())]
        started = subprocess.Popen(
            ["bwrap", *options, *(command or shlex.split(unit.one("ExecStart")))],
            env=environment, umask=int(unit.one("UMask"), 8), pass_fds=[file.fileno() for file in filters],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            yield started
        finally:
            group = psutil.Process(started.pid).children(recursive=True) if started.poll() is None else []
            started.terminate()
            for process in group:  # systemd stops every process of a unit
                with suppress(psutil.NoSuchProcess):
                    process.terminate()
            started.communicate(timeout=60)


def _example_settings() -> dict[str, str]:
    lines = (UNITS / "yacp.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _mounts(unit: Unit, home: Path, deliveries: Path) -> list[str]:
    assert unit.one("ProtectSystem") == "strict"
    options = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-ipc"]
    for hidden in ("/tmp", "/var/tmp", "/home", "/root", "/opt", "/srv", "/var/lib"):  # noqa: S108
        options += ["--tmpfs", hidden]
    for needed in (sys.base_prefix, PROJECT):  # the environment of the tests names both by their paths
        options += ["--ro-bind", str(needed), str(needed)]
    options += [
        "--ro-bind",
        str(PROJECT),
        unit.one("WorkingDirectory"),
        "--ro-bind",
        str(deliveries),
        "/srv/deliveries",
    ]
    options += ["--bind" if "StateDirectory" in unit.settings else "--ro-bind", str(home), str(STATE)]
    for read_only in ("/home", "/root", "/opt", "/srv", "/var/lib"):
        options += ["--remount-ro", read_only]
    return [*options, "--chdir", unit.one("WorkingDirectory")]


def _filters(unit: Unit) -> Iterator[BinaryIO]:
    """The programs that the kernel runs at each system call, as files to be read by bubblewrap."""
    calls = _Filter(_EPERM)
    for name in sorted(unit.system_calls()):
        calls.add(_ALLOW, name)
    yield calls.program()
    limits = _Filter(_ALLOW)
    allowed = {getattr(socket, name) for name in unit.one("RestrictAddressFamilies").split()}
    for family in set(range(1, 46)) - allowed:
        limits.add(_EAFNOSUPPORT, "socket", _Comparison(0, _EQUAL, family, 0))
    if unit.one("MemoryDenyWriteExecute") == "yes":
        limits.add(_EPERM, "mmap", _Comparison(2, _MASKED_EQUAL, _WRITE_AND_EXECUTE, _WRITE_AND_EXECUTE))
        for call in ("mprotect", "pkey_mprotect"):
            limits.add(_EPERM, call, _Comparison(2, _MASKED_EQUAL, _EXECUTE, _EXECUTE))
    yield limits.program()


class _Filter:
    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL(ctypes.util.find_library("seccomp"), use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._library.seccomp_rule_add_array.argtypes = [
            ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p,
        ]  # fmt: skip
        self._library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._context = self._library.seccomp_init(otherwise)

    def add(self, action: int, call: str, *conditions: _Comparison) -> None:
        """A rule; a system call that this kind of machine doesn't have is left out, as systemd does."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        array = (_Comparison * len(conditions))(*conditions)
        status = self._library.seccomp_rule_add_array(self._context, action, number, len(conditions), array)
        assert status == 0, f"{call}: {os.strerror(-status)}"

    def program(self) -> BinaryIO:
        """The compiled filter in a file that is at its beginning."""
        file = os.fdopen(os.memfd_create("seccomp"), "w+b")
        assert self._library.seccomp_export_bpf(self._context, file.fileno()) == 0
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        return file
