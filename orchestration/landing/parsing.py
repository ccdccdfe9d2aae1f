"""Parsing: a delivered file becomes rows of text in DuckDB, and the contract's columns are found in its header.

Everything is read as text, so that a bad value costs one row and not the file.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.contract.extract import Column, ColumnType, Extract
from orchestration.failures import name_list, size_text
from orchestration.landing.file_checks import LINE_LIMIT, FileRejected, check_parquet, plain_text
from orchestration.landing.header import read_header
from orchestration.landing.line_ends import with_like_line_ends
from orchestration.landing.social_security import NOTE, kept, note
from orchestration.sources.manifest import ManifestFile
from orchestration.state.database import identifier, literal

_MAX_COLUMNS = 1_000
# Parquet types whose values can be written as text in only one way. Text may arrive as a number, but not as a type
# that may have been rounded.
_TEXT_TYPES = r"VARCHAR|UUID|DECIMAL\(\d+,0\)|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"
_NUMBER_TYPES = r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*"
_ORIGIN = ("_file", "_line")
"""In Parquet that was pulled: the source's own file and line of each row."""
_SCALAR_TYPES = _TEXT_TYPES + "|BOOLEAN|DATE|TIMESTAMP.*|" + _NUMBER_TYPES


@dataclass(frozen=True)
class CsvText:
    """The text that rows were parsed from; line numbers are found by reading it again.

    ``rejects`` names DuckDB's table of the records that it couldn't split into columns. ``record`` is the SQL for the
    text of one of them: DuckDB's functions end the process's connection over bytes that aren't UTF-8, so a record that
    has some is written with escapes.
    """

    path: Path
    column_count: int
    rejects: str
    reject_count: int
    record = "coalesce(try(decode(encode(rejects.csv_line))), cast(encode(rejects.csv_line) as varchar))"


@dataclass(frozen=True)
class ParsedFile:
    """A file's rows as text.

    ``rows`` names a view in DuckDB: ``row_index``, from 1 in the order of the file, and the contract's columns by their
    position in the file, ``c0``, ``c1``, …, to which ``columns`` maps their names. ``csv`` is ``None`` for a Parquet
    file. Where the extract has a column for Social Security numbers, there is a column with notes on them. Where rows
    were pulled from other files (``has_origin``), ``origin_file`` and ``origin_line`` say from where.
    """

    extract: Extract
    file: ManifestFile
    rows: str
    row_count: int
    columns: dict[str, str]
    csv: CsvText | None
    warnings: list[str]
    has_origin: bool = False

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


def wrong_row_count(file: ManifestFile, count: int, cause: str = "") -> FileRejected:
    """The rejection of a file that has other rows than its manifest says, with the likely cause if one was found."""
    return FileRejected(f"has {count:,} rows, the manifest says {file.rows:,}{cause}")


def _parse_csv(connection: duckdb.DuckDBPyConnection, extract: Extract, file: ManifestFile, path: Path) -> ParsedFile:
    with_like_line_ends(path)
    names = read_header(path, extract)
    columns, warnings = _match_columns(extract, file, names)
    types = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(names)))
    sources = {position: (f"delivered.{position}", "VARCHAR") for position in columns.values()}
    connection.execute("drop table if exists rejects; drop table if exists reject_scans")
    connection.execute(
        f"create table source_text as select {_selection(extract, columns, sources)}"
        f" from read_csv({literal(path)}, auto_detect = false, header = true, columns = {{{types}}}, delim = ',',"
        f" quote = '\"', escape = '\"', nullstr = '', strict_mode = true, max_line_size = {LINE_LIMIT},"
        " store_rejects = true, rejects_table = 'rejects', rejects_scan = 'reject_scans', rejects_limit = 0)"
        " as delivered"
    )
    [(reject_count,)] = connection.execute("select count(distinct line) from rejects").fetchall()
    csv = CsvText(path, len(names), "rejects", reject_count)
    return ParsedFile(extract, file, *_number_rows(connection), columns, csv, warnings)


