"""The command line. Exit status 0: done; 1: not published, checks blocked it; 2: bad input or usage.

Commands import what they use when they run: Dagster, dbt and DuckDB take seconds that `yacp --help` doesn't need.
"""

import os

import click
from pydantic import ValidationError

from orchestration.cli.lineage_command import show_lineage
from orchestration.cli.privacy_commands import forget, retention
from orchestration.cli.read_commands import (
    changes,
    checks,
    customer,
    deliveries,
    list_customers,
    quarantine,
    show,
    sync_problems,
)
from orchestration.cli.run_commands import accept, backfill, generate, run
from orchestration.cli.service_commands import daemon, dev, digest, disable, enable, notify, serve, ui
from orchestration.cli.setup_commands import docs, doctor, status
from orchestration.cli.source_commands import pull_sources, source
from orchestration.cli.state_commands import repair, verify
from orchestration.cli.terminal import fail
from orchestration.failures import YacpError, failure_behind
from orchestration.internals.process import skip_final_gc

COMMANDS = (
    accept, backfill, changes, checks, customer, daemon, deliveries, dev, digest, disable, docs, doctor, enable, forget,
    generate, list_customers, notify, pull_sources, quarantine, repair, retention, run, serve, show, show_lineage,
    source, status, sync_problems, ui, verify,
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="yacp")
def cli() -> None:
    """The Youth Apprenticeship & Career Pathways dashboard as a checked warehouse."""


for command in COMMANDS:
    cli.add_command(command)


@skip_final_gc()
def main() -> None:
    """The entry point: a foreseeable failure is one line on standard error and an exit status, never a stack trace."""
    os.umask(0o077)  # also for the programs that this process becomes or starts
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        fail("Stopped. Nothing half done is published; run the same command to start again.", 130)
    except click.ClickException as error:
        error.show()
        raise SystemExit(2) from None
    except ValidationError as error:
        wrong = "; ".join(f"YACP_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        fail(f"Invalid setting: {wrong}.", 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader of our output, such as head, is gone
    except PermissionError as error:
        fail(f"Permission denied: {error.filename}. Get access to it, or use another folder.", 2)
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename or 'a file'}. Fix it, or use another folder.", 2)
    except YacpError as error:
        fail(str(error), error.exit_status)
    except Exception as error:
        if (failure := failure_behind(error)) is None:
            raise
        fail(str(failure), failure.exit_status)


if __name__ == "__main__":
    main()
