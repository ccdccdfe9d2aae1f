"""Parsing: a delivered file becomes rows of text in DuckDB, and the contract's columns are found in its header.

Everything is read as text, so that a bad value costs one row and not the file.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.contract.extract import ColumnType, Extract
from orchestration.failures import name_list, size_text
from orchestration.landing.file_checks import LINE_LIMIT, FileRejected, check_parquet, plain_text, read_header
from orchestration.sources.manifest import ManifestFile
from orchestration.state.database import identifier, literal

_MAX_COLUMNS = 1_000
# Parquet types whose values can be written as text in only one way. Text may arrive as a number, but not as a type
# that may have been rounded.
_TEXT_TYPES = r"VARCHAR|UUID|DECIMAL\(\d+,0\)|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"
_SCALAR_TYPES = _TEXT_TYPES + r"|BOOLEAN|DATE|TIMESTAMP.*|FLOAT|DOUBLE|DECIMAL\(.*"


@dataclass(frozen=True)
class CsvText:
    """The text that rows were parsed from; line numbers are found by reading it again.

    ``rejects`` names DuckDB's table of the records that it couldn't split into columns.
    """

    path: Path
    column_count: int
    rejects: str
    reject_count: int


@dataclass(frozen=True)
class ParsedFile:
    """A file's rows as text.

    ``rows`` names a view in DuckDB: ``row_index``, from 1 in the order of the file, and the file's columns by position,
    ``c0``, ``c1``, …, which ``positions`` lists. ``columns`` maps the contract's columns to them. ``csv`` is ``None``
    for a Parquet file.
    """

    extract: Extract
    file: ManifestFile
    rows: str
    positions: tuple[str, ...]
    columns: dict[str, str]
    csv: CsvText | None
    warnings: list[str]

    @property
    def reject_count(self) -> int:
        """The records that couldn't be split into columns; they aren't in ``rows``."""
        return self.csv.reject_count if self.csv else 0


def parse(
    connection: duckdb.DuckDBPyConnection, extract: Extract, file: ManifestFile, path: Path, max_size: int
) -> ParsedFile:
    """Reads a file into DuckDB, in place of the one parsed before; ``FileRejected`` when it can't be read at all."""
    connection.execute("drop view if exists source_rows; drop table if exists source_text")
    if file.format == "parquet":
        return _parse_parquet(connection, extract, file, path, max_size)
    return _parse_csv(connection, extract, file, plain_text(path, max_size))


def _parse_csv(connection: duckdb.DuckDBPyConnection, extract: Extract, file: ManifestFile, path: Path) -> ParsedFile:
    names = read_header(path)
    columns, warnings = _match_columns(extract, file, names)
    positions = tuple(f"c{position}" for position in range(len(names)))
    types = ", ".join(f"'{position}': 'VARCHAR'" for position in positions)
    connection.execute("drop table if exists rejects; drop table if exists reject_scans")
    connection.execute(
        f"create table source_text as from read_csv({literal(path)}, auto_detect = false, header = true,"
        f" columns = {{{types}}}, delim = ',', quote = '\"', escape = '\"', nullstr = '',"
        f" strict_mode = true, max_line_size = {LINE_LIMIT},"
        " store_rejects = true, rejects_table = 'rejects', rejects_scan = 'reject_scans', rejects_limit = 0)"
    )
    rows, row_count = _number_rows(connection)
    [(reject_count, has_open_quote)] = connection.execute(
        "select count(distinct line), coalesce(bool_or(error_message like '%unterminated quote%'), false) from rejects"
    ).fetchall()
    _require_row_count(file, row_count + reject_count, "; a quote is left open" if has_open_quote else "")
    csv = CsvText(path, len(names), "rejects", reject_count)
    return ParsedFile(extract, file, rows, positions, columns, csv, warnings)


