"""Commands that keep running, and the one that stands in for the daemon's notices."""

import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from orchestration.cli.terminal import fail, say
from orchestration.contract.dates import CHICAGO
from orchestration.failures import BuildFailed, UsageError, YacpError
from orchestration.settings import Settings, settings

port_option = click.option("--port", type=int, default=3000, show_default=True, help="The port to listen on.")


@click.command()
@port_option
def dev(port: int) -> None:
    """Run the Dagster UI and the daemon.

    They use the same state as the command line.
    """
    from orchestration.internals.dagster_webserver import create_databases
    from orchestration.operator_ui.serving import run_side_by_side

    _prepared()
    create_databases()
    raise SystemExit(run_side_by_side(["daemon"], ["ui", "--port", str(port)]))


@click.command()
def daemon() -> None:
    """Run the daemon, which starts runs and sends notices.

    It is the only service that has to run.
    """
    from orchestration.runs.instance import MODULE

    _prepared()
    path = str(Path(sys.executable).with_name("dagster-daemon"))
    os.execv(path, [path, "run", "-m", MODULE])  # noqa: S606 - no shell is wanted


@click.command()
def enable() -> None:
    """Let the daemon start runs: by the sensor, every morning, and every night for retention."""
    _switch("start")
    say("The daemon starts runs from now on. yacp status shows whether it runs.")


@click.command()
def disable() -> None:
    """Keep the daemon from starting runs. Runs that have started go on."""
    _switch("stop")
    say("The daemon starts no more runs. yacp run works as before.")


def _switch(to: str) -> None:
    """Dagster's own commands, which keep the choice in its record."""
    from orchestration.runs.instance import MODULE
    from orchestration.runs.run_requests import STARTERS

    config = _prepared()
    for kind, name in STARTERS:
        command = [sys.executable, "-m", "dagster", kind, to, name, "-m", MODULE]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildFailed(
                f"Dagster could not {to} {name}: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}. "
                f"Its record is in {config.dagster_home}."
            )


@click.command()
@port_option
def ui(port: int) -> None:
    """Run the Dagster UI alone, next to the daemon."""
    from orchestration.operator_ui.serving import serve_ui

    serve_ui(_prepared(), port)


@click.command()
@click.option("--as", "as_email", metavar="EMAIL", help="Show it as this person of the staff extract sees it.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on; default: 8080.")
def serve(as_email: str | None, port: int | None) -> None:
    """Serve the published dashboard to browsers."""
    from dashboard import serving

    given: dict[str, Any] = {"published": settings().published, "as_email": as_email, "port": port}
    try:
        serving.serve(**{name: value for name, value in given.items() if value is not None})
    except serving.StartError as error:
        raise UsageError(str(error)) from None


@click.command()
@click.option("--test", is_flag=True, help="Send a test message on every channel.")
def notify(test: bool) -> None:
    """Send the notices that are due, as the daemon does.

    Notices are about failed runs, late days and checks that warn; the morning digest is one, too.
    """
    from orchestration.notices.channels import channels

    config = settings()
    if not channels(config):
        raise UsageError(
            "Notices have no channel: set YACP_SMTP_HOST, YACP_MAIL_FROM and YACP_MAIL_TO, or YACP_WEBHOOK_URL."
        )
    if test:
        _send_test_message(config)
        return
    import dagster as dg

    from orchestration.notices.sensor import send_notices
    from orchestration.runs.instance import prepare_instance

    prepare_instance(config)
    with dg.DagsterInstance.get() as instance:
        result = send_notices(config, instance)
    say(f"{result}.")
    if result.waiting:
        raise SystemExit(1)


@click.command()
@click.option("--preview", "address", metavar="EMAIL", required=True, help="Show what this person would get now.")
def digest(address: str) -> None:
    """Show the morning digest of a person on the staff extract. Nothing is sent.

    It compares with the last digest that the person was sent, or else with the day published before.
    """
    from orchestration.notices.digest import preview, recipients

    config = settings()
    notice = preview(config, address, datetime.now(ZoneInfo(CHICAGO)))
    click.echo(f"{notice.subject}\n\n{notice.text}", nl=False)
    if notice.to not in recipients(config).values():
        say("This address is not in YACP_DIGEST_TO, so no digest is sent to it.")


def _send_test_message(config: Settings) -> None:
    """One message per channel, so that a broken one doesn't hide another."""
    from orchestration.notices.channels import channels
    from orchestration.notices.outbox import example_notice

    problems = []
    for channel in channels(config):
        try:
            remark = channel.send(example_notice(datetime.now(ZoneInfo(CHICAGO))))
        except YacpError as error:
            problems.append(f"{channel.name}: not sent; {error}.")
        else:
            say(f"{channel.name}: sent{'; ' if remark else ''}{remark}")
    if problems:
        fail("\n".join(problems), 1)


def _prepared() -> Settings:
    """Makes this process one of Dagster's, on our instance; returns the settings."""
    # A shell that starts something in the background has it ignore SIGINT, by which Dagster ends on SIGTERM too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from orchestration.runs.instance import prepare_instance
    from orchestration.warehouse.dbt_project import environment

    config = settings()
    prepare_instance(config)
    os.environ.update(environment(config))
    return config
