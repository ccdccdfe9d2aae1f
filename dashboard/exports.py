"""Lists as CSV and as workbooks. They are written whole before the first byte is sent: nobody gets half a list."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

import xlsxwriter

from dashboard.store import Row

_CHUNK = 1 << 16
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Column:
    """A column of a file: its heading, and which field of a row it shows, or what it says in all of them.

    ``names`` are what people call the codes of a field.
    """

    heading: str
    field: str = ""
    text: str = ""
    names: Mapping[str, str] | None = None

    def of(self, row: Row) -> Any:
        """What stands in it for a row."""
        value = row[self.field] if self.field else self.text
        if self.names is None or value is None:
            return value
        return self.names.get(value, value.replace("_", " "))


def as_csv(file: IO[bytes], columns: Sequence[Column], batches: Iterable[list[Row]]) -> None:
    """CSV in UTF-8 with the mark that Excel needs to see that it is."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([column.heading for column in columns])
    for rows in batches:
        writer.writerows([[_harmless(column.of(row)) for column in columns] for row in rows])
    text.detach()


def as_xlsx(file: IO[bytes], columns: Sequence[Column], batches: Iterable[list[Row]], sheet: str) -> None:
    """A workbook with the list as its only sheet. A text stays a text, whatever it begins with."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    page = book.add_worksheet(sheet[:31])
    bold = book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    page.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        page.set_column(place, place, min(max(len(column.heading) + 2, 12), 40))
        page.write_string(0, place, column.heading, bold)
    last = 0
    for rows in batches:
        for row in rows:
            last += 1
            for place, column in enumerate(columns):
                cell = column.of(row)
                if isinstance(cell, date):
                    page.write_datetime(last, place, cell, day)
                elif isinstance(cell, int | float):
                    page.write_number(last, place, cell)
                elif cell is not None:
                    page.write_string(last, place, str(cell))
    page.autofilter(0, 0, last, len(columns) - 1)
    book.close()


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The file from its beginning; closed, and so gone, at the end."""
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.lstrip(" ").startswith(_BEGINS_A_FORMULA):
        return f"'{value}"
    return value
