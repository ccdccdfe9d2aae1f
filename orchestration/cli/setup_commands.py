"""Commands about the installation itself: what is wrong with it, and the documentation of its models."""

from pathlib import Path

import click

from orchestration.cli import terminal
from orchestration.cli.options import format_option
from orchestration.settings import settings


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
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to; default: docs under YACP_HOME.",
)
def docs(out: Path | None) -> None:
    """Write the documentation of the models as one page.

    It describes all models, their columns and their tests.
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
    terminal.say(f"The documentation is in {page}")