def _parse_parquet(
    connection: duckdb.DuckDBPyConnection, extract: Extract, file: ManifestFile, path: Path, max_size: int
) -> ParsedFile:
    _require_row_count(file, check_parquet(connection, path, max_size))
    source = f"read_parquet({literal(path)})"
    described = connection.execute(f"describe from {source}").fetchall()
    names = [str(row[0]) for row in described]
    types = {f"c{position}": str(row[1]) for position, row in enumerate(described)}
    columns, warnings = _match_columns(extract, file, names)
    _require_types(extract, columns, types)
    scalars = {position: kind for position, kind in types.items() if re.fullmatch(_SCALAR_TYPES, kind)}
    quoted = {f"c{position}": identifier(name) for position, name in enumerate(names)}
    texts = [quoted[position] for position, kind in scalars.items() if kind == "VARCHAR"]
    _require_room(connection, source, texts, len(scalars), max_size)
    dates = {columns.get(column.name) for column in extract.columns if column.type is ColumnType.DATE}
    selected = ", ".join(
        f"{_as_text(quoted[position], kind, is_date=position in dates)} as {position}"
        for position, kind in scalars.items()
    )
    connection.execute(f"create table source_text as select {selected} from {source}")
    rows, _ = _number_rows(connection)
    return ParsedFile(extract, file, rows, tuple(scalars), columns, None, warnings)


def _number_rows(connection: duckdb.DuckDBPyConnection) -> tuple[str, int]:
    """The view of the numbered rows, and their count.

    DuckDB keeps the file's order by itself; ``row_number() over ()`` would make it read the file on a single thread.
    """
    connection.execute("create view source_rows as select rowid + 1 as row_index, * from source_text")
    [(count,)] = connection.execute("select count(*) from source_text").fetchall()
    return "source_rows", count


def _require_row_count(file: ManifestFile, count: int, hint: str = "") -> None:
    if count != file.rows:
        raise FileRejected(f"has {count:,} rows, the manifest says {file.rows:,}{hint}")


def _require_types(extract: Extract, columns: dict[str, str], types: dict[str, str]) -> None:
    for column in extract.columns:
        if column.name not in columns:
            continue
        kind = types[columns[column.name]]
        if not re.fullmatch(_TEXT_TYPES if column.type is ColumnType.TEXT else _SCALAR_TYPES, kind):
            raise FileRejected(
                f"has the column {column.name} as {kind.partition('(')[0]}, which can't be read as {column.type}"
            )


def _require_room(
    connection: duckdb.DuckDBPyConnection, source: str, texts: list[str], column_count: int, max_size: int
) -> None:
    """Limits the size of the values written out: a dictionary stores a text once that a billion rows repeat."""
    size = " + ".join([f"coalesce(strlen({text}), 0)" for text in texts] + [str(column_count)])
    [(largest, total)] = connection.execute(
        f"select coalesce(max(size), 0), coalesce(sum(size), 0) from (select {size} as size from {source})"
    ).fetchall()
    if largest > LINE_LIMIT:
        raise FileRejected(f"has a row of more than {size_text(LINE_LIMIT)}")
    if total > max_size:
        raise FileRejected(f"holds more than {size_text(max_size)} when written out (YACP_MAX_FILE_SIZE)")


def _as_text(value: str, kind: str, *, is_date: bool) -> str:
    text = f"nullif(cast({value} as varchar), '')"
    if is_date and kind.startswith("TIMESTAMP") and "ZONE" not in kind:
        # Many writers can't store a date without a time.
        return f"case when {value} = date_trunc('day', {value}) then cast({value}::date as varchar) else {text} end"
    return text


def _match_columns(extract: Extract, file: ManifestFile, names: list[str]) -> tuple[dict[str, str], list[str]]:
    """Finds the contract's columns by name, whatever their order, letter case and surrounding blanks; with warnings."""
    if not names:
        raise FileRejected("has no readable header row")
    if len(names) > _MAX_COLUMNS:
        raise FileRejected(f"has {len(names):,} columns, more than {_MAX_COLUMNS:,}")
    known = {column.name for column in extract.columns}
    found: dict[str, str] = {}
    extra = []
    for position, name in enumerate(name.strip().lower() for name in names):
        if name not in known:
            extra.append(name)
        elif name in found:
            raise FileRejected(f"has the column {name} twice")
        else:
            found[name] = f"c{position}"
    missing = [column for column in extract.columns if column.name not in found]
    if required := [column.name for column in missing if not column.nullable]:
        # A file that lacks most of the columns may have no header, and a person's row in its place.
        unknown = f" (unknown: {name_list(extra)})" if extra and len(found) > len(known) / 2 else ""
        raise FileRejected(f"lacks the required column {', '.join(required)}{unknown}")
    warnings = [f"{file.name} lacks the column {column.name}; its values are null" for column in missing]
    if extra:
        columns = "the extra column" if len(extra) == 1 else f"{len(extra)} extra columns"
        warnings.append(f"{file.name} has {columns} {name_list(extra)}; ignored")
    return found, warnings
