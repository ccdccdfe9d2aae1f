"""What the macros of dbt look like to SQLFluff, which reads the models without starting dbt.

Only what the project's own macros call stands here; `.sqlfluff` names this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jinja2.runtime import Macro

execute = False


class _Returned(Exception):
    """A macro's value, as dbt's `return` hands it over: a list stays a list."""


class dbt:  # noqa: N801 - the name that the macros call
    """The cross-database macros, as DuckDB says them."""

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
    """The adapter: a dispatched macro is shown as a call of its own name."""

    @staticmethod
    def dispatch(name: str) -> Callable[..., str]:
        """The macro of the engine at hand."""
        return lambda first, *_: f"{name}({first})"

    @staticmethod
    def quote(name: str) -> str:
        """A name that is a word of SQL too."""
        return f'"{name}"'


def _return(value: Any) -> None:
    raise _Returned(value)


def _value_of(macro: Macro, *call: Any) -> Any:
    try:
        return _plain_invoke(macro, *call)
    except Exception as returned:
        if type(returned).__name__ == _Returned.__name__:
            return returned.args[0]
        raise


globals()["return"] = _return
_plain_invoke = getattr(Macro, "_plain_invoke", Macro._invoke)
Macro._plain_invoke = _plain_invoke  # type: ignore[attr-defined]  # SQLFluff loads this file once for each model
Macro._invoke = _value_of  # type: ignore[method-assign]
