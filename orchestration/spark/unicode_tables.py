"""DuckDB's letters for Spark: what ``lower`` and ``strip_accents`` make of every character.

Spark can't take accents off, and its own ``lower`` follows other rules: whole words, another version of Unicode. A name
that compares as another one on another engine would sync another customer. DuckDB makes one character of one, or none,
so two tables say it all: ``dbt_project/macros/letters.sql``, written by ``python -m orchestration.spark.unicode_tables``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import duckdb

from orchestration.settings import PROJECT

MACROS = PROJECT / "dbt_project" / "macros" / "unicode_tables.sql"
_IN_A_LINE = 96
_NEVER_IN_A_LITERAL = tuple("'\"\\{")
_HEAD = "{#- Written from DuckDB's lower and strip_accents by python -m orchestration.spark.unicode_tables. -#}"


def characters() -> list[str]:
    """Every character that a text can hold."""
    return [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def macros() -> str:
    """The tables as dbt macros: four texts in pairs, place by place, and the characters that go."""
    capitals = _changed_by("lower")
    accented = _changed_by("strip_accents")
    kept = {character: plain for character, plain in accented.items() if plain}
    gone = [character for character, plain in accented.items() if not plain]
    return "\n".join(
        [
            _HEAD,
            _text("capital_letters", capitals),
            _text("small_letters", capitals.values()),
            _text("accented_letters", kept),
            _text("plain_letters", kept.values()),
            _ranges("accents", gone),
        ]
    )


def _changed_by(function: str) -> dict[str, str]:
    """Each character that the function makes another one of, or nothing."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select letter, {function}(letter) as made from (select unnest(?) as letter) where letter <> made",
            [characters()],
        ).fetchall()
    if any(len(made) > 1 or made in _NEVER_IN_A_LITERAL for _, made in found):
        raise ValueError(f"{function} is no table of characters any more; the macros have to say it in another way.")
    return dict(sorted(found))


def _text(name: str, letters: Iterable[str]) -> str:
    whole = "".join(letters)
    lines = [whole[place : place + _IN_A_LINE] for place in range(0, len(whole), _IN_A_LINE)]
    quoted = "".join(f'        "{line}",\n' for line in lines)
    return f"{{% macro {name}() -%}}\n    {{{{ return([\n{quoted}    ] | join) }}}}\n{{%- endmacro %}}\n"


def _ranges(name: str, letters: Iterable[str]) -> str:
    ranges: list[list[int]] = []
    for letter in map(ord, letters):
        if ranges and ranges[-1][1] == letter - 1:
            ranges[-1][1] = letter
        else:
            ranges.append([letter, letter])
    lines = [", ".join(map(str, map(tuple, ranges[place : place + 5]))) for place in range(0, len(ranges), 5)]
    listed = "".join(f"        {line},\n" for line in lines)
    return (
        f"{{% macro {name}() -%}}\n"
        f"    {{%- for first, last in [\n{listed}    ] -%}}\n"
        '    {%- for letter in range(first, last + 1) %}{{ "%c" | format(letter) }}{% endfor -%}\n'
        "    {%- endfor -%}\n"
        "{%- endmacro %}\n"
    )


def write(path: Path = MACROS) -> None:
    """Writes the macros anew: after a change of DuckDB."""
    path.write_text(macros())


if __name__ == "__main__":
    write()
