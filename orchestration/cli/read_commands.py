"""Commands that read what was delivered and what is published."""

from datetime import date, datetime
from typing import cast

import click
from rich.console import Console
from rich.text import Text

from dashboard.scopes import Scope
from orchestration.cli import terminal
from orchestration.cli.options import as_of_option, format_option, scope_option
from orchestration.contract.dates import in_chicago
from orchestration.settings import settings
from orchestration.state.plain_text import escaped


@click.command()
@click.argument("section", required=False)
@scope_option
@as_of_option("A published day; default: the newest.")
@format_option
def show(section: str | None, scope: Scope, as_of: date | None, output: str) -> None:
    """Show the dashboard, or one SECTION of it with what its lines mean and what to do next."""
    from orchestration.cli.dashboard_tables import show_dashboard, show_details
    from orchestration.publishing.queries import iwds_day, legend, section_guide, sections

    release, table = sections(settings(), scope, section, as_of)
    if output != "table":
        terminal.write_records(table, output)
        return
    first = table.records()[0]
    published = in_chicago(datetime.fromisoformat(release.published_at))
    older = iwds_day(release, cast("date", first["as_of_date"]))
    late = f" · IWDS's data of {older}" if older else ""
    title = f"{escaped(str(first['scope_name']))} · as of {first['as_of_date']}{late} · published {published}"
    show_dashboard(table, legend(release), title)
    if section is not None:
        note, reference = section_guide(release, section)
        show_details(table, reference, note)


@click.command("list")
@click.argument("line_key")
@scope_option
@as_of_option("A published day; default: the newest.")
@format_option
def list_customers(line_key: str, scope: Scope, as_of: date | None, output: str) -> None:
    """List the customers on a line, longest overdue first."""
    from orchestration.publishing.queries import line_customers

    day, table = line_customers(settings(), line_key, scope, as_of)
    if output != "table":
        terminal.write_records(table, output)
        return
    customers = f"{len(table.rows):,} customer{'s' if len(table.rows) != 1 else ''}"
    terminal.show_table(
        table,
        f"{line_key} · as of {day} · {customers}",
        f"No customer is on {line_key} for {scope} as of {day}.",
        priority=(
            "customer_id", "last_name", "first_name", "due_date", "days_overdue", "what", "since_date", "provider_id",
            "days_until_red", "sync_status", "iwds_status", "days_on_line", "lwia_number",
        ),
    )  # fmt: skip
    if table.rows and (steps := table.records()[0]["next_steps"]):
        Console().print(Text.assemble(("Next Steps\n", "bold"), str(steps)))


@click.command()
@click.argument("customer_id")
@format_option
def customer(customer_id: str, output: str) -> None:
    """Show one customer: steps, lines with next steps, services of both systems, exceptions."""
    from orchestration.cli.customer_view import show_customer
    from orchestration.publishing.queries import customer as customer_of

    found = customer_of(settings(), customer_id)
    if output == "table":
        show_customer(found)
    elif output == "json":
        terminal.write_json({table: rows.records() for table, rows in found.items()})
    else:
        terminal.write_records(found["customers"], output)


@click.command()
@scope_option
@as_of_option("A published day; default: the newest.")
@click.option("--who", is_flag=True, help="Also list who entered and who left; requires access to the customer lists.")
@format_option
def changes(scope: Scope, as_of: date | None, who: bool, output: str) -> None:
    """Show what changed since the previous published day."""
    from orchestration.publishing.queries import changes as changes_of
    from orchestration.publishing.queries import moves
    from orchestration.state.database import Table

    config = settings()
    day, previous, table = changes_of(config, scope, as_of)
    people = moves(config, scope, day, previous) if who else Table((), [])
    if output != "table":
        terminal.write_records(people if who else table, output)
        return
    moved = table.where(lambda row: row["entered"] or row["left"])
    terminal.show_table(
        moved,
        f"From {previous} to {day}",
        f"No customer moved for {scope} from {previous} to {day}.",
        priority=(
            "line_key", "entered", "left", "customer_count", "previous_count", "colour", "section_number", "line_name",
            "section_name",
        ),
    )  # fmt: skip
    if who:
        terminal.show_table(
            people,
            "Who moved",
            "No customer moved.",
            priority=("line_key", "move", "customer_id", "last_name", "first_name", "provider_id", "lwia_number"),
        )


@click.command("sync-problems")
@scope_option
@format_option
def sync_problems(scope: Scope, output: str) -> None:
    """List customers who are not synced, and the next step."""
    from orchestration.publishing import queries

    day, table = queries.sync_problems(settings(), scope)
    if output == "table":
        table = table.select(
            "customer_id", "first_name", "last_name", "provider_id", "sync_status", "next_step", "iwds_candidate_ids"
        )
    terminal.print_result(table, output, f"Not synced · as of {day}", f"For {scope}, everybody is synced as of {day}.")


@click.command()
@as_of_option("The last run of this day, published or not; default: the last run.")
@click.option("--failed", is_flag=True, help="Only checks that failed.")
@format_option
def checks(as_of: date | None, failed: bool, output: str) -> None:
    """Show what was checked and what was found."""
    from orchestration.publishing import queries

    title, table = queries.checks(settings(), as_of)
    if failed:
        table = table.where(lambda row: not row["passed"])
    if output == "table":
        shown = ("passed", "severity", "title", "asset", "observed", "expected", "where_to_look")
        table = table.select(*(column for column in shown if column in table.columns))
    terminal.print_result(table, output, f"Checks of {title}", "All checks passed.")


@click.command()
@format_option
def deliveries(output: str) -> None:
    """List deliveries, accepted or not, and what became of their rows."""
    from orchestration.landing import queries

    table = queries.deliveries(settings())
    if output != "table":
        terminal.write_records(table, output)
        return
    counts = table.select(*(column for column in table.columns if column not in ("loaded_at", "why")))
    terminal.show_table(counts, "Deliveries", "No delivery has been landed yet.")
    for system, day, delivery, status, why in dict.fromkeys(
        table.select("system", "as_of_date", "delivery", "status", "why").rows
    ):
        if why:
            click.echo(escaped(f"{system} {day}, delivery {delivery}, {status}: {why}\n", keep="\n"))


@click.command()
@as_of_option("Only deliveries of this day.")
@format_option
def quarantine(as_of: date | None, output: str) -> None:
    """List the rejected rows and why they were rejected, also of deliveries that were refused or are held.

    Their values stay in the archive.
    """
    from orchestration.landing import queries

    config = settings()
    table = queries.quarantine(config, as_of)
    terminal.print_result(table, output, "Quarantine", "No row is in quarantine.")
    if output == "table" and table.rows:
        click.echo(f"The values are in {config.archive}, in each delivery's quarantine.parquet")
