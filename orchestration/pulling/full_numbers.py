"""Social Security numbers of a source: no more than the last four digits of one is written by a pull."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.contract.extract import ColumnType, Extract
from orchestration.sources.row_files import Rows

_FULL = r"^\s*[0-9]{3}[- ]?[0-9]{2}[- ]?([0-9]{4})\s*$"
# As numbers they lost their leading zeros; the smallest one is 001-01-0001.
_SMALLEST, _LARGEST, _LARGEST_OF_FOUR = 1_010_001, 999_999_999, 9_999


class LastFourOnly:
    """Passes rows on with full numbers cut to their last four digits, and counts those that it cut."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, rows: Rows, extract: Extract) -> Rows:
        """The rows; the column for such numbers, where the extract has one, is text."""
        names = {column.name for column in extract.columns if column.type is ColumnType.SSN_LAST4}
        index = next((index for index, name in enumerate(rows.schema.names) if name.lower() in names), None)
        if index is None:
            return rows
        schema = rows.schema.set(index, pa.field(rows.schema.names[index], pa.string()))
        return Rows(schema, self._cut(rows, index, schema))

    def _cut(self, rows: Rows, index: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for batch in rows.batches:
            text = _as_text(batch.column(index))
            self.count += pc.sum(pc.match_substring_regex(text, _FULL)).as_py() or 0
            columns = list(batch.columns)
            columns[index] = pc.replace_substring_regex(text, _FULL, r"\1")
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _as_text(column: pa.Array) -> pa.Array:
    text = column.cast(pa.string())
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        column = column.cast(pa.int64(), safe=False)
        text = column.cast(pa.string())
    if not pa.types.is_integer(column.type):
        return text
    is_full = pc.and_(pc.greater_equal(column, _SMALLEST), pc.less_equal(column, _LARGEST))
    shorter = pc.if_else(pc.less_equal(column, _LARGEST_OF_FOUR), pc.utf8_lpad(text, 4, "0"), text)
    return pc.if_else(is_full, pc.utf8_lpad(text, 9, "0"), shorter)