def _parse_parquet(
    connection: duckdb.DuckDBPyConnection, extract: Extract, file: ManifestFile, path: Path, max_size: int
) -> ParsedFile:
    if (row_count := check_parquet(connection, path, max_size)) != file.rows:
        raise wrong_row_count(file, row_count)
    source = f"read_parquet({literal(path)}) as delivered"
    described = connection.execute(f"describe from {source}").fetchall()
    names = [str(row[0]) for row in described]
    columns, warnings = _match_columns(extract, file, names, known_extras=_ORIGIN)
    found = {f"c{n}": (f"delivered.{identifier(str(name))}", str(kind)) for n, (name, kind, *_) in enumerate(described)}
    sources = {position: found[position] for position in columns.values()}
    _require_types(extract, columns, sources)
    texts = [value for value, kind in sources.values() if kind == "VARCHAR"]
    _require_room(connection, source, texts, len(sources), max_size)
    has_origin = set(_ORIGIN) <= set(names)
    origin = ", cast(_file as varchar) as origin_file, try_cast(_line as bigint) as origin_line" if has_origin else ""
    connection.execute(
        f"create table source_text as select {_selection(extract, columns, sources)}{origin} from {source}"
    )
    return ParsedFile(extract, file, *_number_rows(connection), columns, None, warnings, has_origin)


def _selection(extract: Extract, columns: dict[str, str], sources: dict[str, tuple[str, str]]) -> str:
    """The contract's columns as text by position, with no more of a Social Security number than may be kept.

    ``sources`` has what each is called in the file, and its type there.
    """
    selected = []
    for column in extract.columns:
        if (position := columns.get(column.name)) is None:
            continue
        value, kind = sources[position]
        if column.type is ColumnType.SSN_LAST4:
            is_number = re.fullmatch(_NUMBER_TYPES, kind) is not None
            selected += [
                f"{kept(value, is_number=is_number)} as {position}",
                f"{note(value, is_number=is_number)} as {NOTE}",
            ]
        else:
            selected.append(f"cast({value} as varchar) as {position}")
    return ", ".join(selected)


def _number_rows(connection: duckdb.DuckDBPyConnection) -> tuple[str, int]:
    """The view of the numbered rows, and their count.

    DuckDB keeps the file's order by itself; ``row_number() over ()`` would make it read the file on a single thread.
    """
    connection.execute("create view source_rows as select rowid + 1 as row_index, * from source_text")
    [(count,)] = connection.execute("select count(*) from source_text").fetchall()
    return "source_rows", count


def _require_types(extract: Extract, columns: dict[str, str], sources: dict[str, tuple[str, str]]) -> None:
    for column in extract.columns:
        if column.name not in columns:
            continue
        _, kind = sources[columns[column.name]]
        if not re.fullmatch(_types_allowed(column), kind):
            raise FileRejected(
                f"has the column {column.name} as {kind.partition('(')[0]}, which can't be read as {column.type}"
            )


def _types_allowed(column: Column) -> str:
    if column.type is ColumnType.SSN_LAST4:
        return f"{_TEXT_TYPES}|{_NUMBER_TYPES}"
    return _TEXT_TYPES if column.type is ColumnType.TEXT else _SCALAR_TYPES


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


def _match_columns(
    extract: Extract, file: ManifestFile, names: list[str], known_extras: tuple[str, ...] = ()
) -> tuple[dict[str, str], list[str]]:
    """Finds the contract's columns by name, whatever their order, letter case and surrounding blanks; with warnings."""
    if not names:
        raise FileRejected("has no readable header row")
    if len(names) > _MAX_COLUMNS:
        raise FileRejected(f"has {len(names):,} columns, more than {_MAX_COLUMNS:,}")
    known = {column.name for column in extract.columns}
    found: dict[str, str] = {}
    extra = []
    for position, name in enumerate(name.strip().lower() for name in names):
        if name in known_extras:
            continue
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
