"""Starts yacp again and again, and kills each start at the step that its order names.

It imports the given modules once and forks for each start, which saves the time of the imports. Each start is a process
group of its own and is killed by SIGKILL with all processes it started. Python reports every file that is opened,
renamed, linked or removed (``sys.addaudithook``), so the project needs no code for this.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = {
    "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "shutil.copyfile",
    "sqlite3.connect", "subprocess.Popen", "yacp.sql",
}  # fmt: skip


class Watch:
    """Sees every change of the state folder just before it happens, and kills the process before one of them."""

    def __init__(self, home: Path, order: dict[str, Any]) -> None:
        self.home = str(home)
        self.before: str | None = order.get("before")
        self.left: int = order.get("count", 1)
        self.delay: float = order.get("delay", 0.0)
        self.record = os.open(order["record"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if "record" in order else None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" and event not in CHANGES:
            return
        step = self._named(event, arguments)
        if step is None:
            return
        if self.record is not None:
            os.write(self.record, f"{step}\n".encode())
        if self.before is not None and re.search(self.before, step):
            self.left -= 1
            if self.left == 0:
                if not self.delay:
                    kill()
                threading.Timer(self.delay, kill).start()

    def _named(self, event: str, arguments: tuple[Any, ...]) -> str | None:
        if event == "yacp.sql":
            return "sql " + " ".join(str(arguments[0]).split())[:70]
        if event == "subprocess.Popen":
            return f"start {Path(str(arguments[0])).name}"
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
            return None
        paths = [str(a) for a in arguments if isinstance(a, str | os.PathLike) and str(a).startswith(self.home)]
        named = [path.removeprefix(self.home) for path in paths]
        return f"{event} {' -> '.join(named)}" if named else None


def kill() -> None:
    os.killpg(0, signal.SIGKILL)


class AuditedConnection:
    """A DuckDB connection that reports each statement before it runs."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, sql: str, *arguments: Any) -> Any:
        sys.audit("yacp.sql", sql)
        return self._connection.execute(sql, *arguments)

    def executemany(self, sql: str, *arguments: Any) -> Any:
        sys.audit("yacp.sql", sql)
        return self._connection.executemany(sql, *arguments)

    def __enter__(self) -> AuditedConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def audit_sql(module: Any) -> None:
    connect = module.connect
    module.connect = lambda *arguments, **options: AuditedConnection(connect(*arguments, **options))


def publish(home: Path, order: dict[str, Any]) -> None:
    from orchestration.publishing import publish, release_files
    from orchestration.settings import Settings
    from orchestration.state.crash_cleanup import remove_leftovers
    from orchestration.warehouse.dbt_project import compiled_marts

    config = Settings(home=home, **order.get("settings", {}))
    remove_leftovers(config)
    marts = compiled_marts(config)
    for module in (publish, release_files):
        audit_sql(module)
    sys.addaudithook(Watch(home, order))
    publish.publish(config, date.fromisoformat(order["day"]), marts, "a run")


def land(home: Path, order: dict[str, Any]) -> None:
    from orchestration.contract.systems import SYSTEMS
    from orchestration.landing import intake
    from orchestration.settings import Settings
    from orchestration.state.crash_cleanup import remove_leftovers

    config = Settings(home=home, extracts=order["extracts"])
    remove_leftovers(config)
    audit_sql(intake)
    sys.addaudithook(Watch(home, order))
    for system in SYSTEMS:
        intake.land(config, system, date.fromisoformat(order["day"]))


def command(home: Path, order: dict[str, Any]) -> None:
    from orchestration.state import database

    audit_sql(database)  # before other modules import its connect function
    from orchestration.cli.main import main

    sys.argv = ["yacp", *order["arguments"]]
    sys.addaudithook(Watch(home, order))
    main()


ACTIONS = {"publish": publish, "land": land, "command": command}


def start(order: dict[str, Any]) -> int:
    """In the child: carries out the order as a process group of its own."""
    os.setpgid(0, 0)
    for number in (1, 2):
        os.dup2(os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    try:
        ACTIONS[order["action"]](Path(order["home"]), order)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        return 99
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def wait(pid: int, order: dict[str, Any]) -> int:
    """Waits for the end, or kills the child once the log that the order names contains its words."""
    name, words = order.get("until", ("", ""))
    log = Path(order["home"]) / name
    read = log.stat().st_size if name and log.exists() else 0
    is_waiting = bool(name)
    while True:
        done, status = os.waitpid(pid, os.WNOHANG if is_waiting else 0)
        if done:
            return status
        if log.exists():
            rest = b""
            if log.stat().st_size < read:  # dbt renames a log that is full, and starts another
                rest, read = Path(f"{log}.1").read_bytes()[read:], 0
            with log.open("rb") as stream:
                stream.seek(read)
                new = stream.read()
            if words.encode() in rest + new:
                os.killpg(pid, signal.SIGKILL)
                is_waiting = False
            read += new.rfind(b"\n") + 1
        time.sleep(0.01)


def serve(modules: list[str]) -> None:
    """Reads one order per line; answers with the exit status, negative for a signal."""
    import importlib

    for module in modules:
        importlib.import_module(module)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os._exit(start(order))
        status = os.waitstatus_to_exitcode(wait(pid, order))
        print(json.dumps({"status": status}), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1:])
