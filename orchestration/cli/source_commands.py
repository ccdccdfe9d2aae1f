"""Commands for the systems that deliveries are pulled from."""

from __future__ import annotations

from datetime import date

import click

from orchestration.cli.options import as_of_option
from orchestration.cli.terminal import say, stderr_console
from orchestration.contract.systems import SYSTEMS
from orchestration.failures import SourceError
from orchestration.settings import settings

_BY_NAME = {system.name: system for system in SYSTEMS}
_SYSTEM = click.Choice(list(_BY_NAME))


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
        with stderr_console().status(f"Pulling {each.title}…") as status:

            def show(what: str, status: object = status) -> None:
                status.update(f"{what}…")  # type: ignore[attr-defined]

            done = pull(settings(), each, as_of, show) if as_of else pull_newest(settings(), each, show)
        outcome = f"delivery {done.delivery}" if done.is_new else f"the same as delivery {done.delivery}"
        say(f"{each.title} {done.day}: {sum(done.rows.values()):,} rows in {done.seconds:.1f} s, {outcome}")


@click.group("source")
def source() -> None:
    """Draft and check the profiles of the systems that are pulled."""
