"""Lists as files. They are written whole before the first byte is sent, so that nobody gets half a list."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import IO, Any

import xlsxwriter

from dashboard.store import Row

_IN_MEMORY = 1 << 20
_CHUNK = 1 << 16
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Columns = Sequence[tuple[str, Callable[[Row], Any]]]


def as_csv(columns: Columns, batches: Iterable[list[Row]]) -> IO[bytes]:
    """CSV in UTF-8 with the mark that Excel needs to see that it is."""
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed when it is sent
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([heading for heading, _ in columns])
    for rows in batches:
        writer.writerows([[_harmless(value(row)) for _, value in columns] for row in rows])
    text.detach()
    return file


def as_xlsx(columns: Columns, batches: Iterable[list[Row]], sheet: str) -> IO[bytes]:
    """A workbook with the list as its only sheet. A text stays a text, whatever it begins with."""
    file = TemporaryFile()  # noqa: SIM115 - closed when it is sent
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    page = book.add_worksheet(sheet[:31])
    bold = book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    widths = [len(heading) for heading, _ in columns]
    page.freeze_panes(1, 0)
    for place, (heading, _) in enumerate(columns):
        page.set_column(place, place, min(max(widths[place] + 2, 12), 40))
        page.write_string(0, place, heading, bold)
    last = 0
    for rows in batches:
        for row in rows:
            last += 1
            for place, (_, value) in enumerate(columns):
                cell = value(row)
                if isinstance(cell, date):
                    page.write_datetime(last, place, cell, day)
                elif isinstance(cell, int | float):
                    page.write_number(last, place, cell)
                elif cell is not None:
                    page.write_string(last, place, str(cell))
    page.autofilter(0, 0, last, len(columns) - 1)
    book.close()
    return file


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
