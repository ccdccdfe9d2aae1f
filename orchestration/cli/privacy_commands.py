"""Commands that remove data: everything about a person, and what is past its retention."""

from datetime import UTC, datetime

import click

from orchestration.cli import terminal
from orchestration.cli.options import format_option
from orchestration.settings import settings


@click.command()
@click.argument("customer_id")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def forget(customer_id: str, yes: bool) -> None:
    """Permanently remove all data about a person.

    The person is removed from the archive, the warehouse and all lists; published counts stay as they are.
    """
    from orchestration.privacy.forget import find
    from orchestration.privacy.forget import forget as remove
    from orchestration.runs.warehouse_lock import hold_warehouse

    config = settings()
    found = find(config, customer_id)
    if not yes:
        terminal.show_table(found, "Rows stored about this person", "", terminal.stderr_console())
        click.confirm("Remove them permanently?", abort=True, err=True)
    with hold_warehouse(config, "yacp forget", terminal.warn):
        removed = remove(config, customer_id)
    terminal.show_table(removed, "Removed", "")
    terminal.say(
        "Published counts stay as they were. The next run rebuilds the warehouse.\n"
        "The systems of record deliver this person again until they are removed there. The deliveries at "
        f"{config.extracts_root} were not touched, nor were copies and backups made by others, nor what "
        f"is under {config.set_aside}."
    )


@click.command()
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@format_option
def retention(dry_run: bool, output: str) -> None:
    """Remove data that is older than the settings allow.

    That is archived days, releases, and the records and logs of runs.
    """
    import dagster as dg

    from orchestration.privacy.retention import expire, expired, report
    from orchestration.runs.instance import prepare_instance
    from orchestration.runs.warehouse_lock import hold_warehouse

    config, now = settings(), datetime.now(UTC)
    prepare_instance(config)
    with dg.DagsterInstance.get() as instance:
        if dry_run:
            table = report(expired(config, instance, now))
        else:
            with hold_warehouse(config, "yacp retention", terminal.warn):
                table = expire(config, instance, now)
    terminal.print_result(table, output, "Would be removed" if dry_run else "Removed", "Nothing is past its retention.")
