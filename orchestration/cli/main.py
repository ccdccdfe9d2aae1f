"""The command line. Exit status 0: done; 1: not published, checks blocked it; 2: bad input or usage."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from pydantic import ValidationError
from rich.console import Console

from orchestration.contract.dates import CHICAGO
from orchestration.failures import UsageError, YacpError
from orchestration.internals.process import redirect_output, skip_final_gc
from orchestration.settings import PROJECT, Settings, settings

OUTPUTS = click.Choice(["table", "csv", "json"])


class Day(click.ParamType[date]):
    """A day as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day; anything else is a usage error."""
        if isinstance(value, date):
            return value
        from orchestration.contract.dates import parse_day

        try:
            return parse_day(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


def as_of_option(explanation: str) -> Callable[[Any], Any]:
    """The option --as-of, with what leaving it out means."""
    return click.option("--as-of", type=Day(), help=explanation)


format_option = click.option(
    "--format",
    "output",
    type=OUTPUTS,
    default="table",
    show_default=True,
    help="For people, or for machines.",
)
scope_option = click.option(
    "--scope", default="statewide", show_default=True, help="statewide, lwia:NUMBER or provider:ID."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="yacp")
def cli() -> None:
    """The Youth Apprenticeship & Career Pathways dashboard as a checked warehouse."""


@cli.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to; default: extracts under YACP_HOME.",
)
@click.option("--customers", type=click.IntRange(min=1), default=2000, show_default=True)
@as_of_option("The last day made; default: today in Chicago.")
@click.option("--days", type=click.IntRange(min=1), default=1, show_default=True, help="How many days, ending there.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same bytes.")
@click.option("--delivery", type=click.IntRange(min=1), default=1, show_default=True, help="The delivery's number.")
@click.option("--faults", is_flag=True, help="Add one of everything that can go wrong in a row.")
def generate(
    out: Path | None, customers: int, as_of: date | None, days: int, seed: int, delivery: int, faults: bool
) -> None:
    """Make sample deliveries of invented people."""
    from orchestration.sample.generator import generate as make

    config = settings()
    target = out or config.state / "extracts"
    console = _console()
    with console.status("Making deliveries…") as status:
        folders = make(
            target,
            customers=customers,
            as_of=as_of or _today(),
            days=days,
            seed=seed,
            faults=faults,
            delivery=delivery,
            progress=lambda what: status.update(f"Making {what}…"),
        )
    console.print(f"{len(folders)} deliveries in {target}", highlight=False, soft_wrap=True)


@cli.command()
@as_of_option("The day; default: the newest that both systems have delivered in full.")
@click.option("--extracts", help="The root that deliveries come from; default: YACP_EXTRACTS.")
def run(as_of: date | None, extracts: str | None) -> None:
    """Land, build, check and publish a day."""
    from orchestration.landing.queries import newest_delivered, require_delivered

    if extracts:
        settings.cache_clear()
        os.environ["YACP_EXTRACTS"] = extracts if "://" in extracts else str(Path(extracts).absolute())
    config = settings()
    day = as_of or newest_delivered(config)
    require_delivered(config, day)
    _run_days(config, [day])


@cli.command()
@click.argument("first", metavar="FROM", type=Day())
@click.argument("last", metavar="TO", type=Day())
@click.option("--anew", is_flag=True, help="Every day, also those done before this backfill was stopped.")
def backfill(first: date, last: date, anew: bool) -> None:
    """Run every delivered day from FROM to TO, oldest first; days nobody delivered are named and left out.

    One that was stopped goes on where it stopped. The newest published day is run again at the end, as it looks back
    over the days before it.
    """
    from orchestration.landing.queries import delivered
    from orchestration.runs.backfill import Backfill

    if last < first:
        raise UsageError(f"FROM {first} lies after TO {last}.")
    config = settings()
    wanted = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    there = delivered(config, wanted)
    if not there:
        raise UsageError(f"No day from {first} to {last} was delivered by both systems.")
    missing = [str(day) for day in wanted if day not in there]
    if missing:
        _console().print(f"Not delivered by both systems, left out: {', '.join(missing)}", highlight=False)
    progress = Backfill.begin(config, first, last, anew=anew)
    left = progress.left(there)
    if len(left) < len(there):
        _console().print(
            f"Going on with {left[0] if left else 'the last day'}: {len(there) - len(left)} of {len(there)} days were"
            " done before this backfill stopped (--anew runs them again).",
            highlight=False,
        )
    _run_days(config, left or there[-1:], progress.note)
    progress.finish()


@cli.command()
@click.argument("section", required=False)
@scope_option
@as_of_option("A published day; default: the newest.")
@format_option
def show(section: str | None, scope: str, as_of: date | None, output: str) -> None:
    """The dashboard, or one SECTION of it."""
    from orchestration.cli import terminal
    from orchestration.contract.dates import in_chicago
    from orchestration.publishing.queries import Scope, sections

    release, table = sections(settings(), Scope.parse(scope), section, as_of)
    if output != "table":
        terminal.machine(table, output)
        return
    name = table.records()[0]["scope_name"]
    published = in_chicago(datetime.fromisoformat(release.published_at))
    title = f"{name} · as of {table.records()[0]['as_of_date']} · published {published}"
    terminal.dashboard(Console(), table, title)


@cli.command("list")
@click.argument("line_key")
@scope_option
@as_of_option("A published day; default: the newest.")
@format_option
def list_customers(line_key: str, scope: str, as_of: date | None, output: str) -> None:
    """The customers behind the count of LINE_KEY, the longest overdue first."""
    from orchestration.cli import terminal
    from orchestration.publishing.queries import Scope, line_customers
    from orchestration.state.database import Table

    day, table = line_customers(settings(), line_key, Scope.parse(scope), as_of)
    if output != "table":
        terminal.machine(table, output)
        return
    shown = (
        "customer_id", "first_name", "last_name", "provider_id", "lwia_number", "sync_status", "iwds_status",
        "since_date", "days_on_line", "due_date", "days_overdue",
    )  # fmt: skip
    places = [table.columns.index(column) for column in shown]
    narrow = Table(shown, [tuple(row[place] for place in places) for row in table.rows])
    title = f"{line_key} · as of {day} · {len(table.rows):,} customers"
    terminal.plain(Console(), narrow, title, f"Nobody is on {line_key} in this scope.")
    if table.rows and (steps := table.records()[0]["next_steps"]):
        Console().print(f"[bold]Next Steps[/bold]\n{steps}", highlight=False)


@cli.command()
@scope_option
@as_of_option("A published day; default: the newest.")
@click.option("--who", is_flag=True, help="Also who entered and who left; needs the customer lists.")
@format_option
def changes(scope: str, as_of: date | None, who: bool, output: str) -> None:
    """What moved on each line since the day published before."""
    from orchestration.cli import terminal
    from orchestration.publishing.queries import Scope, moves
    from orchestration.publishing.queries import changes as changes_of
    from orchestration.state.database import Table

    config, wanted = settings(), Scope.parse(scope)
    day, previous, table = changes_of(config, wanted, as_of)
    people = moves(config, wanted, day, previous) if who else Table((), [])
    if output != "table":
        terminal.machine(people if who else table, output)
        return
    moved = [row for row in table.rows if row[-3] or row[-2]]
    shown = Table(table.columns, moved)
    terminal.plain(Console(), shown, f"From {previous} to {day}", f"Nobody moved from {previous} to {day}.")
    if who:
        terminal.plain(Console(), people, "Who", "Nobody.")


@cli.command("sync-problems")
@scope_option
@format_option
def sync_problems(scope: str, output: str) -> None:
    """Who isn't synced, why, and the next step."""
    from orchestration.publishing import queries
    from orchestration.state.database import Table

    day, table = queries.sync_problems(settings(), queries.Scope.parse(scope))
    if output == "table":
        shown = (
            "customer_id",
            "first_name",
            "last_name",
            "provider_id",
            "sync_status",
            "next_step",
            "iwds_candidate_ids",
        )
        places = [table.columns.index(column) for column in shown]
        table = Table(shown, [tuple(row[place] for place in places) for row in table.rows])
    _plain(table, output, f"Not synced · as of {day}", "Everybody in this scope is synced.")


