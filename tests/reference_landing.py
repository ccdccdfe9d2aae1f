"""A second implementation of landing's rules, in plain Python and from the contract alone, to compare landing with.

It uses nothing of landing: it decides for every row what must become of it, and reads the archive to see whether it
did.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from conftest import IWDS_VALUES, VALUES

from orchestration.contract.dates import CHICAGO
from orchestration.contract.extract import Column, ColumnType, Extract, System
from orchestration.landing.archive import ArchivedDelivery

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WHITE_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001)))).translate(dict.fromkeys(range(0x1C, 0x20)))
"""Unicode's white space; Python also counts four separators of files and records, which Unicode doesn't."""

_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(?: ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_MIDNIGHT = re.compile(r"[ Tt]00:00(:00([.,]0{1,9})?)?")
_BOOLEANS = {"true": True, "1": True, "yes": True, "y": True, "t": True} | {
    "false": False, "0": False, "no": False, "n": False, "f": False,
}  # fmt: skip


def fits(column: Column, value: str) -> bool:
    """Whether the contract allows the delivered value in the column."""
    trimmed = value.strip(WHITE_SPACE)
    if not trimmed:
        return column.nullable
    match column.type:
        case ColumnType.CODE:
            return _code(trimmed) in column.codes
        case ColumnType.BOOLEAN:
            return trimmed.lower() in _BOOLEANS
        case ColumnType.SSN_LAST4:
            return "\0" not in (_last_four(trimmed) or "")
        case ColumnType.INTEGER:
            return bool(re.fullmatch(r"[0-9]+(\.0+)?", trimmed)) and int(trimmed.split(".")[0]) < 2**31
        case ColumnType.DATE:
            return _date(trimmed) is not None
        case ColumnType.TIMESTAMP:
            return bool(instants(trimmed))
    return "\0" not in trimmed


def typed(column: Column, value: str) -> list[object]:
    """What the archive may hold for a value that fits; a local time that occurs twice leaves a choice."""
    trimmed = value.strip(WHITE_SPACE)
    if not trimmed:
        return [None]
    match column.type:
        case ColumnType.CODE:
            return [_code(trimmed)]
        case ColumnType.BOOLEAN:
            return [_BOOLEANS[trimmed.lower()]]
        case ColumnType.SSN_LAST4:
            return [_last_four(trimmed)]
        case ColumnType.INTEGER:
            return [int(trimmed.split(".")[0])]
        case ColumnType.DATE:
            return [_date(trimmed)]
        case ColumnType.TIMESTAMP:
            return [round((instant - EPOCH) / timedelta(microseconds=1)) for instant in instants(trimmed)]
    return [trimmed]


def _code(trimmed: str) -> str:
    return re.sub(f"[{WHITE_SPACE}-]+", "_", trimmed.lower())


def _last_four(trimmed: str) -> str | None:
    is_full = re.fullmatch("[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}", trimmed)
    last_four = trimmed[-4:] if is_full else trimmed
    return last_four if len(last_four) <= 4 and last_four != "0000" else None


def _date(trimmed: str) -> date | None:
    day, behind = trimmed[:10], trimmed[10:]
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day) or (behind and not _MIDNIGHT.fullmatch(behind)):
        return None
    try:
        return date.fromisoformat(day)
    except ValueError:
        return None


def instants(trimmed: str) -> list[datetime]:
    """The instants that a timestamp may mean: none if it isn't one, two for a local time that occurs twice."""
    match = _TIMESTAMP.fullmatch(trimmed.upper())
    if not match:
        return []
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        local = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        local += timedelta(microseconds=round(int((fraction or "0").ljust(9, "0")) / 1000))
        if offset and offset != "Z":
            digits = offset[1:].replace(":", "").ljust(4, "0")
            hours, minutes = int(digits[:2]), int(digits[2:])
            if minutes > 59 or hours > 15:
                return []
            shift = timedelta(hours=hours, minutes=minutes) * (-1 if offset[0] == "-" else 1)
            choices = [local.replace(tzinfo=timezone(shift))]
        elif offset:
            choices = [local.replace(tzinfo=UTC)]
        else:
            chicago = ZoneInfo(CHICAGO)
            choices = [local.replace(tzinfo=chicago, fold=0), local.replace(tzinfo=chicago, fold=1)]
        found = sorted({choice.astimezone(UTC) for choice in choices})
    except (ValueError, OverflowError):
        return []
    first, last = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    return found if all(first <= instant < last for instant in found) else []


