"""Rows on their way into a Parquet file: batches of Arrow, of which one is in memory at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.state.files import flush_to_disk

_ROW_GROUP_BYTES = 32 << 20


@dataclass(frozen=True)
class Rows:
    """The columns of a select, and its rows in batches, which can be read once."""

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]


def write_rows(rows: Rows, path: Path) -> int:
    """Writes the rows to a Parquet file that is on the disk afterwards, and returns their number."""
    count = size = 0
    waiting: list[pa.RecordBatch] = []
    with pq.ParquetWriter(path, rows.schema, compression="zstd", use_dictionary=True) as writer:
        for batch in rows.batches:
            waiting.append(batch)
            count += batch.num_rows
            size += batch.nbytes
            if size > _ROW_GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting, size = [], 0
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))
    flush_to_disk(path)
    return count