@cli.command()
@format_option
def deliveries(output: str) -> None:
    """What came in, and what became of its rows."""
    from orchestration.landing import queries

    _plain(queries.deliveries(settings()), output, "Deliveries", "No delivery was accepted yet.")


@cli.command()
@as_of_option("Of one day only.")
@format_option
def quarantine(as_of: date | None, output: str) -> None:
    """Which rows were refused, and why; their values stay inside the archive."""
    from orchestration.landing import queries

    config = settings()
    table = queries.quarantine(config, as_of)
    _plain(table, output, "Quarantine", "No row is in quarantine.")
    if output == "table" and table.rows:
        Console().print(
            f"The values are in {config.archive}/<system>/<day>/<delivery>/quarantine.parquet",
            highlight=False,
            soft_wrap=True,
        )


@cli.command()
@as_of_option("A published day; default: the last run, published or not.")
@click.option("--failed", is_flag=True, help="Only those that did not hold.")
@format_option
def checks(as_of: date | None, failed: bool, output: str) -> None:
    """What was checked, and what was found."""
    from orchestration.publishing import queries
    from orchestration.state.database import Table

    title, table = queries.checks(settings(), as_of)
    if failed:
        place = table.columns.index("passed")
        table = Table(table.columns, [row for row in table.rows if not row[place]])
    _plain(table, output, f"Checks of {title}", "Every check held.")


