"""One run at a time writes the warehouse. A second run waits and says which run it is waiting for.

The lock belongs to the kernel (flock), so a run that was killed doesn't block the next one. The command line takes it
before its run starts, and the run's resource finds it held by its own process; a run from the UI takes it through the
resource.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
from filelock import FileLock, Timeout

from orchestration.contract.dates import CHICAGO
from orchestration.contract.partitions import PARTITION_TAG
from orchestration.failures import NOTHING_PUBLISHED, UsageError
from orchestration.runs.run_health import fail_dead_runs, mark_alive
from orchestration.settings import Settings, settings
from orchestration.state.crash_cleanup import remove_leftovers
from orchestration.state.permissions import make_home, private_umask, restrict_everything


@contextmanager
def hold_warehouse(config: Settings, who: str, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Holds the warehouse for ``who``; calls ``on_wait`` once with a message when another process holds it.

    Inside, what crashed runs left behind is gone, and new files are readable by their owner alone; publishing opens
    those that are for everyone.
    """
    make_home(config)
    path = config.state / "warehouse.lock"
    if path.exists():
        path.chmod(0o600)  # anybody who can open it can hold it
    lock = FileLock(path, mode=0o600, is_singleton=True, thread_local=False, fallback_to_soft=False, poll_interval=0.5)
    if lock.is_locked:  # by this process
        yield
        return
    try:
        lock.acquire(blocking=False)
    except Timeout:
        holder = _holder(path)
        on_wait(f"Waiting for {holder} to finish.")
        _wait(config, lock, path)
    try:
        since = datetime.now(ZoneInfo(CHICAGO)).strftime("%H:%M:%S")
        path.write_text(json.dumps({"who": who, "process": os.getpid(), "since": since}))
        with private_umask():
            remove_leftovers(config)
            restrict_everything(config)
            yield
    finally:
        lock.release()


def held_by(config: Settings) -> str:
    """Who holds the warehouse right now; empty when nobody does."""
    path = config.state / "warehouse.lock"
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(path)
    except FileNotFoundError:
        pass
    return ""


def _wait(config: Settings, lock: FileLock, path: Path) -> None:
    try:
        lock.acquire(timeout=config.lock_wait_minutes * 60)
    except Timeout:
        raise UsageError(
            f"{_holder(path)} still holds {path} after {config.lock_wait_minutes:g} minutes (YACP_LOCK_WAIT_MINUTES). "
            f"{NOTHING_PUBLISHED} Look whether it still works; if it hangs, stop it, and run the day again."
        ) from None


def _holder(path: Path) -> str:
    """Who holds the lock, as the file says; another process if the one that it names doesn't live anymore."""
    try:
        holder = json.loads(path.read_text())
        who, process, since = str(holder["who"]), int(holder["process"]), str(holder["since"])
        os.kill(process, 0)
    except PermissionError:  # it lives, under another account
        pass
    except (OSError, ValueError, TypeError, KeyError):
        return "another process"
    return f"{who} (process {process}, since {since})"


class WarehouseLock(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Holds the warehouse from the first step of a run to its last."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[WarehouseLock]:
        """Waits for the warehouse and releases it when the run ends, however it ends."""
        run, log = context.run, context.log
        day = run.tags.get(PARTITION_TAG, f"the job {run.job_name}") if run else "a day"
        if run and context.instance:
            mark_alive(settings(), run.run_id)
            fail_dead_runs(context.instance, settings())
        with hold_warehouse(settings(), f"the run of {day}", lambda message: log.info(message) if log else None):
            yield self
