"""Checks on a delivered file before it is parsed: that it is complete, in its format, and within the size limits.

A file may be damaged, truncated, in another encoding, or built to fill disk and memory. Everything here reads in
chunks, or nothing but the footer, so that no file costs more than its limit.
"""

import codecs
import gzip
import zlib
from pathlib import Path

import duckdb

from orchestration.failures import size_text
from orchestration.state.database import literal

LINE_LIMIT = 2_000_000
"""The longest line of a CSV file, and the largest row of a Parquet file, in bytes."""

GZIP_RATIO = 200
GZIP_ALLOWANCE = 64_000_000
"""What a ``.gz`` file may unpack to at any ratio, in bytes; real extracts shrink to a fifth or a tenth."""

HEADER_LIMIT = 1 << 16
CHUNK_SIZE = 1 << 20

_FOOTER_LIMIT = 64_000_000
_ENCODINGS = {
    "UTF-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),  # before UTF-16, whose mark it begins with
    "UTF-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}


class FileRejected(Exception):
    """A file that can't be loaded at all; the text follows the file's name and quotes no value."""


def plain_text(path: Path, max_size: int) -> Path:
    """A CSV file that is safe to read: unpacked, UTF-8 judging by its beginning, without overlong lines."""
    if path.suffix.lower() == ".gz":
        path = _unpacked(path, max_size)
    line = open_bytes = 0
    with path.open("rb") as stream:
        _require_utf8(stream.read(HEADER_LIMIT))
        stream.seek(0)
        while chunk := stream.read(CHUNK_SIZE):
            # A chunk is shorter than the limit, so only a line that began before it can be too long.
            lines = chunk.replace(b"\r", b"\n")
            begins, _, rest = lines.partition(b"\n")
            if open_bytes + len(begins) > LINE_LIMIT:
                raise FileRejected(f"has a line longer than {size_text(LINE_LIMIT)}, line {line + 1:,}")
            line += chunk.count(b"\n")
            open_bytes = len(rest.rpartition(b"\n")[2]) if b"\n" in lines else open_bytes + len(chunk)
    return path


def _unpacked(path: Path, max_size: int) -> Path:
    allowed = max(GZIP_ALLOWANCE, GZIP_RATIO * path.stat().st_size)
    plain = path.with_suffix("")
    size = 0
    try:
        with gzip.open(path) as source, plain.open("wb") as target:
            while chunk := source.read(CHUNK_SIZE):
                size += len(chunk)
                if size > max_size:
                    raise FileRejected(f"unpacks to more than {size_text(max_size)} (YACP_MAX_FILE_SIZE)")
                if size > allowed:
                    raise FileRejected(f"unpacks to more than {GZIP_RATIO} times its size")
                target.write(chunk)
    except EOFError:
        raise FileRejected("is cut off in the middle of the compressed data") from None
    except (gzip.BadGzipFile, zlib.error):
        raise FileRejected("is damaged or not a gzip file: it can't be unpacked") from None
    path.unlink()
    return plain


def _require_utf8(start: bytes) -> None:
    for encoding, marks in _ENCODINGS.items():
        if start.startswith(marks):
            raise FileRejected(f"is {encoding}; it must be UTF-8")
    if b"\0" in start.partition(b"\n")[0]:
        raise FileRejected("has NUL bytes in its header row: it is UTF-16 or not text; it must be UTF-8")


def check_parquet(connection: duckdb.DuckDBPyConnection, path: Path, max_size: int) -> int:
    """The row count of a Parquet file, from its footer; the file is rejected when that is missing or oversized."""
    with path.open("rb") as stream:
        starts = stream.read(4) == b"PAR1"
        stream.seek(max(path.stat().st_size - 8, 0))
        length, ends = stream.read(4), stream.read(4) == b"PAR1"
    if not starts:
        raise FileRejected("is not a Parquet file")
    if not ends:
        raise FileRejected("is cut off: it doesn't end like a Parquet file")
    if int.from_bytes(length, "little") > _FOOTER_LIMIT:
        raise FileRejected(f"has a footer of more than {size_text(_FOOTER_LIMIT)}")
    [(rows, unpacked)] = connection.execute(
        f"select num_rows, (select coalesce(sum(total_uncompressed_size), 0) from parquet_metadata({literal(path)}))"
        f" from parquet_file_metadata({literal(path)})"
    ).fetchall()
    if unpacked > max_size:
        raise FileRejected(f"unpacks to more than {size_text(max_size)} (YACP_MAX_FILE_SIZE)")
    return int(rows)
