"""A source's files as DuckDB tables: text columns under their own names, with ``_file`` and ``_line`` of each row.

A file is read whole or not at all: a record that can't be split into columns refuses the pull, with its line, because
a row that is left out here would be missing from every account that follows.
"""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path

import duckdb

from orchestration.failures import SourceError
from orchestration.settings import Settings
from orchestration.sources.day_patterns import FoundFile
from orchestration.sources.profile import Files, FileTable, Profile
from orchestration.sources.storage import ForeignFile, Storage
from orchestration.sources.text_files import as_utf8, fetched, header_of, sheet_as_csv, unpacked
from orchestration.state.database import identifier, literal

LINE_LIMIT = 2_000_000
_NO_DELIMITER = "\x1c\x1d\x1e\x1f"
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def open_location(settings: Settings, profile: Profile, files: Files) -> Storage:
    """The location of the files; a relative path is below YACP_HOME."""
    location = files.location
    if "://" not in location:
        location = str(settings.state / Path(location).expanduser())
    return Storage(location, settings, f"location in {profile.path}")


def find_files(storage: Storage, profile: Profile, files: Files, day: date) -> dict[str, list[FoundFile]]:
    """The files of every table on a day; ``SourceError`` when a table has none."""
    found = {name: list(table.pattern.find(storage, day)) for name, table in files.tables.items()}
    for name, paths in found.items():
        if not paths:
            raise SourceError(
                f"{profile.path}: {storage.location} has no file for the table {name} on {day}: nothing there matches "
                f"{files.tables[name].files}."
            )
    return found


def load_tables(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    profile: Profile,
    files: Files,
    day: date,
    scratch: Path,
    progress: Callable[[str], None],
) -> None:
    """Creates a table for each table of the profile and each code list."""
    numbers = count()
    with open_location(settings, profile, files) as storage:
        for name, paths in find_files(storage, profile, files, day).items():
            parts: list[str] = []
            for found in paths:
                progress(f"reading {found.path}")
                target = scratch / f"{next(numbers)}{Path(found.path).suffix}"
                try:
                    chunks = storage.stream(found.path, settings.max_file_size + 1)
                    with fetched(chunks, target, found.path, settings.max_file_size) as path:
                        for inside, plain in unpacked(path, found.path, settings.max_file_size):
                            parts.append(f"part_{len(parts)}")
                            _load(connection, parts[-1], plain, inside, files.tables[name])
                except (ForeignFile, FileNotFoundError):
                    raise SourceError(
                        f"{storage.address(found.path)} is gone, or a link that leads elsewhere."
                    ) from None
            _unite(connection, name, parts)
    load_code_lists(connection, profile)


