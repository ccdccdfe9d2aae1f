"""Commands that produce data: sample deliveries, the run of a day, a backfill."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from orchestration.cli.options import DAY, as_of_option
from orchestration.cli.terminal import say, stderr_console
from orchestration.contract.dates import OFFERED_WITHOUT_DELIVERIES, today_in_chicago
from orchestration.internals.process import redirect_output
from orchestration.settings import Settings, settings
from orchestration.state.permissions import make_home
from orchestration.state.plain_text import escaped

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.runs.day_run import Step

_TITLES = {
    "definitions": "Reading the project",
    "source__worknet": "Pulling Illinois workNet",
    "source__iwds": "Pulling IWDS",
    "worknet_delivery": "Landing Illinois workNet",
    "iwds_delivery": "Landing IWDS",
    "dbt_models": "Building and testing the models",
    "great_expectations": "Checking sync status and dates",
    "publish_release": "Publishing",
}


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to; default: extracts under YACP_HOME.",
)
@click.option("--customers", type=click.IntRange(min=1), default=2000, show_default=True, help="How many customers.")
@as_of_option("The last day to generate; default: today in Chicago.")
@click.option("--days", type=click.IntRange(min=1), default=1, show_default=True, help="How many days, ending there.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed generates the same bytes.")
@click.option("--delivery", type=click.IntRange(min=1), default=1, show_default=True, help="The delivery number.")
@click.option("--faults", is_flag=True, help="Include one of every fault that a row can have.")
def generate(
    out: Path | None, customers: int, as_of: date | None, days: int, seed: int, delivery: int, faults: bool
) -> None:
    """Generate sample deliveries of fictional people."""
    from orchestration.sample.generator import generate as make

    target = out or settings().state / "extracts"
    with stderr_console().status("Generating deliveries…") as status:
        folders = make(
            target,
            customers=customers,
            as_of=as_of or today_in_chicago(),
            days=days,
            seed=seed,
            faults=faults,
            delivery=delivery,
            progress=lambda what: status.update(f"Generating {what}…"),
        )
    say(f"{len(folders)} deliveries in {target}")


@click.command()
@as_of_option("The day; default: the newest that both systems have delivered in full.")
@click.option("--extracts", help="The folder or address that deliveries come from; default: YACP_EXTRACTS.")
def run(as_of: date | None, extracts: str | None) -> None:
    """Land, build, check and publish a day; pull it first where a system has a profile."""
    from orchestration.landing.queries import newest_delivered, require_delivered
    from orchestration.pulling.due import newest_buildable, pull_for_run, pulled_systems

    if extracts:
        settings.cache_clear()
        os.environ["YACP_EXTRACTS"] = extracts if "://" in extracts else str(Path(extracts).absolute())
    config = settings()
    day = as_of or newest_buildable(config) or newest_delivered(config)
    pulled = pulled_systems(config)
    require_delivered(config, day, pulled=pulled)
    if day <= today_in_chicago() - OFFERED_WITHOUT_DELIVERIES:
        for system in pulled:  # Dagster's partitions begin with what was delivered, and they are read with the project
            pull_for_run(config, system, day, lambda _: None)
    _run_days(config, [day])


@click.command()
@click.argument("system", type=click.Choice(["worknet", "iwds"]))
@click.argument("day", type=DAY)
@click.option("--why", required=True, help="Why the delivery is right although rows are missing.")
def accept(system: str, day: date, why: str) -> None:
    """Accept the delivery of SYSTEM for DAY that is held because it lost rows.

    Who accepted it, when, and why is kept with the delivery. It is landed by the next run of the day.
    """
    from orchestration.contract.systems import SYSTEMS
    from orchestration.failures import UsageError
    from orchestration.landing import refusals
    from orchestration.landing.archive import Acceptance

    if not why.strip():
        raise UsageError("--why is empty. Say why the delivery is right although rows are missing.")
    [chosen] = [each for each in SYSTEMS if each.name == system]
    held = refusals.accept(settings(), chosen, day, Acceptance(_account(), datetime.now(UTC), why.strip()))
    say(f"Delivery {held.delivery} of {chosen.title} for {day} is accepted. Run the day: yacp run --as-of {day}")


def _account() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # in a container, the user may have a number only
        return str(os.getuid())


@click.command()
@click.argument("first", metavar="FROM", type=DAY)
@click.argument("last", metavar="TO", type=DAY)
@click.option(
    "--restart",
    "--anew",  # its earlier name
    "restart",
    is_flag=True,
    help="Run every day, including those done before this backfill was stopped.",
)
def backfill(first: date, last: date, restart: bool) -> None:
    """Run all delivered days from FROM to TO, oldest first.

    Days that were not delivered are listed and skipped. A backfill that was stopped resumes where it stopped.
    The newest published day is run again at the end, because its waiting times and flow depend on the days before it.
    """
    from orchestration.runs.backfill import Backfill

    config = settings()
    progress = Backfill(config, first, last, restart=restart)
    plan = progress.plan()
    if plan.not_delivered:
        say(f"Not delivered by both systems, skipped: {', '.join(map(str, plan.not_delivered))}")
    if plan.done_count:
        total = plan.done_count + len(plan.remaining)
        say(
            f"Resuming with {plan.days[0] if plan.remaining else 'the last day'}: {plan.done_count} of {total} days "
            "were done before this backfill stopped (--restart runs them again)."
        )
    _run_days(config, plan.days, progress.record)
    progress.finish()


def _load_definitions() -> dg.Definitions:
    """Takes seconds of imports, so only a run calls it."""
    from orchestration.definitions import defs

    return defs


def _run_days(config: Settings, days: list[date], after_backfill_day: Callable[[date], None] | None = None) -> None:
    """Runs the days one after the other and says what became of each."""
    from orchestration.runs.day_run import BACKFILL, COMMAND, rows_forgotten_since_published, run_day, with_newest_day
    from orchestration.state.releases import current

    make_home(config)
    for day in with_newest_day(config, days):
        if removed := rows_forgotten_since_published(config, day):
            say(
                f"{removed:,} rows of {day} were removed by yacp forget since it was published: its counts are "
                "published again without them.",
                style="yellow",
            )
        # Dagster copies its steps' output to the process's own, where it would break up the progress line.
        with _show_progress(day) as on_step, redirect_output(config.state / "dagster" / "last_run.log", truncate=True):
            run_day(config, day, _load_definitions, on_step, BACKFILL if after_backfill_day else COMMAND)
        if after_backfill_day:
            after_backfill_day(day)
        if (release := current(config)) and release.as_of_date > day:
            say(f"Built {day}; it is published with {release.as_of_date}, the newest day.")
        else:
            say(f"Published {day}.", style="green")
    say(
        f"  counts  {config.published}/dashboard.duckdb\n  lists   {config.published}/customers.duckdb\n"
        f"  Parquet {config.published}/parquet"
    )


@contextmanager
def _show_progress(day: date) -> Iterator[Callable[[Step], None]]:
    """Yields the function that shows a step, and prints a summary of the run at the end.

    On a terminal it is one moving line, in a log a line per step.
    """
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
                console.print(Text(escaped(step.what)), style="yellow", soft_wrap=True)
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
