"""The sections in the terminal, as in the guide's sample: colored, or with the color as a word where there is none."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import cast

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
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
_INDENT = 3
_SHARES = {"percent": "%", "loss_rate": "Loss Rate", "pass_rate": "Pass Rate"}
"""In the order in which a narrow terminal keeps them."""

Row = Mapping[str, object]


def show_dashboard(table: Table, legend: Table, title: str, console: Console | None = None) -> None:
    """A table for each section, below the title and a line of legend; on standard output by default."""
    console = console or Console()
    console.print(Text(title, style="bold"), soft_wrap=True)
    console.print(_legend(legend, console))
    for _, rows in groupby(table.records(), key=lambda row: row["section_number"]):
        console.print(_section(list(rows), console))


def show_details(table: Table, reference: Table, note: str | None, console: Console | None = None) -> None:
    """What a section's lines mean: the section's note, and for each line definition, rule, and next steps."""
    console = console or Console()
    if note:
        console.print(Text(f"{note}\n"))
    rules = {row["line_key"]: row["rule"] for row in reference.records()}
    for row in table.records():
        if row["line_key"] == "total":
            continue
        console.print(_label(row, console), style="bold")
        for heading, text in (
            ("", row["definition"]),
            ("How we count it: ", rules.get(row["line_key"])),
            ("Next Steps:\n", row["next_steps"]),
        ):
            if text:
                console.print(Padding(Text.assemble((heading, "bold"), str(text)), (0, 0, 0, _INDENT)))
        console.print()


def _legend(legend: Table, console: Console) -> Text:
    """What each color means, in a line."""
    line = Text()
    for row in legend.records():
        colour = str(row["colour"])
        line.append(f" {colour} ", style=_STYLES[colour] if _has_color(console) else "bold")
        line.append(f"{row['short_meaning']} ", style="dim")
    return line


def _section(rows: Sequence[Row], console: Console) -> Group:
    first = rows[0]
    shown = RichTable(
        title=f"{first['section_number']}. {first['section_name']}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        expand=True,
    )
    shares = _shares_that_fit(rows, console.width)
    shown.add_column("Section and Definitions", ratio=1)
    for heading in ("Count", *(_SHARES[share] for share in shares)):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        style = "bold" if row["line_key"] == "total" else _STYLES[str(row["colour"])]
        shown.add_row(
            _label(row, console),
            f"{row['customer_count']:,}",
            *(percent(cast("float | None", row[share])) for share in shares),
            style=style if _has_color(console) else None,
        )
    notes = []
    if left_out := [_SHARES[share] for share in _SHARES if share not in shares]:
        notes.append(f"Not shown, for lack of space: {', '.join(left_out)}.")
    if unclassified := first["unclassified_count"]:
        notes.append(
            f"{unclassified:,} of {first['eligible_count']:,} eligible customers are on no line; see lists.exceptions."
        )
    return Group(shown, *(Text(note, style="dim") for note in notes), "") if notes else Group(shown)


def _label(row: Row, console: Console) -> RenderableType:
    """The line's name and, below it, the key that ``yacp list`` takes; an "of which" line is indented as a whole."""
    if row["line_key"] == "total":
        return Text(str(row["line_name"]))
    is_part = bool(row["parent_line_key"])
    colour = "" if _has_color(console) else f"{row['colour']}: "
    label = Text(f"{colour}{'of which: ' if is_part else ''}{row['line_name']}\n")
    label.append(str(row["line_key"]), style="italic")
    return Padding(label, (0, 0, 0, _INDENT if is_part else 0))


def _shares_that_fit(rows: Sequence[Row], width: int) -> list[str]:
    """The rates for which there is room beside the labels, without breaking a word of theirs."""
    words = [word for row in rows for word in (*str(row["line_name"]).split(), str(row["line_key"]))]
    room = width - max(map(len, words)) - _INDENT - 2 - _width("Count")
    shares = []
    for share, heading in _SHARES.items():
        room -= _width(heading)
        if room >= 0:
            shares.append(share)
    return shares


def _width(heading: str) -> int:
    """Of a column with numbers, with its margins."""
    return max(len(heading), len("1,000,000" if heading == "Count" else "100%")) + 2


def _has_color(console: Console) -> bool:
    return console.color_system is not None and not console.no_color