def expected_verdicts(extract: Extract, rows: Sequence[dict[str, str]]) -> list[str]:
    """What must become of each row: loaded, quarantined or duplicate."""
    first: dict[str, list[list[object]]] = {}
    found = []
    for row in rows:
        if not all(fits(column, row[column.name]) for column in extract.columns):
            found.append("quarantined")
            continue
        values = [typed(column, row[column.name]) for column in extract.columns]
        key = row[extract.key.name].strip(WHITE_SPACE)
        if (before := first.setdefault(key, values)) is not values:
            found.append("duplicate" if before == values else "quarantined")
        elif any(
            row[reference.column].strip(WHITE_SPACE) != _parents_key(extract, reference.parent)
            for reference in extract.parents
        ):
            found.append("quarantined")
        else:
            found.append("loaded")
    return found


def _parents_key(extract: Extract, parent: str) -> str:
    values = VALUES if extract.system == "worknet" else IWDS_VALUES
    key = next(iter(values[parent]))
    return values[parent][key]


def stored(delivery: ArchivedDelivery, extract: Extract) -> list[tuple[object, ...]]:
    """The archived rows, with instants as microseconds, which lose nothing in Python."""
    chosen = ", ".join(
        f"epoch_us({column.name})" if column.type is ColumnType.TIMESTAMP else column.name for column in extract.columns
    )
    return duckdb.execute(f"select {chosen} from '{delivery.parquet(extract)}'").fetchall()


def quarantine(delivery: ArchivedDelivery, extract: Extract) -> list[tuple[int, str, str]]:
    """Line, column and reason of the quarantined rows."""
    return duckdb.execute(
        f"select line_number, column_name, reason from '{delivery.quarantine}' where extract = ? order by line_number",
        [extract.name],
    ).fetchall()


def assert_contract_is_kept(delivery: ArchivedDelivery, system: System) -> None:
    """No archived row breaks the contract, and every row of the manifest is in the account."""
    keys: dict[str, set[object]] = {}
    for extract in system.extracts:
        rows = stored(delivery, extract)
        described = duckdb.execute(f"describe from '{delivery.parquet(extract)}'").fetchall()
        assert [(row[0], row[1]) for row in described] == [
            (column.name, column.type.duckdb_type) for column in extract.columns
        ]
        for position, column in enumerate(extract.columns):
            values: list[Any] = [row[position] for row in rows]
            if not column.nullable:
                assert all(value is not None for value in values), column.name
            if column.type is ColumnType.CODE:
                assert set(values) <= {*column.codes, None}
            if column.type is ColumnType.TEXT:
                assert all(value is None or value.strip(WHITE_SPACE) == value != "" for value in values), column.name
                assert not any("\0" in (value or "") for value in values), column.name
            if column.type is ColumnType.SSN_LAST4:
                assert all(value is None or (len(value) <= 4 and value != "0000") for value in values), column.name
            if column.type is ColumnType.DATE:
                assert all(value is None or isinstance(value, date) for value in values), column.name
            if column.type is ColumnType.TIMESTAMP:
                assert all(value is None or datetime.fromtimestamp(value // 10**6, UTC).year for value in values)
            if column.key:
                keys[extract.name] = set(values)
                assert len(keys[extract.name]) == len(rows), "a key occurs twice"
            for reference in extract.parents:
                if reference.column == column.name:
                    assert set(values) <= keys[reference.parent], "a row without its parent"
        promised, loaded, quarantined, duplicate = duckdb.execute(
            "select rows_in_manifest, rows_loaded, rows_quarantined, rows_duplicate"
            f" from '{delivery.account}' where extract = ?",
            [extract.name],
        ).fetchall()[0]
        assert promised == loaded + quarantined + duplicate
        assert loaded == len(rows)
        assert quarantined == len(quarantine(delivery, extract))
