"""Commands about what is kept: whether it is as it was written, and repairing it."""

from datetime import UTC, datetime

import click

from orchestration.cli import terminal
from orchestration.cli.options import format_option
from orchestration.settings import settings


@click.command()
@format_option
def verify(output: str) -> None:
    """Compare everything that is kept with its checksums.

    That is the archive, the releases, the live views, links, and the record of runs. Exit status 1: something is
    damaged.
    """
    from orchestration.health.verification import remember, report
    from orchestration.health.verification import verify as find

    config = settings()
    with terminal.stderr_console().status("Comparing everything that is kept…"):
        found = find(config)
    if config.state.exists():
        remember(config, found, datetime.now(UTC))
    terminal.print_result(report(config, found), output, "Not as it was written", "Everything is as it was written.")
    if any(not each.is_note for each in found):
        raise SystemExit(1)


@click.command()
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def repair(yes: bool) -> None:
    """Repair what yacp verify finds, as far as that is possible without losing anything.

    What is damaged is set aside under YACP_HOME. What remains to be done is named.
    """
    from orchestration.health.repair import plan
    from orchestration.runs.warehouse_lock import hold_warehouse

    config = settings()
    with hold_warehouse(config, "yacp repair", terminal.warn):
        made = plan(config)
        if made.actions:
            terminal.say("\n".join(["yacp repair will:", *(f"  {what}" for what, _ in made.actions)]))
            if not yes:
                click.confirm("Do it?", abort=True, err=True)
            made.do()
            terminal.say("Done.", style="green")
    if made.remaining:
        terminal.say("\n".join(["What remains to be done:", *(f"  {what}" for what in made.remaining)]))
        raise SystemExit(1)
    if not made.actions:
        terminal.say("Nothing is damaged.")
