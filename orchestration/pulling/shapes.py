"""The shape of a value: how it is written, but not what it says; and what reads a date of a shape."""

import csv
from functools import cache
from pathlib import Path

from orchestration.contract.extract import ColumnType

_SHAPE_LENGTH = 40
_DATE_SHAPES = Path(__file__).with_name("date_shapes.csv")


def shape_of(value: str) -> str:
    """The SQL for the shape of a text, which says how it is written but not what it says."""
    return (
        rf"left(regexp_replace(regexp_replace(regexp_replace({value}, '\p{{Nd}}', '9', 'g'), '\p{{Lu}}', 'A', 'g'),"
        rf" '[\p{{Ll}}\p{{Lo}}\p{{Lt}}\p{{Lm}}]', 'a', 'g'), {_SHAPE_LENGTH})"
    )


@cache
def date_formats(kind: ColumnType) -> dict[str, dict[str, str]]:
    """How dates or timestamps are written elsewhere, by shape, with the format that reads them in each database."""
    with _DATE_SHAPES.open(newline="", encoding="utf-8") as stream:
        return {row["shape"]: row for row in csv.DictReader(stream) if row["type"] == kind}


def date_function(kind: ColumnType) -> str:
    """The function of a profile over files that reads such a date."""
    return "as_date" if kind is ColumnType.DATE else "as_timestamp"
