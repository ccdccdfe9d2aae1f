"""Social Security numbers: never more than the last four digits of one gets past parsing."""

from orchestration.landing.values import without_blanks

NOTE = "ssn_note"
"""The column beside the parsed rows that says what was wrong with a number, as one of the keys of ``MEANINGS``."""

MEANINGS = {
    "full": "full Social Security number{s} in {column}; only the last four digits were kept",
    "never_issued": "value{s} 0000 in {column}, a number that was never issued; loaded as null",
    "short": "value{s} of fewer than four digits in {column}; a leading zero was probably lost",
    "unusable": "value{s} in {column} that can't be four digits; loaded as null",
}

_FULL = "[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}"
# The smallest number is 001-01-0001; as a number it has seven digits.
_SMALLEST = 1_010_001


def kept(value: str, *, is_number: bool) -> str:
    """The SQL for at most four characters of a delivered value: the last four digits, or what there is of them."""
    text = _text(value, is_number=is_number)
    return (
        f"nullif(case when regexp_full_match({text}, '{_FULL}') then right({text}, 4)"
        f" when length({text}) <= 4 then {text} end, '0000')"
    )


def note(value: str, *, is_number: bool) -> str:
    """The SQL for what is wrong with a delivered value; null when nothing is."""
    text = _text(value, is_number=is_number)
    return (
        f"case when regexp_full_match({text}, '{_FULL}') then 'full' when {text} = '0000' then 'never_issued'"
        f" when regexp_full_match({text}, '[0-9]{{1,3}}') then 'short' when length({text}) > 4 then 'unusable' end"
    )


def without_full_numbers(text: str) -> str:
    """The SQL for a line of a file in which only the last four digits of such numbers are left."""
    return rf"regexp_replace({text}, '\b[0-9]{{3}}[- ]?[0-9]{{2}}[- ]?([0-9]{{4}})\b', '\1', 'g')"


def _text(value: str, *, is_number: bool) -> str:
    """A number lost its leading zeros, of the last four digits or of all nine."""
    if not is_number:
        return without_blanks(value)
    whole = f"try_cast({value} as bigint)"
    return (
        f"case when {whole} = {value} and {whole} between {_SMALLEST} and 999999999"
        f" then lpad(cast({whole} as varchar), 9, '0')"
        f" when {whole} = {value} and {whole} between 0 and 9999 then lpad(cast({whole} as varchar), 4, '0')"
        f" else cast({value} as varchar) end"
    )
