"""Lists as CSV and as workbooks, written whole before the first byte is sent: no one gets half a list."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

import xlsxwriter

from dashboard.database import Row

_CHUNK_SIZE = 1 << 16
_MAX_LINKS = 65_530  # as many as Excel allows on a sheet; what follows is text
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}
"""The Unicode categories that a spreadsheet may skip before it looks for a formula."""


@dataclass(frozen=True)
class Column:
    """A column of a file: its heading, the field of a row in it, and for a field with codes the name of each code."""

    heading: str
    field: str
    names: Mapping[str, str] | None = None
    is_link: bool = False

    def value(self, row: Row) -> Any:
        """What the column shows for a row; a code without a name as it is."""
        value = row[self.field]
        if self.names is None or value is None:
            return value
        return self.names.get(value, value.replace("_", " "))


def write_csv(file: IO[bytes], columns: Sequence[Column], rows: Iterable[Row]) -> int:
    """CSV in UTF-8, with the byte order mark that Excel needs to recognize it. Gives the number of rows."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([column.heading for column in columns])
    row_count = 0
    for row_count, row in enumerate(rows, start=1):  # noqa: B007 - it is the result
        writer.writerow([csv_value(column.value(row)) for column in columns])
    text.detach()
    return row_count


def write_xlsx(file: IO[bytes], columns: Sequence[Column], rows: Iterable[Row], sheet_name: str) -> int:
    """A workbook with the list as its only sheet. A text stays a text, whatever it starts with."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(file, options)
    sheet = workbook.add_worksheet(sheet_name[:31])
    heading_format = workbook.add_format({"bold": True, "bottom": 1})
    date_format = workbook.add_format({"num_format": "yyyy-mm-dd"})
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, min(max(len(column.heading) + 2, 12), 40))
        sheet.write_string(0, index, column.heading, heading_format)
    row_count = 0
    for row_count, row in enumerate(rows, start=1):
        for index, column in enumerate(columns):
            value = column.value(row)
            if isinstance(value, date):
                sheet.write_datetime(row_count, index, value, date_format)
            elif isinstance(value, int | float):
                sheet.write_number(row_count, index, value)
            elif column.is_link and str(value).startswith("https://") and row_count <= _MAX_LINKS:
                sheet.write_url(row_count, index, value)
            elif value is not None:
                sheet.write_string(row_count, index, str(value))
    sheet.autofilter(0, 0, row_count, len(columns) - 1)
    workbook.close()
    return row_count


def read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The file from its start; closed, and so deleted, at the end."""
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK_SIZE):
            yield chunk


def csv_value(value: Any) -> Any:
    """A value for CSV. A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and _is_like_a_formula(value):
        return f"'{value}"
    return value


def _is_like_a_formula(text: str) -> bool:
    """Whether it begins with a sign of a formula, or with a tab or a line break, behind whatever can't be seen."""
    if text[:1] in ("\t", "\r", "\n"):
        return True
    seen = next((index for index, sign in enumerate(text) if unicodedata.category(sign) not in _INVISIBLE), len(text))
    return text.startswith(_FORMULA_STARTS, seen)
