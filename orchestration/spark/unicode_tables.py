"""DuckDB's ``lower`` and ``strip_accents`` as tables for Spark: what they turn every character into.

Spark has no ``strip_accents``, and its ``lower`` differs: it looks at whole words and follows another version of
Unicode. A name that compares differently would sync a different customer. DuckDB turns one character into one, or into
none, so two tables describe each function: ``dbt_project/macros/unicode_tables.sql``, written by ``python -m
orchestration.spark.unicode_tables``.
"""

import sys
from collections.abc import Iterable

import duckdb

from orchestration.settings import PROJECT

MACROS = PROJECT / "dbt_project" / "macros" / "unicode_tables.sql"
_CHARACTERS_PER_LINE = 96
_NEVER_IN_A_LITERAL = tuple("'\"\\{")


def characters() -> list[str]:
    """Every character that a string can hold."""
    return [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def macros() -> str:
    """The tables as dbt macros: two pairs of strings, character by character, and the characters that are removed."""
    capitals = _changed_by("lower")
    accented = _changed_by("strip_accents")
    replaced = {character: plain for character, plain in accented.items() if plain}
    removed = [character for character, plain in accented.items() if not plain]
    return "\n".join(
        [
            "{#- Generated from DuckDB's lower and strip_accents by python -m orchestration.spark.unicode_tables. -#}",
            _text("capital_letters", capitals),
            _text("small_letters", capitals.values()),
            _text("accented_letters", replaced),
            _text("plain_letters", replaced.values()),
            _ranges("accents", removed),
        ]
    )


def _changed_by(function: str) -> dict[str, str]:
    """Each character that the function changes or removes, with the result."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select character, {function}(character) as result from (select unnest(?) as character)"
            " where character <> result",
            [characters()],
        ).fetchall()
    if any(len(result) > 1 or result in _NEVER_IN_A_LITERAL for _, result in found):
        raise ValueError(f"{function} no longer maps single characters; the macros need another form.")
    return dict(sorted(found))


def _text(name: str, values: Iterable[str]) -> str:
    whole = "".join(values)
    lines = [whole[start : start + _CHARACTERS_PER_LINE] for start in range(0, len(whole), _CHARACTERS_PER_LINE)]
    quoted = "".join(f'        "{line}",\n' for line in lines)
    return f"{{% macro {name}() -%}}\n    {{{{ return([\n{quoted}    ] | join) }}}}\n{{%- endmacro %}}\n"


def _ranges(name: str, values: Iterable[str]) -> str:
    ranges: list[list[int]] = []
    for code in map(ord, values):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    lines = [", ".join(map(str, map(tuple, ranges[start : start + 5]))) for start in range(0, len(ranges), 5)]
    rows = "".join(f"        {line},\n" for line in lines)
    return (
        f"{{% macro {name}() -%}}\n"
        f"    {{%- for first, last in [\n{rows}    ] -%}}\n"
        '    {%- for letter in range(first, last + 1) %}{{ "%c" | format(letter) }}{% endfor -%}\n'
        "    {%- endfor -%}\n"
        "{%- endmacro %}\n"
    )


if __name__ == "__main__":
    MACROS.write_text(macros())
