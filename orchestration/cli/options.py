"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import click

from dashboard.scopes import InvalidScope, Scope
from orchestration.contract.dates import parse_day
from orchestration.failures import UsageError


class Day(click.ParamType[date]):
    """A calendar day as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day; anything else is a usage error."""
        if isinstance(value, date):
            return value
        try:
            return parse_day(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


def as_of_option(explanation: str) -> Callable[[Any], Any]:
    """The option --as-of; the explanation includes the default."""
    return click.option("--as-of", type=Day(), help=explanation)


format_option = click.option(
    "--format",
    "output",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="table is for people, csv and json are for programs.",
)


class ScopeType(click.ParamType[Scope]):
    """A scope as people write it."""

    name = "scope"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Scope:
        """The scope; anything else is a usage error."""
        try:
            return value if isinstance(value, Scope) else Scope.parse(value)
        except InvalidScope as error:
            self.fail(str(error), param, ctx)


scope_option = click.option(
    "--scope",
    type=ScopeType(),
    default="statewide",
    show_default=True,
    help="statewide, lwia:NUMBER or provider:ID.",
)
