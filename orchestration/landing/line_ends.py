"""Line ends: DuckDB reads a CSV file whose lines all end alike, and real files mix LF and CRLF."""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from orchestration.landing.file_checks import CHUNK_SIZE, FileRejected

# A quote opens a field only where the field begins, so that 12" in a value opens nothing.
_FIELD_BEGINS = rb"(?:(?<![^,\r\n])|(?<=\A\xef\xbb\xbf))"
_QUOTED_OR_END = re.compile(_FIELD_BEGINS + rb'"[^"]*+(?:""[^"]*+)*+"?|\r+\n?')


def with_like_line_ends(path: Path) -> None:
    """Rewrites a CSV file whose lines end differently, so that all end in LF; what is in quotes stays as it is.

    A file whose lines all end in LF, or all in CRLF, is left alone. Raises ``FileRejected`` for a CR alone outside
    quotes, unless all lines end in one.
    """
    returns, feeds, pairs = _count(path)
    if returns in (0, pairs) and pairs in (0, feeds):
        return
    rewritten = path.with_name(f".{path.name}.lines")
    with (
        path.open("rb") as source,
        mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as content,
        rewritten.open("wb") as target,
    ):
        target.writelines(_pieces(content, only_returns=feeds == 0))
    rewritten.replace(path)


def without_carriage_returns(path: Path) -> Path:
    """A copy in which every line that an editor shows ends in LF alone."""
    copy = path.with_name(f".{path.name}.numbered")
    with path.open("rb") as source, copy.open("wb") as target:
        while chunk := source.read(CHUNK_SIZE):
            target.write(chunk.replace(b"\r", b""))
    return copy


def _count(path: Path) -> tuple[int, int, int]:
    """How many CR, LF, and CRLF there are."""
    returns = feeds = pairs = 0
    last = b""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_SIZE):
            returns += chunk.count(b"\r")
            feeds += chunk.count(b"\n")
            pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
            last = chunk[-1:]
    return returns, feeds, pairs


def _pieces(content: mmap.mmap, *, only_returns: bool) -> Iterator[bytes]:
    """The content in chunks, with LF for each line end outside quotes."""
    start = 0
    for match in _QUOTED_OR_END.finditer(content):
        if content[match.start() : match.start() + 1] == b'"':
            continue
        yield from _slices(content, start, match.start())
        start = match.end()
        if match[0].endswith(b"\n"):
            yield b"\n"
        elif only_returns:
            yield b"\n" * len(match[0])
        else:
            line = sum(part.count(b"\n") for part in _slices(content, 0, start)) + 1
            raise FileRejected(
                f"has a carriage return outside quotes in line {line:,}; lines must end in LF or CRLF, and a value "
                "that holds a line break must be quoted"
            )
    yield from _slices(content, start, len(content))


def _slices(content: mmap.mmap, start: int, end: int) -> Iterator[bytes]:
    for position in range(start, end, CHUNK_SIZE):
        yield content[position : min(position + CHUNK_SIZE, end)]
