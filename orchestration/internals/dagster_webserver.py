"""Dagster's web application as an ASGI application, so that something of ours can stand in front of it.

Depends on the storages of an instance, on ``WorkspaceProcessContext``, on how a module's name becomes its target, and
on ``create_app_from_workspace_process_context``: what ``dagster-webserver`` itself consists of, none of it documented.
Its command offers no way to put anything in front. When the names change, ``yacp ui`` doesn't start. Tried with Dagster
1.13.27.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._cli.workspace.cli_target import workspace_opts_to_load_target
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster_shared.cli import WorkspaceOpts
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.cli import (
    DEFAULT_DB_STATEMENT_TIMEOUT,
    DEFAULT_POOL_MAX_OVERFLOW,
    DEFAULT_POOL_RECYCLE,
)
from dagster_webserver.version import __version__
from starlette.types import ASGIApp


def create_databases() -> None:
    """Creates those of a new instance: two processes that do so at the same time are in each other's way."""
    with dg.DagsterInstance.get() as instance:
        _ = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)


@contextmanager
def dagster_application(module: str) -> Iterator[ASGIApp]:
    """The application over the definitions of a module, on the instance of ``DAGSTER_HOME``.

    The process that loads the definitions ends with the context.
    """
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW)
        target = workspace_opts_to_load_target(WorkspaceOpts(module_name=(module,)))
        with WorkspaceProcessContext(instance, version=__version__, workspace_load_target=target) as context:
            yield create_app_from_workspace_process_context(context)