def load_code_lists(connection: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Creates a table for each CSV file in the profile's folder."""
    for name, path in profile.code_lists.items():
        table = FileTable(files=path.name)
        _load_text(connection, name, path, str(path), table, header_of(path, str(path), table), first_line=2)


def _unite(connection: duckdb.DuckDBPyConnection, name: str, parts: list[str]) -> None:
    united = " union all by name ".join(f"from {part}" for part in parts)
    connection.execute(f"create table {identifier(name)} as {united}")
    for part in parts:
        connection.execute(f"drop table {part}")


def _load(connection: duckdb.DuckDBPyConnection, target: str, path: Path, name: str, table: FileTable) -> None:
    """Creates a table of one file."""
    ending = path.suffix.lower()
    if ending in (".parquet", ".pq"):
        _load_parquet(connection, target, path, name)
    elif ending in _WORKBOOKS:
        own = table.model_copy(update={"delimiter": ",", "quote": '"', "encoding": "utf-8"})
        plain = as_utf8(sheet_as_csv(path, name, table), name, own)
        _load_text(connection, target, plain, name, own, header_of(plain, name, own), first_line=_first_line(table))
    else:
        plain = as_utf8(path, name, table)
        if table.fixed_width:
            _load_fixed_width(connection, target, plain, name, table)
        else:
            _load_text(
                connection, target, plain, name, table, header_of(plain, name, table), first_line=_first_line(table)
            )


def _first_line(table: FileTable) -> int:
    """The line of the first record, if no field has a line break."""
    return table.skip_first + (1 if table.columns else 2)


def _load_parquet(connection: duckdb.DuckDBPyConnection, target: str, path: Path, name: str) -> None:
    try:
        connection.execute(
            f"create table {target} as select cast(columns(* exclude (file_row_number)) as varchar),"
            f" {literal(name)} as _file, file_row_number + 1 as _line"
            f" from read_parquet({literal(path)}, file_row_number = true)"
        )
    except duckdb.Error:
        raise SourceError(f"{name} can't be read as Parquet.") from None


def _load_fixed_width(
    connection: duckdb.DuckDBPyConnection, target: str, path: Path, name: str, table: FileTable
) -> None:
    """Each line is a record; blank lines are none."""
    lines = _lines(path)
    fields = ", ".join(
        f"nullif(rtrim(substr(text, {first}, {last - first + 1})), '') as {identifier(column)}"
        for column, (first, last) in table.fixed_width.items()
    )
    nothing = ", ".join(map(literal, table.null))
    fields_by_name = ", ".join(
        _nullified(column, nothing) if nothing else identifier(column) for column in table.fixed_width
    )
    connection.execute(
        f"create table {target} as with lines as ({lines}),"
        f" fields as (select {fields}, _line + {table.skip_first} as _line from lines where trim(text) <> '')"
        f" select {fields_by_name}, {literal(name)} as _file, _line from fields"
    )


def _nullified(column: str, nothing: str) -> str:
    name = identifier(column)
    return f"case when {name} not in ({nothing}) then {name} end as {name}"


def _lines(path: Path) -> str:
    """The query for the lines of a text, with their numbers from 1."""
    return (
        f"select coalesce(text, '') as text, row_number() over () as _line from read_csv({literal(path)},"
        f" auto_detect = false, header = false, columns = {{'text': 'VARCHAR'}}, delim = '{_NO_DELIMITER}',"
        f" quote = '', escape = '', max_line_size = {LINE_LIMIT}, strict_mode = false)"
    )


def _load_text(
    connection: duckdb.DuckDBPyConnection,
    target: str,
    path: Path,
    name: str,
    table: FileTable,
    names: list[str],
    first_line: int,
) -> None:
    """Creates a table of a delimited text; ``SourceError`` names the first record that can't be split."""
    columns = ", ".join(f"{literal(each)}: 'VARCHAR'" for each in names)
    nothing = ", ".join(map(literal, ("", *table.null)))
    connection.execute("drop table if exists rejects; drop table if exists reject_scans")
    try:
        connection.execute(
            f"create or replace temp table records as from read_csv({literal(path)}, auto_detect = false,"
            f" header = {not table.columns}, columns = {{{columns}}}, delim = {literal(table.delimiter)},"
            f" quote = {literal(table.quote)}, escape = {literal(table.quote)}, nullstr = [{nothing}],"
            f" strict_mode = true, max_line_size = {LINE_LIMIT}, store_rejects = true, rejects_table = 'rejects',"
            " rejects_scan = 'reject_scans', rejects_limit = 0)"
        )
        [(rejected, first)] = connection.execute("select count(distinct line), min(line) from rejects").fetchall()
    except duckdb.Error:
        raise SourceError(f"{name} can't be split into columns: check delimiter and quote in source.toml.") from None
    if rejected:
        _refuse_records(connection, name, table, rejected, first + first_line - 1 - (0 if table.columns else 1))
    _number(connection, path, table, first_line)
    connection.execute(
        f"create table {identifier(target)} as select records.*, {literal(name)} as _file, record_lines.line as _line"
        " from records positional join record_lines"
    )
    connection.execute("drop table records; drop table record_lines; drop table rejects; drop table reject_scans")


def _refuse_records(
    connection: duckdb.DuckDBPyConnection, name: str, table: FileTable, rejected: int, line: int
) -> None:
    [(why,)] = connection.execute(
        "select any_value(lower(cast(error_type as varchar))) from rejects where line = (select min(line) from rejects)"
    ).fetchall()
    what = "1 record" if rejected == 1 else f"{rejected:,} records"
    raise SourceError(
        f"{name} has {what} that can't be split into the columns of its header ({why}), the first near line {line:,}. "
        f"The profile says delimiter {table.delimiter!r} and quote {table.quote!r}, and skips {table.skip_first} lines "
        f"before the table and {table.skip_last} after it. Nothing was pulled."
    )


def _number(connection: duckdb.DuckDBPyConnection, path: Path, table: FileTable, first_line: int) -> None:
    """Creates ``record_lines``: the line that each record starts in; null where a quote makes that uncertain.

    A line with an odd number of quotes begins or ends a field with line breaks in it.
    """
    quotes = f"length(text) - length(replace(text, {literal(table.quote)}, ''))" if table.quote else "0"
    skipped = first_line - (1 if table.columns else 2)
    connection.execute(
        f"create or replace temp table record_lines as with lines as ({_lines(path)}),"
        f" open as (select _line, text, coalesce(sum(({quotes}) % 2) over"
        " (order by _line rows between unbounded preceding and 1 preceding), 0) % 2 as is_inside from lines)"
        f" select _line + {skipped} as line from open where is_inside = 0 and text <> ''"
        f" order by _line offset {0 if table.columns else 1}"
    )
    [(is_certain,)] = connection.execute(
        "select (select count(*) from record_lines) = (select count(*) from records)"
    ).fetchall()
    if not is_certain:
        connection.execute(
            "create or replace temp table record_lines as"
            " select cast(null as bigint) as line from range((select count(*) from records))"
        )


def days_found(storage: Storage, files: Files) -> Iterator[date]:
    """The days for which every table has a file, newest first."""
    dated = [table.pattern for table in files.tables.values() if table.pattern.has_day]
    days = [{found.day for found in pattern.find(storage) if found.day} for pattern in dated]
    yield from sorted(set.intersection(*days), reverse=True) if days else ()
