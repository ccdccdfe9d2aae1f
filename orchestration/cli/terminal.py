"""Tables for people and for programs on standard output; messages on standard error."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NoReturn, cast

from rich import box
from rich.console import Console, Group
from rich.table import Column
from rich.table import Table as RichTable
from rich.text import Text

from dashboard.languages import percent
from orchestration.state.database import Table

# How the legend's colors look on a terminal; which line has which color is data.
_STYLES = {
    "white": "#000000 on #ffffff",
    "yellow": "#000000 on #ffe066",
    "red": "#ffffff on #c92a2a",
    "green": "#000000 on #8ce99a",
    "grey": "#000000 on #adb5bd",
}


def stderr_console() -> Console:
    """For everything beside the result, so that standard output can be piped."""
    return Console(stderr=True)


def say(message: str, style: str | None = None) -> None:
    """A message on standard error."""
    stderr_console().print(message, style=style, markup=False, highlight=False, soft_wrap=True)


def warn(message: str) -> None:
    """A message that stands out."""
    say(message, style="yellow")


def fail(message: str, status: int) -> NoReturn:
    """Ends the process with a message and an exit status."""
    say(message, style="red")
    raise SystemExit(status)


def print_result(table: Table, output_format: str, title: str, empty: str) -> None:
    """A table in the format asked for."""
    if output_format == "table":
        show_table(table, title, empty)
    else:
        write_records(table, output_format)


def write_records(table: Table, output_format: str) -> None:
    """Writes JSON records or CSV to standard output, and nothing else."""
    if output_format == "json":
        json.dump(table.records(), sys.stdout, default=_as_text, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows([_csv_value(value) for value in row] for row in table.rows)


def show_dashboard(table: Table, title: str, console: Console | None = None) -> None:
    """The sections as in the guide's sample, a table for each, on standard output by default."""
    console = console or Console()
    console.print(Text(title, style="bold"))
    for _, rows in groupby(table.records(), key=lambda row: row["section_number"]):
        console.print(_section(list(rows)))


def show_table(table: Table, title: str, empty: str, console: Console | None = None) -> None:
    """Any other table, on standard output by default; prints ``empty`` when it has no rows.

    A table that would have to break words to fit the terminal is shown as a block of lines for each row.
    """
    console = console or Console()
    if not table.rows:
        console.print(empty)
        return
    shown = RichTable(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for index, column in enumerate(table.columns):
        is_number = all(isinstance(row[index], int | None) for row in table.rows)
        shown.add_column(column.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(_cell(value) for value in row))
    without_limit = console.options.update(width=sys.maxsize)
    if console.measure(shown, options=without_limit).minimum <= console.width:
        console.print(shown)
    else:
        console.print(Text(title, style="bold"))
        for row in table.rows:
            console.print("", _block(table.columns, row))


def _block(columns: Sequence[str], row: Sequence[object]) -> RichTable:
    block = RichTable.grid("column", Column(overflow="fold"), padding=(0, 2))
    for column, value in zip(columns, row, strict=True):
        block.add_row(Text(column.replace("_", " "), style="dim"), _cell(value))
    return block


def _section(rows: list[Mapping[str, object]]) -> Group:
    first = rows[0]
    shown = RichTable(
        title=f"{first['section_number']}. {first['section_name']}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        expand=True,
    )
    shown.add_column("Section and Definitions", ratio=1)
    for heading in ("Count", "%", "Loss Rate", "Pass Rate"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        is_total = row["line_key"] == "total"
        name = Text(("   of which: " if row["parent_line_key"] else "") + str(row["line_name"]))
        shown.add_row(
            name,
            f"{row['customer_count']:,}",
            *(percent(cast("float | None", row[column])) for column in ("percent", "loss_rate", "pass_rate")),
            style="bold" if is_total else _STYLES[str(row["colour"])],
        )
    unclassified = first["unclassified_count"]
    note = Text(
        f"{unclassified:,} of {first['eligible_count']:,} eligible customers are on no line; "
        "see lists.exceptions.\n",
        style="dim",
    )
    return Group(shown, note) if unclassified else Group(shown)


def _cell(value: object) -> str | Text:
    if value is None:
        return ""
    if isinstance(value, bool):
        return Text("yes", style="green") if value else Text("no", style="bold red")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _csv_value(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, int | float | str) else _as_text(value)
