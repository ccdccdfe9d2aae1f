"""Quarantine: the rows that don't fit, each with file, line, column, value and reason."""

from datetime import date
from pathlib import Path

import duckdb

from orchestration.contract.extract import ColumnType, Extract
from orchestration.failures import name_list
from orchestration.landing.archive import QUARANTINE
from orchestration.landing.judging import ORPHAN_OF_QUARANTINED, JudgedFile
from orchestration.landing.line_numbers import find_line_numbers
from orchestration.landing.parsing import CsvText, ParsedFile
from orchestration.landing.social_security import without_full_numbers
from orchestration.state.database import identifier, literal

# The errors of DuckDB that are about one column, and not about the whole record.
_ERRORS_OF_A_COLUMN = "('CAST', 'INVALID ENCODING', 'UNQUOTED VALUE')"


class Quarantine:
    """The quarantined rows of one delivery."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute(
            "create table quarantine (extract varchar, file varchar, line_number bigint, column_name varchar,"
            " value varchar, reason varchar, record varchar)"
        )

    def add(self, parsed: ParsedFile, judged: JudgedFile) -> None:
        """Adds the rows of a file that don't fit, and the records that couldn't be split into columns."""
        lines = find_line_numbers(self._connection, parsed)
        origin = f"{literal(parsed.extract.name)}, {literal(parsed.file.name)}"
        place = f"{origin}, lines.line_number"
        if parsed.has_origin:
            file = f"coalesce(source.origin_file, {literal(parsed.file.name)})"
            place = f"{literal(parsed.extract.name)}, {file}, coalesce(source.origin_line, lines.line_number)"
        values = " ".join(f"when {literal(name)} then source.{position}" for name, position in parsed.columns.items())
        record = ", ".join(f"{identifier(name)} := source.{position}" for name, position in parsed.columns.items())
        self._connection.execute(
            f"insert into quarantine select {place}, judged.fault_column,"
            f" case judged.fault_column {values} end, judged.reason, cast(to_json(struct_pack({record})) as varchar)"
            f" from {judged.rows} as judged inner join {parsed.rows} as source using (row_index)"
            f" left join {lines.of_rows} as lines using (row_index) where judged.reason is not null"
        )
        if parsed.csv and lines.of_records:
            self._add_rejects(parsed, parsed.csv, lines.of_records, origin)

    def _add_rejects(self, parsed: ParsedFile, csv: CsvText, record_lines: str, origin: str) -> None:
        columns = " ".join(
            f"when {literal(position)} then {literal(name)}" for name, position in parsed.columns.items()
        )
        record = f"any_value({csv.record})"
        if any(column.type is ColumnType.SSN_LAST4 for column in parsed.extract.columns):
            record = without_full_numbers(record)
        self._connection.execute(
            f"insert into quarantine select {origin}, min(lines.line_number),"
            f" any_value(case when rejects.error_type in {_ERRORS_OF_A_COLUMN}"
            f" then case rejects.column_name {columns} end end), null,"
            f" 'unparseable: ' || lower(any_value(rejects.error_type)), {record}"
            f" from {csv.rejects} as rejects left join {record_lines} as lines on rejects.line = lines.record_index"
            " group by rejects.line"
        )

    def most_frequent(self, extract: Extract) -> str:
        """The most frequent causes of an extract with column and first line, for a message; it quotes no value."""
        reasons = self._connection.execute(
            "select reason, coalesce(column_name, 'the whole row'), count(*), min(line_number),"
            " arg_min(file, line_number) from quarantine"
            " where extract = ? and reason <> ? group by all order by 3 desc, 1, 2 limit 3",
            [extract.name, ORPHAN_OF_QUARANTINED],
        ).fetchall()
        return ", ".join(
            f"{count:,} × {reason} in {column}" + (f", first in {_other(file, extract)}line {line:,}" if line else "")
            for reason, column, count, line, file in reasons
        )

    def remarks(self, day: date) -> str:
        """What only followed from other rows' faults, and where all rows are listed; empty without any."""
        [(rows,)] = self._connection.execute("select count(*) from quarantine").fetchall()
        return f"{self._followers()}yacp quarantine --as-of {day} lists every row." if rows else ""

    def _followers(self) -> str:
        [(count, files)] = self._connection.execute(
            "select count(*), list(distinct file order by file) from quarantine where reason = ?",
            [ORPHAN_OF_QUARANTINED],
        ).fetchall()
        if not count:
            return ""
        rows = "1 more row" if count == 1 else f"{count:,} more rows"
        return f"{rows} in {', '.join(files)} only followed from these: what they refer to went to quarantine. "

    def write(self, folder: Path) -> None:
        """Writes the rows of all files, by extract and line."""
        target = literal(folder / QUARANTINE)
        self._connection.execute(f"copy (from quarantine order by extract, line_number) to {target}")


def _other(file: str, extract: Extract) -> str:
    """The name of a file that isn't the delivery's own, but the one that the rows were pulled from."""
    return "" if file.partition(".")[0].lower() == extract.name else f"{name_list([file])}, "