@cli.command()
@format_option
def doctor(output: str) -> None:
    """What is wrong with the setup, and how to mend it."""
    from orchestration.health.doctor import examine

    table = examine(settings())
    _plain(table, output, "Setup", "")
    if not all(row[1] for row in table.rows):
        raise SystemExit(2)


@cli.command()
@click.option("--test", is_flag=True, help="Send a test message on every channel, whatever there is to tell.")
def notify(test: bool) -> None:
    """Tell people now what the sensor would: runs that failed, a late day, checks that warn."""
    from orchestration.notices.channels import channels

    config = settings()
    if not channels(config):
        raise UsageError(
            "Nobody is told of anything: set YACP_SMTP_HOST, YACP_MAIL_FROM and YACP_MAIL_TO, or YACP_WEBHOOK_URL."
        )
    if test:
        _test_channels(config)
        return
    from orchestration.runs.instance import prepare_instance

    prepare_instance(config)
    import dagster as dg

    from orchestration.notices.sensor import send_notices

    with dg.DagsterInstance.get() as instance:
        told = send_notices(config, instance)
    _console().print(f"{told}.", highlight=False, soft_wrap=True)
    if told.waiting:
        raise SystemExit(1)


@cli.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to; default: docs under YACP_HOME.",
)
def docs(out: Path | None) -> None:
    """Write the documentation of the models, their columns and tests as one page."""
    config = settings()
    if not config.warehouse.exists():
        raise UsageError("There is no warehouse to document yet; yacp run builds one.")
    from orchestration.runs.warehouse_lock import hold_warehouse

    console = _console()
    with (
        console.status("Writing the documentation…"),
        hold_warehouse(config, "yacp docs", lambda sentence: console.print(sentence, style="yellow", highlight=False)),
    ):
        page = _document(config, out or config.state / "docs")
    console.print(f"The documentation is in {page}", highlight=False, soft_wrap=True)


@cli.command()
@click.argument("customer_id")
@click.option("--yes", is_flag=True, help="Don't ask.")
def forget(customer_id: str, yes: bool) -> None:
    """Remove a person from archive, warehouse and all lists, for good; published counts stay as they were."""
    from orchestration.cli import terminal
    from orchestration.privacy.forget import find
    from orchestration.privacy.forget import forget as remove
    from orchestration.runs.warehouse_lock import hold_warehouse

    config, console = settings(), _console()
    found = find(config, customer_id)
    if not yes:
        terminal.plain(console, found, "What is kept of this person", "")
        click.confirm("Remove it for good?", abort=True, err=True)
    with hold_warehouse(
        config, "yacp forget", lambda sentence: console.print(sentence, style="yellow", highlight=False)
    ):
        removed = remove(config, customer_id)
    terminal.plain(Console(), removed, "Removed", "")
    console.print(
        "Published counts stay as they were, and the next run builds the warehouse anew.\n"
        "The systems of record deliver this person again until they are removed there. Not touched were what lies at "
        f"{config.extracts_root}, and copies and backups that others have made.",
        highlight=False,
        soft_wrap=True,
    )


