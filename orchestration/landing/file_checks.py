"""A delivered file before anybody parses it: whole, of the kind its name says, and not larger than it may be.

A file may be damaged, cut off, of another encoding, or made to fill disk and memory. Everything here reads in pieces
or reads no more than the file's own directory, so that no file costs more than its limit.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from pathlib import Path

import duckdb

from orchestration.failures import size_text
from orchestration.state.database import literal

LINE_LIMIT = 2_000_000
"""The longest line of a CSV file, and the most text in a row of Parquet, in bytes."""

MOST_COLUMNS = 1_000
GZIP_RATIO = 200
GZIP_ALLOWANCE = 64_000_000
"""A ``.gz`` file of any ratio may unpack to this much; real extracts shrink to a fifth or a tenth."""

_HEADER_LIMIT = 1 << 16
_FOOTER_LIMIT = 64_000_000
_PIECE = 1 << 20
_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class FileRejected(Exception):
    """A file that can't be taken as a whole; the text goes behind the file's name and quotes no value."""


def plain_text(path: Path, largest: int) -> Path:
    """A CSV file as text that can be read safely: unpacked, UTF-8 by its beginning, no line too long."""
    if path.suffix == ".gz":
        path = _unpacked(path, largest)
    line = open_bytes = 0
    with path.open("rb") as stream:
        _require_utf8(stream.read(_HEADER_LIMIT))
        stream.seek(0)
        while piece := stream.read(_PIECE):
            # A piece is shorter than the limit, so only a line that began before it can be too long.
            end = _line_end(piece)
            if open_bytes + (len(piece) if end < 0 else end) > LINE_LIMIT:
                raise FileRejected(f"has a line longer than {size_text(LINE_LIMIT)}, line {line + 1:,}")
            line += piece.count(b"\n")
            open_bytes = open_bytes + len(piece) if end < 0 else len(piece) - _last_line_end(piece) - 1
    return path


def _unpacked(path: Path, largest: int) -> Path:
    most = max(GZIP_ALLOWANCE, GZIP_RATIO * path.stat().st_size)
    plain = path.with_suffix("")
    size = 0
    try:
        with gzip.open(path) as source, plain.open("wb") as target:
            while piece := source.read(_PIECE):
                size += len(piece)
                if size > largest:
                    raise FileRejected(f"unpacks to more than {size_text(largest)} (YACP_MAX_FILE_SIZE)")
                if size > most:
                    raise FileRejected(f"unpacks to more than {GZIP_RATIO} times its size")
                target.write(piece)
    except EOFError:
        raise FileRejected("breaks off in the middle of the packed data") from None
    except (gzip.BadGzipFile, zlib.error):
        raise FileRejected("is damaged or no gzip file: it can't be unpacked") from None
    path.unlink()
    return plain


def _line_end(piece: bytes) -> int:
    found = [place for place in (piece.find(b"\n"), piece.find(b"\r")) if place >= 0]
    return min(found, default=-1)


def _last_line_end(piece: bytes) -> int:
    return max(piece.rfind(b"\n"), piece.rfind(b"\r"))


def _require_utf8(start: bytes) -> None:
    for mark, encoding in _ENCODINGS.items():
        if start.startswith(mark):
            raise FileRejected(f"is {encoding}, but UTF-8 is wanted")
    if b"\0" in start.partition(b"\n")[0]:
        raise FileRejected("has NUL bytes in its header row: it is UTF-16 or no text, but UTF-8 is wanted")


def header_of(path: Path) -> list[str]:
    """The column names of a CSV file's header row, as written there."""
    with path.open("rb") as stream:
        start = stream.read(_HEADER_LIMIT)
    text = io.StringIO(start.decode("utf-8-sig", errors="replace"), newline="")
    try:
        header = next(csv.reader(text), [])
    except csv.Error:
        header = []
    if len(start) == _HEADER_LIMIT and not text.read(1):
        raise FileRejected(f"has a header row longer than {size_text(_HEADER_LIMIT)}")
    return header


def check_parquet(connection: duckdb.DuckDBPyConnection, path: Path, largest: int) -> int:
    """The rows of a Parquet file by its own directory, which is small and honest or the file is refused."""
    with path.open("rb") as stream:
        starts = stream.read(4) == b"PAR1"
        stream.seek(max(path.stat().st_size - 8, 0))
        length, ends = stream.read(4), stream.read(4) == b"PAR1"
    if not starts:
        raise FileRejected("is no Parquet file")
    if not ends:
        raise FileRejected("breaks off in the middle: it does not end as a Parquet file does")
    if int.from_bytes(length, "little") > _FOOTER_LIMIT:
        raise FileRejected(f"has a directory of more than {size_text(_FOOTER_LIMIT)}")
    row = connection.execute(f"select num_rows from parquet_file_metadata({literal(path)})").fetchone()
    unpacked = connection.execute(
        f"select coalesce(sum(total_uncompressed_size), 0) from parquet_metadata({literal(path)})"
    ).fetchone()
    if unpacked and unpacked[0] > largest:
        raise FileRejected(f"unpacks to more than {size_text(largest)} (YACP_MAX_FILE_SIZE)")
    return int(row[0]) if row else 0
