"""Foreign files become plain UTF-8 text: unpacked, decoded, and without the lines before and after the table.

Everything streams. What a file unpacks to is limited like a delivered file.
"""

import codecs
import csv
import gzip
import io
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO

from orchestration.failures import SourceError, size_text
from orchestration.sources.profile import FileTable

_CHUNK = 1 << 20


def unpacked(path: Path, name: str, max_size: int) -> Iterator[tuple[str, Path]]:
    """The file, or the files in an archive, each with its name for messages."""
    ending = path.suffix.lower()
    try:
        if ending == ".gz":
            with gzip.open(path) as stream:
                yield name, _written(stream, path.with_name(f"{path.name}.plain"), name, max_size)
        elif ending == ".zip":
            with zipfile.ZipFile(path) as archive:
                members = [member for member in archive.infolist() if not member.is_dir()]
                for number, member in enumerate(sorted(members, key=lambda member: member.filename)):
                    inside = f"{name}/{member.filename}"
                    with archive.open(member) as stream:
                        target = path.with_name(f"{path.name}.{number}{Path(member.filename).suffix}")
                        yield inside, _written(stream, target, inside, max_size)
        else:
            yield name, path
    except (gzip.BadGzipFile, zipfile.BadZipFile, EOFError, zlib.error, RuntimeError, NotImplementedError):
        raise SourceError(f"{name} is damaged, encrypted, or not a {ending} file: it can't be unpacked.") from None


def _written(stream: object, target: Path, name: str, max_size: int) -> Path:
    size = 0
    with target.open("wb") as file:
        while chunk := stream.read(_CHUNK):  # type: ignore[attr-defined]
            if (size := size + len(chunk)) > max_size:
                raise SourceError(f"{name} unpacks to more than {size_text(max_size)} (YACP_MAX_FILE_SIZE).")
            file.write(chunk)
    return target


def as_utf8(path: Path, name: str, table: FileTable) -> Path:
    """The text of the file in UTF-8, its line ends as LF, without the lines to skip; in a new file."""
    target = path.with_name(f"{path.name}.utf8")
    encoding = "utf-8-sig" if codecs.lookup(table.encoding).name == "utf-8" else table.encoding
    line = 1
    try:
        with (
            path.open(encoding=encoding, newline=None) as source,
            target.open("w", encoding="utf-8", newline="") as plain,
        ):
            for _ in range(table.skip_first):
                source.readline()
            while chunk := source.read(_CHUNK):
                line += chunk.count("\n")
                plain.write(chunk)
    except UnicodeError:
        raise SourceError(
            f"{name} isn't {table.encoding}, as the profile says: a character in line {line + table.skip_first:,} or "
            "after it can't be read. Name another encoding in source.toml."
        ) from None
    if table.skip_last:
        with target.open("rb+") as plain_bytes:
            plain_bytes.truncate(_start_of_last_lines(plain_bytes, table.skip_last))
    return target


def _start_of_last_lines(stream: BinaryIO, count: int) -> int:
    """Where the last lines begin; blank ones at the end don't count."""
    position = stream.seek(0, io.SEEK_END)
    tail = b""
    while position and len(tail.rstrip().splitlines()) <= count:
        step = min(_CHUNK, position)
        position = stream.seek(position - step)
        tail = stream.read(step) + tail
        stream.seek(position)
    lines = tail.rstrip().splitlines(keepends=True)
    return position + sum(map(len, lines[: max(len(lines) - count, 0)]))


def header_of(path: Path, name: str, table: FileTable) -> list[str]:
    """The names of the columns: those of the profile, or else the first record of the text."""
    if table.columns:
        names = list(table.columns)
    else:
        with path.open(encoding="utf-8", newline="") as stream:
            if len(table.delimiter) == 1:
                if table.quote:
                    names = next(csv.reader(stream, delimiter=table.delimiter, quotechar=table.quote), [])
                else:
                    names = next(csv.reader(stream, delimiter=table.delimiter, quoting=csv.QUOTE_NONE), [])
            else:
                names = stream.readline().rstrip("\n").split(table.delimiter)
    names = [each.strip() or f"column_{number}" for number, each in enumerate(names, start=1)]
    if not names:
        raise SourceError(f"{name} is empty: it has no header. If it is meant to have none, name its columns.")
    lower = [each.lower() for each in names]
    if repeated := next((each for each in names if lower.count(each.lower()) > 1), None):
        raise SourceError(f"{name} has the column {repeated!r} twice. Name the columns in source.toml.")
    if reserved := {"_file", "_line"} & set(lower):
        raise SourceError(
            f"{name} has a column {min(reserved)}, a name that is taken. Name the columns in source.toml."
        )
    return names


def sheet_as_csv(path: Path, name: str, table: FileTable) -> Path:
    """A sheet of a workbook as comma-separated text, in which a line is a row of the sheet."""
    from python_calamine import CalamineError, CalamineWorkbook

    target = path.with_name(f"{path.name}.csv")
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        if table.sheet and table.sheet not in workbook.sheet_names:
            raise SourceError(f"{name} has no sheet {table.sheet!r}; it has {', '.join(workbook.sheet_names)}.")
        sheet = workbook.get_sheet_by_name(table.sheet or workbook.sheet_names[0])
        with target.open("w", encoding="utf-8", newline="") as plain:
            writer = csv.writer(plain, lineterminator="\n")
            writer.writerows([_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False))
    except CalamineError:
        raise SourceError(f"{name} can't be read as a workbook.") from None
    return target


def _cell(value: object) -> str:
    """A cell as text, in one line; a workbook has no whole numbers, so 7 is 7.0 in it."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime() | date() | time():
            return value.isoformat()
    return " ".join(str(value).splitlines())


@contextmanager
def fetched(chunks: Iterator[bytes], target: Path, name: str, max_size: int) -> Iterator[Path]:
    """A copy of a file at the location, removed at the end."""
    size = 0
    with target.open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > max_size:
                raise SourceError(f"{name} is larger than {size_text(max_size)} (YACP_MAX_FILE_SIZE).")
            file.write(chunk)
    try:
        yield target
    finally:
        for path in target.parent.glob(f"{target.name}*"):
            path.unlink() if path.is_file() else shutil.rmtree(path)
