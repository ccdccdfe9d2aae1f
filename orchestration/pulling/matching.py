"""Which table and column of a source look like which of the contract, by name and by the shape of the values.

Guesses for a draft only: what is wrong in them, ``yacp source check`` finds.
"""

import csv
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from orchestration.contract.extract import Column, ColumnType, Extract

_ABBREVIATIONS = Path(__file__).with_name("abbreviations.csv")
_GOOD = 0.72
_GOOD_TABLE = 0.4
_TIMES = {ColumnType.DATE, ColumnType.TIMESTAMP}


@dataclass(frozen=True)
class SourceTable:
    """A table of a source: its columns, and for some of them the commonest shape of their values."""

    name: str
    columns: tuple[str, ...]
    shapes: dict[str, str]


@dataclass(frozen=True)
class Match:
    """The table that looks like an extract, with a column for each of the contract's; ``None`` where there is none."""

    table: SourceTable | None
    columns: dict[str, str | None]


def match(extract: Extract, tables: list[SourceTable]) -> Match:
    """The best guess for an extract."""
    guesses = [(_score(extract, table), table) for table in tables]
    score, best = max(guesses, key=lambda guess: guess[0], default=(0.0, None))
    if best is None or score < _GOOD_TABLE:
        return Match(None, {column.name: None for column in extract.columns})
    return Match(best, _columns(extract, best))


def _score(extract: Extract, table: SourceTable) -> float:
    """Half by the name of the table, half by the share of required columns that have a match."""
    required = [column.name for column in extract.columns if not column.nullable]
    found = _columns(extract, table)
    share = sum(found[name] is not None for name in required) / len(required)
    return (_similarity(extract.name, table.name) + share) / 2


def _columns(extract: Extract, table: SourceTable) -> dict[str, str | None]:
    """Each column of the source is taken once, by the column of the contract that it looks most like."""
    pairs = sorted(
        (
            (_similarity(column.name, name, _around(extract, column)), column.name, name)
            for column in extract.columns
            for name in table.columns
            if _can_be(column, table.shapes.get(name))
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    found: dict[str, str | None] = {column.name: None for column in extract.columns}
    for score, wanted, name in pairs:
        if score >= _GOOD and found[wanted] is None and name not in found.values():
            found[wanted] = name
    return found


def _around(extract: Extract, column: Column) -> str:
    """Words that a name may have or leave out: of the extract, and that a code is one."""
    return f"{extract.system} {extract.name} {'code' if column.type is ColumnType.CODE else ''}"


def _can_be(column: Column, shape: str | None) -> bool:
    """Whether values of this shape can be of the column's type."""
    if shape is None:
        return True
    has_date = bool(re.search(r"9{2,4}[/.-](9{1,2}|A{3}|a{3}|Aaa)[/.-]9{2,4}", shape)) or shape in ("9" * 8, "9" * 14)
    return has_date if column.type in _TIMES else not (has_date and column.type is not ColumnType.TEXT)


def _similarity(one: str, other: str, context: str = "") -> float:
    """From 0 to 1, on names with their abbreviations written out."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return 0.0
    shared = len(first & second)
    apart = (first ^ second) - _words(context)
    written = SequenceMatcher(None, " ".join(sorted(first)), " ".join(sorted(second))).ratio()
    return max(0.95 * written, shared / len(first | second), 0.95 * shared / (shared + len(apart) or 1))


def _words(name: str) -> set[str]:
    parts = [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+", name)]
    words = [word for part in parts for word in _abbreviations().get(part, part).split()]
    return {word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) else word for word in words}


@cache
def _abbreviations() -> dict[str, str]:
    with _ABBREVIATIONS.open(newline="", encoding="utf-8") as stream:
        return {row["short"]: row["long"] for row in csv.DictReader(stream)}