@cli.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@format_option
def retention(dry_run: bool, output: str) -> None:
    """Remove archived days, releases and records of runs that are past the age the settings give them."""
    import dagster as dg

    from orchestration.privacy.retention import expire, expired, report
    from orchestration.runs.instance import prepare_instance
    from orchestration.runs.warehouse_lock import hold_warehouse

    config, console = settings(), _console()
    prepare_instance(config)
    with dg.DagsterInstance.get() as instance:
        if dry_run:
            table = report(expired(config, instance, datetime.now(UTC)))
        else:
            who = "yacp retention"
            with hold_warehouse(config, who, lambda sentence: console.print(sentence, style="yellow", highlight=False)):
                table = expire(config, instance, datetime.now(UTC))
    title = "Would be removed" if dry_run else "Removed"
    _plain(table, output, title, "Nothing is past its age.")


port_option = click.option("--port", type=int, default=3000, show_default=True)


@cli.command()
@port_option
def dev(port: int) -> None:
    """The Dagster UI and its daemon, on the same state as the command line."""
    _become("dagster", "dev", "-h", "127.0.0.1", "-p", str(port))


@cli.command()
def daemon() -> None:
    """What starts the runs and tells people, without the UI: the one service that has to run."""
    _become("dagster-daemon", "run")


@cli.command()
@port_option
def ui(port: int) -> None:
    """The Dagster UI alone, beside the daemon."""
    _become("dagster-webserver", "-h", "127.0.0.1", "-p", str(port))


@cli.command()
@click.option("--as", "as_email", metavar="EMAIL", help="Show it as this person of the staff extract.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; default: 8080.")
def serve(as_email: str | None, port: int | None) -> None:
    """The dashboard in a browser, over what is published here."""
    from dashboard import serving

    given: dict[str, Any] = {"published": settings().published, "as_email": as_email, "port": port}
    try:
        serving.serve(**{name: value for name, value in given.items() if value is not None})
    except serving.StartError as error:
        raise UsageError(str(error)) from None


@skip_final_gc()
def main() -> None:
    """The entry point: a foreseeable failure is one line on standard error and its exit status."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        _fail("Stopped. Nothing half done is published; the same command starts again.", 130)
    except click.ClickException as error:
        error.show()
        raise SystemExit(2) from None
    except ValidationError as error:
        wrong = "; ".join(f"YACP_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        _fail(f"A setting is wrong: {wrong}.", 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read our output has had enough
    except PermissionError as error:
        _fail(f"Permission denied: {error.filename}. Give yourself access to it, or choose another folder.", 2)
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or 'a file'}. Choose another folder, or mend this one.", 2)
    except YacpError as error:
        _fail(str(error), error.exit_status)


def _fail(message: str, status: int) -> None:
    Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(status)


def _become(program: str, *arguments: str) -> None:
    """Goes on as one of Dagster's programs, on our instance and definitions."""
    from orchestration.runs.instance import MODULE, prepare_instance
    from orchestration.warehouse.dbt_project import environment

    config = settings()
    prepare_instance(config)
    os.environ.update(environment(config))
    path = str(Path(sys.executable).with_name(program))
    os.chdir(PROJECT)
    os.execv(path, [path, *arguments, "-m", MODULE])  # noqa: S606 - no shell is wanted


def load_definitions() -> Any:
    """Seconds of imports, which only a run needs."""
    from orchestration.definitions import defs

    return defs


def _run_days(config: Settings, days: list[date], note: Callable[[date], None] | None = None) -> None:
    from orchestration.landing.queries import rows_forgotten
    from orchestration.runs.day_run import BACKFILL, run_day
    from orchestration.state.releases import current

    config.state.mkdir(parents=True, exist_ok=True)
    standing = current(config)
    if standing and days[-1] < standing.as_of_date:
        # Waiting and flow look back over all published days, and are the newest day's.
        days = [*days, standing.as_of_date]
    for day in days:
        if standing and day in standing.days and (gone := rows_forgotten(config, day)):
            _console().print(
                f"{gone:,} rows of {day} were taken out by yacp forget since it was published: its counts are "
                "published again without them.",
                style="yellow",
                highlight=False,
            )
        # Dagster mirrors its steps' output on the process's own, which belongs to the dashboard, or to JSON alone.
        with _progress(day) as watch, redirect_output(config.state / "dagster" / "last_run.log", truncate=True):
            run_day(config, day, load_definitions, watch, BACKFILL if note else "yacp run")
        if note:
            note(day)
        if (standing := current(config)) and standing.as_of_date > day:
            _console().print(
                f"Built {day}; it is published with {standing.as_of_date}, the newest day.", highlight=False
            )
        else:
            _console().print(f"Published {day}.", style="green", highlight=False)
    _console().print(
        f"  counts  {config.published}/dashboard.duckdb\n  lists   {config.published}/customers.duckdb\n"
        f"  Parquet {config.published}/parquet",
        highlight=False,
        soft_wrap=True,
    )


