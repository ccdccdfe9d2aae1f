"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from dashboard.scopes import InvalidScope, Scope
from orchestration.contract.dates import parse_day
from orchestration.failures import UsageError

T = TypeVar("T")


class Parsed(click.ParamType[T]):
    """A value as people write it; what can't be parsed is a usage error."""

    def __init__(self, name: str, parse: Callable[[str], T]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> T:
        """The parsed value."""
        try:
            return self._parse(value)
        except (UsageError, InvalidScope) as error:
            self.fail(str(error), param, ctx)


DAY = Parsed("date", parse_day)


def as_of_option(explanation: str) -> Callable[[Any], Any]:
    """The option --as-of; the explanation includes the default."""
    return click.option("--as-of", type=DAY, help=explanation)


format_option = click.option(
    "--format",
    "output",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="table is for people, csv and json are for programs.",
)

scope_option = click.option(
    "--scope",
    type=Parsed("scope", Scope.parse),
    default="statewide",
    show_default=True,
    help="statewide, lwia:NUMBER or provider:ID.",
)
