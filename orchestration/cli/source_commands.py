"""Commands for the systems that deliveries are pulled from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import click

from orchestration.cli import terminal
from orchestration.cli.options import as_of_option, format_option
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import SourceError
from orchestration.settings import settings

_BY_NAME = {system.name: system for system in SYSTEMS}
_SYSTEM = click.Choice(list(_BY_NAME))


@contextmanager
def _progress(title: str) -> Iterator[Callable[[str], None]]:
    with terminal.stderr_console().status(f"{title}…") as status:
        yield lambda what: status.update(f"{title}: {what}…")


@click.command("pull")
@click.argument("system", type=_SYSTEM, required=False)
@as_of_option("The day; default: the newest that the source has complete.")
def pull_sources(system: str | None, as_of: date | None) -> None:
    """Pull a delivery from SYSTEM, or from every system that has a profile.

    A delivery with the same rows as the one before is not written again.
    """
    from orchestration.pulling.due import pulled_systems
    from orchestration.pulling.pull import pull, pull_newest

    chosen = [_BY_NAME[system]] if system else pulled_systems(settings())
    if not chosen:
        raise SourceError(
            f"No system has a profile in {settings().sources_folder}. yacp source init SYSTEM drafts one."
        )
    for each in chosen:
        with _progress(f"Pulling {each.title}") as show:
            done = pull(settings(), each, as_of, show) if as_of else pull_newest(settings(), each, show)
        outcome = f"delivery {done.delivery}" if done.is_new else f"the same as delivery {done.delivery}"
        terminal.say(f"{each.title} {done.day}: {sum(done.rows.values()):,} rows in {done.seconds:.1f} s, {outcome}")


@click.group("source")
def source() -> None:
    """Draft and check the profiles of the systems that are pulled."""


@source.command("check")
@click.argument("system", type=_SYSTEM)
@as_of_option("The day; default: the newest that the source has complete.")
@click.option("--all", "show_all", is_flag=True, help="Show the columns that fit, too.")
@format_option
def check(system: str, as_of: date | None, show_all: bool, output: str) -> None:
    """Pull SYSTEM into nothing, and say what of it fits the contract and what would mend the rest.

    Exit status 2 until a pull would land. Misfits are shown by their shape, never by their value.
    """
    from orchestration.pulling.checking import check_source

    with _progress(f"Checking {_BY_NAME[system].title}") as show:
        found = check_source(settings(), _BY_NAME[system], as_of, show)
    table = found.columns
    if output == "table" and not show_all:
        table = table.where(lambda row: row["mend"])
    terminal.print_result(table, output, f"{_BY_NAME[system].title} · {found.day}", "Every column fits.")
    for warning in found.warnings:
        terminal.warn(warning)
    if found.refusal:
        terminal.fail(f"It would be refused: {found.refusal}", 2)
    terminal.say(f"It would land. yacp pull {system} pulls it; yacp run pulls it and builds the day.", style="green")


@source.command("init")
@click.argument("system", type=_SYSTEM)
@click.option("--files", metavar="FOLDER", help="Where the exports are: a folder, sftp://…, or s3://….")
@click.option("--database", is_flag=True, help="The source is a database.")
@click.option(
    "--address-variable",
    metavar="NAME",
    help="The environment variable with the address of the database; default: SYSTEM_DATABASE in capitals.",
)
def init(system: str, files: str | None, database: bool, address_variable: str | None) -> None:
    """Look at a source of SYSTEM and draft its profile, for you to finish.

    Tables and columns are matched by their names and by the shape of values. What wasn't matched is marked with TODO.
    """
    from orchestration.pulling.drafting import draft

    if bool(files) == database:
        raise SourceError("Say what the source is: either --files FOLDER or --database.")
    with _progress(f"Looking at {_BY_NAME[system].title}"):
        folder, to_do = draft(settings(), _BY_NAME[system], files, address_variable or f"{system.upper()}_DATABASE")
    places = "1 place is" if to_do == 1 else f"{to_do} places are"
    terminal.say(
        f"Drafted {folder}. {places} marked with TODO. Read every select, then run: yacp source check {system}"
    )
