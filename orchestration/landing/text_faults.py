"""Text faults: in which line a CSV file first breaks its format, and the likely cause, in words for its sender."""

import csv
import io

import duckdb

from orchestration.landing.line_numbers import find_line_numbers
from orchestration.landing.parsing import ParsedFile, wrong_row_count

_SHORT = 2
"""A record of so few fields, where there should be more, is probably not a row."""


def require_row_count(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile) -> None:
    """Rejects a file that has other rows than its manifest says; what it couldn't split into columns may be why."""
    count = parsed.row_count + parsed.reject_count
    if count == parsed.file.rows:
        return
    cause = first_fault(connection, parsed)
    if not cause and count < parsed.file.rows:
        cause = "is it cut short?"
    raise wrong_row_count(parsed.file, count, cause and f"; {cause}")


def first_fault(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile) -> str:
    """The first record that couldn't be split into columns: its line and the likely cause; empty if there is none."""
    if not parsed.csv or not parsed.csv.reject_count:
        return ""
    lines = find_line_numbers(connection, parsed)
    [(line, kind, text)] = connection.execute(
        f"select lines.line_number, rejects.error_type, coalesce({parsed.csv.record}, '')"
        f" from {parsed.csv.rejects} as rejects"
        f" left join {lines.of_records} as lines on rejects.line = lines.record_index"
        " order by rejects.line, rejects.error_type limit 1"
    ).fetchall()
    place = f"line {line:,}" if line else "a line"
    match kind:
        case "MISSING COLUMNS" | "TOO MANY COLUMNS":
            return _other_fields(place, text.lstrip("\r\n"), parsed.csv.column_count)
        case "INVALID ENCODING":
            return f"{place} isn't UTF-8"
        case "UNQUOTED VALUE":
            if text.count('"') % 2:
                return f"a quote is left open in {place}"
            return f"{place} has a quote within a quoted value; it must be doubled"
    return f"{place} can't be read: {kind.lower()}"


def _other_fields(place: str, text: str, expected: int) -> str:
    found = len(next(csv.reader(io.StringIO(text, newline="")), []))
    fields = "1 field" if found == 1 else f"{found:,} fields"
    if found < min(expected, _SHORT):
        guess = "; is it a footer?"
    elif found < expected:
        guess = "; is the file cut off there?" if not text.endswith("\n") else ""
    else:
        guess = "; is a comma in a value not quoted?"
    return f"{place} has {fields}, the header has {expected:,}{guess}"
