"""Line numbers: which line of its file a quarantined row starts in, so that people find it in an editor."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.landing.file_checks import LINE_LIMIT
from orchestration.landing.line_ends import without_carriage_returns
from orchestration.landing.parsing import CsvText, ParsedFile
from orchestration.state.database import literal

_FIND_RECORDS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
_NO_DELIMITER = "\x1c\x1d\x1e\x1f"


@dataclass(frozen=True)
class LineNumbers:
    """The tables in DuckDB with the line of each row by ``row_index``, and of each CSV record by ``record_index``."""

    of_rows: str
    of_records: str | None


def find_line_numbers(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile) -> LineNumbers:
    """The line number of each row; in a Parquet file, which has no lines, the number of the row."""
    if parsed.csv:
        return _find_in_csv(connection, parsed, parsed.csv)
    connection.execute(
        f"create or replace table row_lines as select row_index, row_index as line_number from {parsed.rows}"
    )
    return LineNumbers("row_lines", None)


def _find_in_csv(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile, csv: CsvText) -> LineNumbers:
    """Names no line at all when the records found are not as many as the rows that were parsed."""
    path = without_carriage_returns(csv.path)
    connection.execute("drop table if exists unreadable_lines; drop table if exists line_scans")
    connection.execute(
        f"create or replace table readable_lines as from read_csv({literal(path)}, auto_detect = false,"
        f" header = false, columns = {{'text': 'VARCHAR'}}, delim = '{_NO_DELIMITER}', quote = '', escape = '',"
        f" max_line_size = {LINE_LIMIT}, strict_mode = false, store_rejects = true,"
        " rejects_table = 'unreadable_lines', rejects_scan = 'line_scans', rejects_limit = 0)"
    )
    connection.execute(_FIND_RECORDS)
    not_blank = "and not is_blank" if csv.column_count > 1 else ""
    connection.execute(
        "create or replace table row_lines as"
        " select row_number() over (order by line_number) as row_index, line_number from record_lines"
        f" where record_index > 1 {not_blank} and record_index not in (select line from {csv.rejects})"
    )
    [(is_complete,)] = connection.execute(
        f"select (select count(*) from row_lines) = (select count(*) from {parsed.rows})"
    ).fetchall()
    if not is_complete:
        connection.execute("truncate row_lines; truncate record_lines")
    return LineNumbers("row_lines", "record_lines")
