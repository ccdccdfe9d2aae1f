"""Line numbers: which line of its file a quarantined row starts in, so that people find it in an editor."""

from pathlib import Path

import duckdb

from orchestration.landing.file_checks import LINE_LIMIT
from orchestration.landing.parsing import ParsedFile
from orchestration.state.database import literal

_FIND_RECORDS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
_NO_DELIMITER = "\x1c\x1d\x1e\x1f"


def find_line_numbers(connection: duckdb.DuckDBPyConnection, parsed: ParsedFile) -> None:
    """Creates DuckDB's tables ``row_lines``, the line of each row, and ``record_lines``, that of each CSV record.

    In a Parquet file, which has no lines, it is the number of the row. In a CSV file no line is named at all when the
    records found are not as many as the rows that were parsed.
    """
    if not parsed.csv:
        connection.execute(
            "create or replace table row_lines as select row_index, row_index as line_number from source_rows"
        )
        return
    connection.execute("drop table if exists unreadable_lines; drop table if exists line_scans")
    connection.execute(
        f"create or replace table readable_lines as from read_csv({literal(parsed.csv)}, auto_detect = false,"
        f" header = false, columns = {{'text': 'VARCHAR'}}, delim = '{_NO_DELIMITER}', quote = '', escape = '',"
        f" max_line_size = {LINE_LIMIT}, strict_mode = false, store_rejects = true,"
        " rejects_table = 'unreadable_lines', rejects_scan = 'line_scans', rejects_limit = 0)"
    )
    connection.execute(_FIND_RECORDS)
    not_blank = "and not is_blank" if len(parsed.positions) > 1 else ""
    connection.execute(
        "create or replace table row_lines as"
        " select row_number() over (order by line_number) as row_index, line_number from record_lines"
        f" where record_index > 1 {not_blank} and record_index not in (select line from rejects)"
    )
    [(is_complete,)] = connection.execute(
        "select (select count(*) from row_lines) = (select count(*) from source_rows)"
    ).fetchall()
    if not is_complete:
        connection.execute("truncate row_lines; truncate record_lines")