def _test_channels(config: Settings) -> None:
    """One message on each, so that one that is broken doesn't hide another."""
    from orchestration.notices.channels import channels
    from orchestration.notices.outbox import example_notice

    broken = []
    for channel in channels(config):
        try:
            remark = channel.send(example_notice(datetime.now(ZoneInfo(CHICAGO))))
        except YacpError as error:
            broken.append(f"{channel.name}: not sent; {error}.")
        else:
            _console().print(f"{channel.name}: sent{'; ' if remark else ''}{remark}", highlight=False, soft_wrap=True)
    if broken:
        _fail("\n".join(broken), 1)


def _document(config: Settings, folder: Path) -> Path:
    """dbt's own site as one file, over the day that the warehouse holds."""
    import shutil
    import subprocess

    import duckdb

    from orchestration.failures import BuildFailed
    from orchestration.state.database import connect
    from orchestration.warehouse.dbt_project import DBT_COMMAND, PROJECT_DIR, environment
    from orchestration.warehouse.preparation import built_day

    try:
        with connect(config, config.warehouse, read_only=True) as connection:
            day = built_day(connection)
    except duckdb.Error:
        raise UsageError(f"{config.warehouse} can't be opened; close it elsewhere, or run a day again.") from None
    if day is None:
        raise UsageError("The warehouse holds no whole day to document; yacp run builds one.")
    folder.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(
        [*DBT_COMMAND, "--quiet", "--no-use-colors", "docs", "generate", "--static"],
        env={**os.environ, **environment(config, as_of=day.isoformat())},
        cwd=PROJECT_DIR,
        umask=0o077,  # as in a run: what dbt keeps is its owner's alone
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise BuildFailed(f"dbt could not write the documentation; see {config.dbt_logs}/dbt.log.")
    page = folder / "index.html"
    shutil.copyfile(config.dbt_target / "static_index.html", page)
    return page


@contextmanager
def _progress(day: date) -> Iterator[Callable[[Any], None]]:
    """What a run is doing, on standard error: a moving line for people, a line a step for logs."""
    from orchestration.runs.day_run import Step

    titles = {
        "definitions": "Reading the project",
        "worknet_delivery": "Landing Illinois workNet",
        "iwds_delivery": "Landing IWDS",
        "dbt_models": "Building and testing the models",
        "great_expectations": "Checking sync status and dates",
        "publish_release": "Publishing",
    }
    with os.fdopen(os.dup(2), "w") as terminal:
        console = Console(file=terminal)
        counts = {"asset": 0, "check": 0, "failed": 0}
        status = console.status(f"{day}: starting…")

        def watch(step: Step) -> None:
            if step.kind in ("step", "loading"):
                title = titles.get(step.what, step.what)
                if console.is_terminal:
                    status.update(f"{day}: {title}…")
                else:
                    console.print(f"{day}: {title}", highlight=False)
            elif step.kind == "waiting":
                console.print(step.what, style="yellow", highlight=False)
            else:
                counts[step.kind] += 1
                counts["failed"] += not step.passed

        with status:
            yield watch
        found = f"{counts['failed']} not met (yacp checks --failed)" if counts["failed"] else "all met"
        console.print(
            f"{day}: {counts['asset']} tables and files, {counts['check']} checks, {found}",
            highlight=False,
            soft_wrap=True,
        )


def _plain(table: Any, output: str, title: str, empty: str) -> None:
    from orchestration.cli import terminal

    if output == "table":
        terminal.plain(Console(), table, title, empty)
    else:
        terminal.machine(table, output)


def _console() -> Console:
    """Standard error: what is told beside the result."""
    return Console(stderr=True)


def _today() -> date:
    return datetime.now(ZoneInfo(CHICAGO)).date()


if __name__ == "__main__":
    main()
