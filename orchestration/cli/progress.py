"""What a run is doing, on standard error: one moving line on a terminal, a line per step in a log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from orchestration.runs.day_run import Step

_TITLES = {
    "definitions": "Reading the project",
    "worknet_delivery": "Landing Illinois workNet",
    "iwds_delivery": "Landing IWDS",
    "dbt_models": "Building and testing the models",
    "great_expectations": "Checking sync status and dates",
    "publish_release": "Publishing",
}


@contextmanager
def show_progress(day: date) -> Iterator[Callable[[Step], None]]:
    """Yields the function that shows a step, and prints a summary of the run at the end."""
    with os.fdopen(os.dup(2), "w") as terminal:  # a copy, because the run's own output is redirected to a file
        console = Console(file=terminal)
        counts = {"asset": 0, "check": 0, "failed": 0}
        status = console.status(f"{day}: starting…")

        def show(step: Step) -> None:
            if step.kind in ("step", "loading"):
                title = _TITLES.get(step.what, step.what)
                if console.is_terminal:
                    status.update(f"{day}: {title}…")
                else:
                    console.print(f"{day}: {title}", highlight=False)
            elif step.kind == "waiting":
                console.print(step.what, style="yellow", highlight=False)
            else:
                counts[step.kind] += 1
                counts["failed"] += not step.passed

        with status:
            yield show
        result = f"{counts['failed']} failed (yacp checks --failed)" if counts["failed"] else "all passed"
        console.print(
            f"{day}: {counts['asset']} tables and files, {counts['check']} checks, {result}",
            highlight=False,
            soft_wrap=True,
        )
