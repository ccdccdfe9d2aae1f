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
    records = _records(start.rpartition(b"\n")[0] if is_cut else start, count=3)
    if is_cut and b"\n" not in start:
        raise FileRejected(f"has a header row longer than {size_text(HEADER_LIMIT)}")
    names = records[0].fields if records else []
    below = records[1] if len(records) > (2 if is_cut else 1) else None  # a record that was cut says nothing
    _require_header(names, below, extract)
    if below:
        _require_like_rows(names, below)
    return names


def _records(start: bytes, count: int) -> list[_Record]:
    """The first records of a file, without blank lines after the header."""
    reader = csv.reader(io.StringIO(start.decode("utf-8-sig", errors="replace"), newline=""))
    records: list[_Record] = []
    line = 1
    with suppress(csv.Error):
        for fields in reader:
            if fields or not records:
                records.append(_Record(line, fields))
            if len(records) == count:
                break
            line = reader.line_num + 1
    return records


def _require_header(names: list[str], below: _Record | None, extract: Extract) -> None:
    known = {column.name for column in extract.columns}
    if names and names[0].lower().startswith("sep="):
        raise FileRejected("begins with the line sep=, which only spreadsheets understand; line 1 must be the header")
    if below and len(known & {name.strip().lower() for name in below.fields}) > len(known) / 2:
        raise FileRejected(f"has its header in line {below.line:,}; it must be line 1")
    if len(names) == 1:
        for delimiter, called in _OTHER_DELIMITERS.items():
            if delimiter in names[0]:
                raise FileRejected(f"has {called} between the fields of its header; it must have commas")


def _require_like_rows(names: list[str], below: _Record) -> None:
    if all(_DASHES.fullmatch(field.strip()) for field in below.fields):
        raise FileRejected(
            f"has a line of dashes under the header, line {below.line:,}; switch off that decoration in the query tool"
        )
    surplus = below.fields[len(names) :]
    if surplus and not any(field.strip() for field in surplus):
        raise FileRejected(
            f"has {len(below.fields):,} fields in line {below.line:,}, and the header has {len(names):,}: the rows end "
            "with a delimiter, and the header doesn't"
        )
