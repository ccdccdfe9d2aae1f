"""Stand-ins for dbt's own macros, so that SQLFluff can render the models without starting dbt.

Only what the project's macros call is here; `.sqlfluff` names this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

execute = False


def var(name: str) -> list[str]:
    """A list in `dbt_project.yml`: one value is enough to lint what repeats for each."""
    return [name]


class dbt:  # noqa: N801 - the name that the macros call
    """The cross-database macros, as DuckDB writes them."""

    @staticmethod
    def type_string() -> str:
        """Text."""
        return "varchar"

    @staticmethod
    def concat(parts: Sequence[str]) -> str:
        """The parts as one text."""
        return " || ".join(parts)

    @staticmethod
    def datediff(first: str, second: str, datepart: str) -> str:
        """How far the second date is from the first."""
        return f"date_diff('{datepart}', {first}, {second})"

    @staticmethod
    def date_trunc(datepart: str, day: str) -> str:
        """The first day of a date's month or year."""
        return f"date_trunc('{datepart}', {day})"

    @staticmethod
    def dateadd(datepart: str, interval: str, from_date: str) -> str:
        """A date moved by an interval."""
        return f"date_add({from_date}, {interval} * interval 1 {datepart})"


class adapter:  # noqa: N801 - the name that the macros call
    """The adapter: a dispatched macro is rendered as a call of its own name."""

    @staticmethod
    def dispatch(name: str) -> Callable[..., str]:
        """The macro of the current engine."""
        return lambda first, *_: f"{name}({first})"

    @staticmethod
    def quote(name: str) -> str:
        """A name that is also an SQL keyword."""
        return f'"{name}"'


def _return(text: str) -> str:
    return text


# Every macro returns text, so handing the text through is all that `return` has to do.
globals()["return"] = _return
