"""One run at a time writes the warehouse: whoever comes second waits, and is told for whom.

The lock is the kernel's (flock), so one whose owner died doesn't block. The command line takes it before its run
starts and the run's resource finds it held by its own process; a run from the UI takes it through the resource.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.contract.dates import CHICAGO
from orchestration.contract.partitions import PARTITION_TAG
from orchestration.runs.run_health import fail_dead_runs, mark_alive
from orchestration.settings import Settings, settings
from orchestration.state.crash_cleanup import remove_leftovers
from orchestration.state.permissions import private_umask, restrict_everything

_PAUSE_SECONDS = 0.5
_held: dict[str, int] = {}


@contextmanager
def hold_warehouse(config: Settings, who: str, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Holds the warehouse; calls ``on_wait`` once with a sentence when somebody else has it.

    What runs that died left is gone then, and what is written is its owner's alone; publishing opens what is for
    everyone.
    """
    path = str(config.state / "warehouse.lock")
    if _held.get(path):
        yield
        return
    config.state.mkdir(parents=True, exist_ok=True)
    with open(path, "a+") as handle:  # noqa: PTH123 - a mode pathlib has too, but flock wants the handle
        _wait(handle, on_wait)
        handle.seek(0)
        handle.truncate()
        since = datetime.now(ZoneInfo(CHICAGO)).strftime("%H:%M:%S")
        json.dump({"who": who, "process": os.getpid(), "since": since}, handle)
        handle.flush()
        _held[path] = 1
        try:
            with private_umask():
                remove_leftovers(config)
                restrict_everything(config)
                yield
        finally:
            _held.pop(path)


def _wait(handle: IO[str], on_wait: Callable[[str], None]) -> None:
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not told:
                on_wait(_holder(handle))
                told = True
            time.sleep(_PAUSE_SECONDS)


def _holder(handle: IO[str]) -> str:
    handle.seek(0)
    try:
        holder = json.loads(handle.read())
    except ValueError:
        return "Waiting for another run, which has just taken the warehouse."
    return (
        f"Waiting for {holder['who']} (process {holder['process']}), which has had the warehouse "
        f"since {holder['since']}."
    )


class WarehouseLock(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The run's hold on the warehouse, from its first step to its last."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[WarehouseLock]:
        """Waits for the warehouse and gives it back when the run ends, however it ends."""
        run = context.run
        day = run.tags.get(PARTITION_TAG, f"the job {run.job_name}") if run else "a day"
        log = context.log
        if context.run and context.instance:
            mark_alive(settings(), context.run.run_id)
            fail_dead_runs(context.instance, settings())
        with hold_warehouse(settings(), f"the run of {day}", lambda sentence: log.info(sentence) if log else None):
            yield self
