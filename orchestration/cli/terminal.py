"""Tables for people and for programs on standard output; messages on standard error."""

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NoReturn

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Column
from rich.table import Table as RichTable
from rich.text import Text

from dashboard.file_formats import csv_value
from orchestration.state.database import Table
from orchestration.state.plain_text import escaped


def stderr_console() -> Console:
    """For everything beside the result, so that standard output can be piped."""
    return Console(stderr=True)


def say(message: str, style: str | None = None) -> None:
    """A message on standard error."""
    stderr_console().print(escaped(message, keep="\n"), style=style, markup=False, highlight=False, soft_wrap=True)


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
    """Writes JSON records or CSV to standard output, and nothing else.

    Both are as they are for a program; on a terminal, what it would act on is escaped. In CSV, a text that a
    spreadsheet would take for a formula gets an apostrophe.
    """
    if output_format == "json":
        write_json(table.records())
        return
    for row in (table.columns, *table.rows):
        text = io.StringIO()
        csv.writer(text).writerow([_csv_value(value) for value in row])  # quotes a line break of either kind
        _write(text.getvalue().removesuffix("\r\n") + "\n")


def write_json(value: object) -> None:
    """Writes JSON to standard output, and nothing else."""
    _write(json.dumps(value, default=_as_text, ensure_ascii=False, indent=1) + "\n")


def show_lines(title: str, lines: Sequence[str]) -> None:
    """A title and its lines, which keep their own line breaks; "none" without any."""
    console = Console()
    console.print(Text(title, "bold"))
    for line in lines or ["none"]:
        console.print(Text(escaped(line, keep="\n")), soft_wrap=True)
    console.print()


def _write(text: str) -> None:
    sys.stdout.write(escaped(text, keep="\n") if sys.stdout.isatty() else text)


def show_table(
    table: Table, title: str, empty: str, console: Console | None = None, *, priority: Sequence[str] = ()
) -> None:
    """Any other table, on standard output by default; prints ``empty`` when it has no rows.

    A table that would have to break words to fit the terminal is shown as a block of lines for each row; with a
    ``priority``, it leaves out columns instead, those of the highest priority last, and says which.
    """
    console = console or Console()
    if not table.rows:
        console.print(Text(empty))
        return
    kept = [column for column in table.columns if column in priority] if priority else list(table.columns)
    least, widest = _widths(table)
    hidden = []
    for column in reversed(priority):
        if len(kept) > 1 and not _fits(kept, least, console) and column in kept:
            hidden.append(column)
            kept.remove(column)
    shown = table.select(*kept)
    if not _fits(kept, least, console):
        console.print(Text(title, style="bold"))
        for row in shown.rows:
            console.print("", _block(kept, row))
        return
    console.print(_as_table(shown, title, least, widest, console))
    if hidden:
        names = ", ".join(column.replace("_", " ") for column in table.columns if column in hidden)
        console.print(Text(f"Not shown, for lack of space: {names}.", style="dim"))


def _widths(table: Table) -> tuple[dict[str, int], dict[str, int]]:
    """By column the width of its longest word, and that of its longest text."""
    least, widest = {}, {}
    for index, column in enumerate(table.columns):
        texts = [column.replace("_", " "), *(_cell(row[index]).plain for row in table.rows)]
        least[column] = max(cell_len(word) for text in texts for word in text.split() or [""])
        widest[column] = max(map(cell_len, texts))
    return least, widest


def _room(columns: Sequence[str], console: Console) -> int:
    """How wide the texts of so many columns can be together, beside the margins and the lines between them."""
    return console.width - 1 - 3 * len(columns)


def _fits(columns: Sequence[str], least: Mapping[str, int], console: Console) -> bool:
    """Whether the columns have room for their longest words."""
    return sum(least[column] for column in columns) <= _room(columns, console)


def _as_table(
    table: Table, title: str, least: Mapping[str, int], widest: Mapping[str, int], console: Console
) -> RichTable:
    """The table in the width of the terminal. Rich itself would narrow the widest column until its words break."""
    widths = {column: widest[column] for column in table.columns}
    while sum(widths.values()) > _room(table.columns, console):
        widths[max(widths, key=lambda column: widths[column] - least[column])] -= 1
    shown = RichTable(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for index, column in enumerate(table.columns):
        is_number = all(isinstance(row[index], int | None) for row in table.rows)
        shown.add_column(column.replace("_", " "), justify="right" if is_number else "left", width=widths[column])
    for row in table.rows:
        shown.add_row(*(_cell(value) for value in row))
    return shown


def _block(columns: Sequence[str], row: Sequence[object]) -> RichTable:
    block = RichTable.grid("column", Column(overflow="fold"), padding=(0, 2))
    for column, value in zip(columns, row, strict=True):
        block.add_row(Text(column.replace("_", " "), style="dim"), _cell(value))
    return block


def _cell(value: object) -> Text:
    """A value as text; nothing in it is taken for markup."""
    if value is None:
        return Text()
    if isinstance(value, bool):
        return Text("yes", style="green") if value else Text("no", style="bold red")
    if isinstance(value, int):
        return Text(f"{value:,}")
    if isinstance(value, datetime):
        return Text(value.strftime("%Y-%m-%d %H:%M"))
    return Text(escaped(str(value)))


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _csv_value(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return csv_value(value)
