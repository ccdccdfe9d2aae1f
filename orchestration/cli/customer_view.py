"""One customer in the terminal: the same as the page of a customer."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from orchestration.cli.terminal import show_table
from orchestration.state.database import Table
from orchestration.state.plain_text import escaped

_NOT_SHOWN = ("as_of_date", "first_name", "last_name", "earned_credential", "gained_employment", "continued_education")


def show_customer(found: Mapping[str, Table], console: Console | None = None) -> None:
    """Every fact that is there, then the tables; what is empty is left out."""
    console = console or Console()
    [customer] = found["customers"].records()
    title = f"{customer['last_name']}, {customer['first_name']} · {customer['customer_id']}"
    console.print(Text(f"{escaped(title)} · as of {customer['as_of_date']}\n", style="bold"))
    facts = Grid.grid(padding=(0, 2))
    for name, value in customer.items():
        if value is not None and name not in _NOT_SHOWN:
            facts.add_row(Text(name.replace("_", " "), style="dim"), Text(escaped(str(value))))
    outcomes = [name for name in _NOT_SHOWN[3:] if customer[name]]
    if outcomes:
        facts.add_row(Text("outcomes", style="dim"), Text(", ".join(outcomes).replace("_", " ")))
    console.print(facts, "")
    show_table(
        found["line_customers"],
        "Lines",
        "This customer is on no line.",
        console,
        priority=("line_key", "colour", "due_date", "days_overdue", "what", "since_date", "line_name"),
    )
    for row in found["line_customers"].records():
        if row["next_steps"]:
            console.print(Text.assemble((f"{row['line_key']}: Next Steps\n", "bold"), f"{row['next_steps']}\n"))
    for row in found["sync_problems"].records():
        console.print(Text.assemble((f"Not synced, {row['sync_status']}\n", "bold"), f"{row['next_step']}\n"))
        if row["iwds_candidate_ids"]:
            console.print(Text(f"IWDS persons found: {escaped(str(row['iwds_candidate_ids']))}\n"))
    show_table(
        found["customer_services"],
        "Services and credentials",
        "There is no service in either system.",
        console,
        priority=(
            "system", "service_name", "start_date", "status", "nearly_matches", "is_open_request", "days_open",
            "service_id", "category",
        ),
    )  # fmt: skip
    for row in found["exceptions"].records():
        console.print(Text.assemble((f"{row['reason']}: ", "bold"), escaped(str(row["detail"]))))
