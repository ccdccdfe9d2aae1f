"""Values: how the text of a delivered value becomes the contract's type, and when it doesn't fit, as SQL."""

from collections.abc import Iterator

from orchestration.contract.dates import CHICAGO
from orchestration.contract.extract import Column, ColumnType
from orchestration.state.database import literal

_BLANK = r"[\s\x{0B}\x{85}\p{Z}]"  # Unicode's white space: \s lacks some of it
_BETWEEN_WORDS = r"[\s\x{0B}\x{85}\p{Z}\p{Pd}]+"

_DATE = r"\d{4}-\d{2}-\d{2}([ Tt]00:00(:00([.,]0{1,9})?)?)?"
_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)"
_TIMESTAMP = rf"\d{{4}}-\d{{2}}-\d{{2}}([ T]\d{{2}}:\d{{2}}(:\d{{2}}([.,]\d{{1,9}})?)?( ?{_OFFSET})?)?"
_TIMESTAMP_WITH_OFFSET = rf".*[ T].*{_OFFSET}"

_TRUE = "('true', '1', 'yes', 'y', 't')"
_FALSE = "('false', '0', 'no', 'n', 'f')"


def without_blanks(value: str) -> str:
    """A text without the white space around it; null when nothing is left."""
    return f"nullif(regexp_replace({value}, '^{_BLANK}+|{_BLANK}+$', '', 'g'), '')"


def typed(column: Column, value: str) -> str:
    """A value without blanks in its column's type; null when it doesn't fit."""
    match column.type:
        case ColumnType.TEXT | ColumnType.SSN_LAST4:
            return value
        case ColumnType.CODE:
            return _code(value)
        case ColumnType.INTEGER:
            return f"try_cast(regexp_extract({value}, '^[0-9]+') as integer)"
        case ColumnType.DATE:
            return _within_range(f"try_cast(left({value}, 10) as date)", ColumnType.DATE)
        case ColumnType.BOOLEAN:
            return f"case when lower({value}) in {_TRUE} then true when lower({value}) in {_FALSE} then false end"
        case ColumnType.TIMESTAMP:
            # DuckDB accepts an offset only after seconds, without a blank.
            iso = rf"regexp_replace(replace(upper({value}), ',', '.'), ' (Z|[+-][0-9:]+)$', '\1')"
            iso = rf"regexp_replace({iso}, '([ T][0-9:]{{5}})(Z|[+-].*)$', '\1:00\2')"
            return _within_range(
                f"case when regexp_full_match({iso}, '{_TIMESTAMP_WITH_OFFSET}')"
                f" then try_cast({iso} as timestamp with time zone)"
                f" else timezone('{CHICAGO}', try_cast({iso} as timestamp)) end",
                ColumnType.TIMESTAMP,
            )


def faults(column: Column, value: str) -> Iterator[tuple[str, str]]:
    """The conditions under which a value without blanks doesn't fit, with the reason, in the order they are tried."""
    if not column.nullable:
        yield f"{value} is null", "null_key" if column.key else "missing_value"
    match column.type:
        case ColumnType.TEXT | ColumnType.SSN_LAST4:
            yield f"contains({value}, chr(0))", "unparseable: nul byte"
        case ColumnType.CODE:
            yield f"{_code(value)} not in ({', '.join(map(literal, column.codes))})", "unknown_code"
        case ColumnType.BOOLEAN:
            yield f"lower({value}) not in {_TRUE} and lower({value}) not in {_FALSE}", "bad_type"
        case ColumnType.INTEGER:
            yield _is_no(column, value, value, r"[0-9]+(\.0+)?"), "bad_type"
        case ColumnType.DATE:
            yield _is_no(column, value, value, _DATE), "bad_type"
        case ColumnType.TIMESTAMP:
            yield _is_no(column, value, f"upper({value})", _TIMESTAMP), "bad_type"


def _code(value: str) -> str:
    """Display labels are forgiven: ``Ready For Enrollment`` is ``ready_for_enrollment``."""
    return f"regexp_replace(lower({value}), '{_BETWEEN_WORDS}', '_', 'g')"


def _within_range(value: str, type_: ColumnType) -> str:
    """The years 1 to 9999, which every reader of the archive can represent in every time zone."""
    first, last = ("0001-01-01", "9999-12-31") if type_ is ColumnType.DATE else ("0001-01-02", "9999-12-30")
    return f"case when {value} between '{first}' and '{last}' then {value} end"


def _is_no(column: Column, value: str, written: str, pattern: str) -> str:
    """Whether a value is written otherwise than its type, or can't be converted to it."""
    return f"not regexp_full_match({written}, '{pattern}') or {typed(column, value)} is null and {value} is not null"
