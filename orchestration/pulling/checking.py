"""``yacp source check``: pulls a day into nothing, and says of every column where it comes from and whether it fits.

A misfit is shown as a shape, such as ``99/99/9999``, never as a value, with the line of SQL that would mend it.
"""

import re
from dataclasses import dataclass
from datetime import date
from math import floor
from pathlib import Path

import duckdb

from orchestration.contract.extract import Column, ColumnType, Extract, System
from orchestration.failures import DeliveryRefused
from orchestration.landing.intake import land
from orchestration.landing.values import faults, without_blanks
from orchestration.pulling.extraction import Progress, parquet_name
from orchestration.pulling.pull import Pulled, pull, scratch_folder
from orchestration.pulling.shapes import date_formats, date_function, shape_of
from orchestration.settings import Settings
from orchestration.sources.profile import Profile, read_profile
from orchestration.sources.readiness import require_newest_day
from orchestration.state.database import Table, connect, identifier, literal
from orchestration.state.permissions import make_home

_COLUMNS = ("extract", "column", "rows", "null_share", "fits_share", "comes_from", "misfits", "mend")
_MOST_SHAPES = 3
_PARTS = 10_000
_NO_VALUE = ("null_key", "missing_value")


@dataclass(frozen=True)
class SourceCheck:
    """What a pull would bring: a row per column, and why it wouldn't land; empty when it would."""

    day: date
    columns: Table
    refusal: str
    warnings: list[str]


def check_source(settings: Settings, system: System, day: date | None, progress: Progress) -> SourceCheck:
    """Pulls a day beside everything and judges it as landing would; nothing of it is kept."""
    profile = read_profile(settings, system)
    day = day or require_newest_day(settings, profile)
    make_home(settings)
    with scratch_folder(settings.state, f"check-{system.name}") as scratch:
        apart = settings.model_copy(update={"extracts": str(scratch / "extracts")})
        pulled = pull(apart, system, day, progress)
        refusal = ""
        warnings: list[str] = []
        try:
            warnings = list(land(apart.model_copy(update={"home": scratch}), system, day).warnings)
        except DeliveryRefused as refused:
            refusal = _what_is_wrong(str(refused))
        with connect(settings) as connection:
            folder = scratch / "extracts" / system.name / str(day)
            rows = [
                row
                for extract in system.extracts
                for row in _of_extract(connection, profile, extract, folder / parquet_name(extract), pulled)
            ]
    return SourceCheck(day, Table(_COLUMNS, rows), refusal, warnings)


def _what_is_wrong(message: str) -> str:
    """A refusal without what it says about the last good day, which a check can't endanger."""
    found = message.partition(" was refused: ")[2].partition(" Nothing was loaded.")[0] or message
    return found.partition(" yacp quarantine")[0]


def _of_extract(
    connection: duckdb.DuckDBPyConnection, profile: Profile, extract: Extract, path: Path, pulled: Pulled
) -> list[tuple[object, ...]]:
    source, sql = f"read_parquet({literal(path)})", profile.sql(extract)
    found = {str(name).lower(): str(name) for name, *_ in connection.execute(f"describe from {source}").fetchall()}
    count = pulled.rows[extract.name]
    rows: list[tuple[object, ...]] = []
    for column in extract.columns:
        if column.name not in found:
            mend = "" if column.nullable else f"… as {column.name},"
            rows.append((extract.name, column.name, count, None, None, "not selected", "", mend))
            continue
        line, written = _origin(sql, column.name)
        value = without_blanks(f"cast({identifier(found[column.name])} as varchar)")
        is_null, fits = _shares(connection, source, column, value)
        shapes = _shapes(connection, source, column, value) if fits < 1 else []
        mend = _mend(profile, column, shapes, written) if fits < 1 else ""
        where = f"{extract.name}.sql, line {line}: {written}" if line else f"{extract.name}.sql"
        rows.append((extract.name, column.name, count, is_null, fits, where, ", ".join(shapes), mend))
    return rows


def _shares(connection: duckdb.DuckDBPyConnection, source: str, column: Column, value: str) -> tuple[float, float]:
    """The shares of rows without a value, and of rows that fit the contract."""
    misfit = " or ".join(f"coalesce({condition}, false)" for condition, _ in faults(column, "value")) or "false"
    [(is_null, misfits)] = connection.execute(
        "select coalesce(avg(cast(value is null as integer)), 0), coalesce(avg(cast(misfit as integer)), 0)"
        f" from (select value, {misfit} as misfit from (select {value} as value from {source}))"
    ).fetchall()
    return floor(is_null * _PARTS) / _PARTS, floor((1 - misfits) * _PARTS) / _PARTS  # one misfit is less than all


def _shapes(connection: duckdb.DuckDBPyConnection, source: str, column: Column, value: str) -> list[str]:
    """The commonest shapes of values that don't fit: 9 for a digit, A or a for a letter."""
    conditions = [condition for condition, reason in faults(column, "value") if reason not in _NO_VALUE]
    misfit = " or ".join(f"coalesce({condition}, false)" for condition in conditions) or "false"
    found = connection.execute(
        f"select {shape_of('value')} as shape from (select {value} as value from {source}) where {misfit}"
        f" group by 1 order by count(*) desc, 1 limit {_MOST_SHAPES}"
    ).fetchall()
    return [str(each) for (each,) in found]


def _origin(sql: str, column: str) -> tuple[int | None, str]:
    """The line of the SQL that makes a column, and what it says."""
    name = re.escape(column)
    for pattern in (rf"\bas\s+\"?{name}\"?\s*,?\s*(--.*)?$", rf"\b{name}\b\s*,?\s*(--.*)?$", rf"\b{name}\b"):
        for number, line in enumerate(sql.splitlines(), start=1):
            if re.search(pattern, line, re.IGNORECASE):
                return number, re.sub(r"\s*--.*$", "", line).strip().rstrip(",")
    return None, ""


def _mend(profile: Profile, column: Column, shapes: list[str], written: str) -> str:
    """The line of SQL that would make the values fit, as far as their shapes tell."""
    value = re.sub(rf"\s+as\s+\"?{column.name}\"?$", "", written, flags=re.IGNORECASE) or column.name
    if value == "null":
        return f"… as {column.name},"
    if not shapes:
        return f"coalesce({value}, …) as {column.name},  -- required, and empty in some rows"
    match column.type:
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return _mend_date(profile, column, shapes, value)
        case ColumnType.CODE:
            whens = " ".join(f"when '…' then '{code}'" for code in column.codes)
            return f"case {value} {whens} else {value} end as {column.name},"
        case ColumnType.BOOLEAN:
            return f"case {value} when '…' then 'true' when '…' then 'false' end as {column.name},"
        case ColumnType.INTEGER:
            return f"nullif(regexp_replace({value}, '[^0-9]', '', 'g'), '') as {column.name},"
    return f"trim({value}) as {column.name},"


def _mend_date(profile: Profile, column: Column, shapes: list[str], value: str) -> str:
    formats = date_formats(column.type)
    known = next((formats[shape.upper()] for shape in shapes if shape.upper() in formats), None)
    if profile.files:
        return f"{date_function(column.type)}({value}, '{known['duckdb'] if known else '…'}') as {column.name},"
    own = "to_date" if column.type is ColumnType.DATE else "to_timestamp"
    return f"{own}({value}, '{known['postgresql'] if known else '…'}') as {column.name},  -- in PostgreSQL and Oracle"
