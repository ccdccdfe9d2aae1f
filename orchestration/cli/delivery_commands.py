"""Commands that read what was delivered."""

from __future__ import annotations

from datetime import date

import click

from orchestration.cli import terminal
from orchestration.cli.options import as_of_option, format_option
from orchestration.settings import settings


@click.command()
@format_option
def deliveries(output: str) -> None:
    """List accepted deliveries and what became of their rows."""
    from orchestration.landing import queries

    terminal.print_result(queries.deliveries(settings()), output, "Deliveries", "No delivery has been accepted yet.")


@click.command()
@as_of_option("Only deliveries of this day.")
@format_option
def quarantine(as_of: date | None, output: str) -> None:
    """List the rejected rows and why they were rejected.

    Their values stay in the archive.
    """
    from orchestration.landing import queries

    config = settings()
    table = queries.quarantine(config, as_of)
    terminal.print_result(table, output, "Quarantine", "No row is in quarantine.")
    if output == "table" and table.rows:
        terminal.stdout_console().print(
            f"The values are in {config.archive}/<system>/<day>/<delivery>/quarantine.parquet",
            highlight=False,
            soft_wrap=True,
        )
