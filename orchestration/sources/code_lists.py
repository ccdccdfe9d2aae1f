"""Code lists of a profile in the SQL for a database: a CSV file becomes a common table expression of its name."""

import csv
import re
from pathlib import Path

from orchestration.failures import SourceError
from orchestration.sources.profile import Profile
from orchestration.state.database import literal

_WITH = re.compile(r"((?:\s|--[^\n]*\n|/\*.*?\*/)*)(with(?:\s+recursive)?\b)?", re.IGNORECASE | re.DOTALL)
_MOST_ROWS = 2_000


def with_code_lists(profile: Profile, sql: str) -> str:
    """The select with the code lists that it names in front of it; every line keeps its number."""
    lists = [
        _expression(name, path)
        for name, path in profile.code_lists.items()
        if re.search(rf"\b{re.escape(name)}\b", sql, re.IGNORECASE)
    ]
    if not lists:
        return sql
    start = _WITH.match(sql)
    before, word = (start[1], start[2]) if start else ("", None)
    rest = sql[start.end() :] if start else sql
    return f"{before}{word or 'with'} {', '.join(lists)}{',' if word else ''} {rest.lstrip(' ')}"


def _expression(name: str, path: Path) -> str:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = [row for row in csv.reader(stream) if row] or [[]]
    if not header or not rows or any(len(row) != len(header) for row in rows):
        raise SourceError(f"{path} must have a header, rows, and as many values in each row as the header has names.")
    if len(rows) > _MOST_ROWS:
        raise SourceError(f"{path} has {len(rows):,} rows; a code list can have {_MOST_ROWS:,}.")
    selects = " union all ".join(f"select {', '.join(map(literal, row))}" for row in rows)
    return f"{name} ({', '.join(header)}) as ({selects})"
