"""Commands about the installation itself: what is wrong with it, and the documentation of its models."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestration.cli import terminal
from orchestration.cli.options import format_option
from orchestration.settings import settings

if TYPE_CHECKING:
    from orchestration.health.status import Status


@click.command()
@format_option
def doctor(output: str) -> None:
    """Check the setup and say how to fix what is wrong."""
    from orchestration.health.doctor import examine

    table = examine(settings())
    terminal.print_result(table, output, "Setup", "")
    if not all(row["ok"] for row in table.records()):
        raise SystemExit(2)


@click.command()
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "json", "metrics"]),
    default="table",
    show_default=True,
    help="metrics is text that Prometheus reads.",
)
def status(output: str) -> None:
    """Show at a glance what is published, what runs, what was stopped and why, and what comes next."""
    from dataclasses import asdict

    from orchestration.health.status import as_metrics
    from orchestration.health.status import status as status_of

    found = status_of(settings(), datetime.now(UTC))
    if output == "json":
        terminal.write_json({**asdict(found), "days_behind": found.days_behind})
        return
    if output == "metrics":
        click.echo(as_metrics(found), nl=False)
        return
    for title, lines in _sections(found).items():
        terminal.show_lines(title, lines)


def _sections(found: Status) -> dict[str, list[str]]:
    behind = f"{found.days_behind} days behind {found.due_day}, which is due" if found.days_behind else "up to date"
    newest = f"{found.newest_day}, published {found.published_at}; {behind}" if found.newest_day else "nothing yet"
    off = [f"{name} is off: yacp enable switches it on" for name in found.switched_off]
    return {
        "Newest day": [newest]
        + ([f"Release {found.pending_release} waits for a run of the newest day"] if found.pending_release else []),
        "Running": [f"{run.what}: {run.state} since {run.since}" for run in found.runs]
        + ([f"The warehouse is held by {found.holds_warehouse}"] if found.holds_warehouse else []),
        "Stopped deliveries": [f"{stop.system} {stop.day}, {stop.status}: {stop.why}" for stop in found.stopped],
        "Warnings": list(found.warnings),
        "Next": [
            f"yacp daemon is {'' if found.daemon_runs else 'not '}running",
            f"What the sensor misses starts at {found.next_morning}",
            *off,
        ],
        "Free space": [f"{found.free_bytes / (1 << 30):.1f} GiB"],
    }


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to; default: docs under YACP_HOME.",
)
def docs(out: Path | None) -> None:
    """Write the documentation of the models as two pages.

    One describes all models, their columns and their tests, the other shows what each column is made of and feeds.
    """
    from orchestration.warehouse.documentation import require_warehouse, write_documentation

    config = settings()
    require_warehouse(config)
    from orchestration.runs.warehouse_lock import hold_warehouse

    with (
        terminal.stderr_console().status("Writing the documentation…"),
        hold_warehouse(config, "yacp docs", terminal.warn),
    ):
        page = write_documentation(config, out or config.state / "docs")
    terminal.say(f"The documentation is in {page}, the lineage of columns in {page.with_name('lineage.html')}")
