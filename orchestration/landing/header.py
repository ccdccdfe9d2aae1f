"""The header row of a CSV file, and what query tools and spreadsheets leave around it."""

import csv
import io
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestration.contract.extract import Extract
from orchestration.failures import size_text
from orchestration.landing.file_checks import HEADER_LIMIT, FileRejected

_DASHES = re.compile(r"[-=+]{2,}")
_RECORDS = 6
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True)
class _Record:
    """The fields of a record, and the line in which it starts."""

    line: int
    fields: list[str]


def read_header(path: Path, extract: Extract) -> list[str]:
    """The column names as written; ``FileRejected`` when line 1 is something else."""
    with path.open("rb") as stream:
        start = stream.read(HEADER_LIMIT)
    is_cut = len(start) == HEADER_LIMIT
    if is_cut and b"\n" not in start:
        raise FileRejected(f"has a header row longer than {size_text(HEADER_LIMIT)}")
    records = _records(start)
    names = records[0].fields if records else []
    rows = records[1:-1] if is_cut else records[1:]  # a record that was cut says nothing
    _require_header(names, rows, extract)
    if rows:
        _require_like_rows(names, rows)
    return names


def _records(start: bytes) -> list[_Record]:
    """The first records of a file, without blank lines after the header."""
    reader = csv.reader(io.StringIO(start.decode("utf-8-sig", errors="replace"), newline=""))
    records: list[_Record] = []
    line = 1
    with suppress(csv.Error):
        for fields in reader:
            if fields or not records:
                records.append(_Record(line, fields))
            if len(records) == _RECORDS:
                break
            line = reader.line_num + 1
    return records


def _require_header(names: list[str], rows: list[_Record], extract: Extract) -> None:
    known = {column.name for column in extract.columns}
    if names and names[0].lower().startswith("sep="):
        raise FileRejected("begins with the line sep=, which only spreadsheets understand; line 1 must be the header")
    if rows and len(known & {name.strip().lower() for name in rows[0].fields}) > len(known) / 2:
        raise FileRejected(f"has its header in line {rows[0].line:,}; it must be line 1")
    if len(names) == 1:
        for delimiter, called in _OTHER_DELIMITERS.items():
            if delimiter in names[0]:
                raise FileRejected(f"has {called} between the fields of its header; it must have commas")


def _require_like_rows(names: list[str], rows: list[_Record]) -> None:
    line = rows[0].line
    if all(_DASHES.fullmatch(field.strip()) for field in rows[0].fields):
        raise FileRejected(
            f"has a line of dashes under the header, line {line:,}; switch off that decoration in the query tool"
        )
    if all(len(row.fields) > len(names) and not any(map(str.strip, row.fields[len(names) :])) for row in rows):
        raise FileRejected(
            f"has {len(rows[0].fields):,} fields in line {line:,}, and the header has {len(names):,}: the rows end "
            "with a delimiter, and the header doesn't"
        )
