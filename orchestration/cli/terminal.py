"""How tables look on a terminal, and for machines."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from datetime import date, datetime
from itertools import groupby

from rich import box
from rich.console import Console, Group
from rich.table import Table as RichTable
from rich.text import Text

from orchestration.state.database import Table

# How the legend's colours look on a terminal; which line has which is data.
_STYLES = {
    "white": "#000000 on #ffffff",
    "yellow": "#000000 on #ffe066",
    "red": "#ffffff on #c92a2a",
    "green": "#000000 on #8ce99a",
    "grey": "#000000 on #adb5bd",
}


def machine(table: Table, output: str) -> None:
    """Writes JSON records or CSV to standard output, and nothing else."""
    if output == "json":
        json.dump(table.records(), sys.stdout, default=_plain, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows([_plain_or_same(value) for value in row] for row in table.rows)


def dashboard(console: Console, table: Table, title: str) -> None:
    """The sections as the guide's sample shows them, one table for each."""
    console.print(Text(title, style="bold"))
    for _, rows in groupby(table.records(), key=lambda row: row["section_number"]):
        console.print(_section(list(rows)))


def plain(console: Console, table: Table, title: str, empty: str) -> None:
    """Any other table; ``empty`` is said when it has no rows."""
    if not table.rows:
        console.print(empty)
        return
    shown = RichTable(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for column in table.columns:
        number = all(isinstance(row[table.columns.index(column)], int | None) for row in table.rows)
        shown.add_column(column.replace("_", " "), justify="right" if number else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(_cell(value) for value in row))
    console.print(shown)


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
        style = "bold" if is_total else _STYLES[str(row["colour"])]
        shown.add_row(
            name,
            f"{row['customer_count']:,}",
            _share(row["percent"]),
            _share(row["loss_rate"]),
            _share(row["pass_rate"]),
            style=style,
        )
    unclassified = first["unclassified_count"]
    note = Text(
        f"{unclassified:,} of {first['eligible_count']:,} eligible customers are on no line; "
        "see customers.exceptions.\n",
        style="dim",
    )
    return Group(shown, note) if unclassified else Group(shown)


def _share(value: object) -> str:
    if not isinstance(value, float):
        return ""
    shown = f"{value:.0%}"
    return "<1%" if shown == "0%" and value > 0 else shown


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


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def _plain_or_same(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, int | float | str) else _plain(value)
