"""Starts the Dagster UI behind its guard, alone or with the daemon."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.identity import Identity, plain_address
from dashboard.settings import WrongSetting, read_settings
from orchestration.failures import UsageError, YacpError
from orchestration.health.status import as_metrics, status
from orchestration.internals.dagster_webserver import dagster_application
from orchestration.operator_ui.guard import Guard
from orchestration.runs.instance import MODULE
from orchestration.settings import Settings

_HERE = "127.0.0.1"
_OPERATOR = "operator"


def serve_ui(config: Settings, port: int) -> None:
    """Serves until it is stopped; ``UsageError`` when the settings would let in somebody unknown, or nobody."""
    identity = _identity(config)
    with dagster_application(MODULE) as application:
        print(f"The Dagster UI is at http://{_HERE}:{port}/ (press Ctrl+C to stop)", file=sys.stderr)
        guard = Guard(_with_metrics(application, config), identity, config.ui_host_names, config.ui_addresses)
        uvicorn.run(guard, host=_HERE, port=port, proxy_headers=False, server_header=False, log_level="warning")


def _with_metrics(application: ASGIApp, config: Settings) -> ASGIApp:
    """The application, with the numbers of ``yacp status`` at /metrics."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/metrics":
            await application(scope, receive, send)
            return
        try:
            found = await run_in_threadpool(status, config, datetime.now(UTC))
            response = PlainTextResponse(as_metrics(found), media_type="text/plain; version=0.0.4")
        except YacpError as error:
            response = PlainTextResponse(f"{error}\n", status_code=503)
        await response(scope, receive, send)

    return answer


def _identity(config: Settings) -> Identity:
    """Anybody at this machine; with users in the settings, the person whom a proxy signed in."""
    try:
        trusted = read_settings(published=config.published)
    except WrongSetting as error:
        raise UsageError(str(error)) from None
    if not config.ui_addresses:
        if config.ui_host_names:
            raise UsageError(
                "YACP_UI_HOSTS opens the Dagster UI to other machines, so YACP_UI_USERS must say who may use it."
            )
        return Identity(trusted, _OPERATOR)
    if not all(map(plain_address, config.ui_addresses)):
        raise UsageError("YACP_UI_USERS must be e-mail addresses like team@example.org, separated by commas.")
    if not trusted.proxies:
        raise UsageError("YACP_UI_USERS needs a proxy that signs people in: name it in YACP_DASHBOARD_PROXIES.")
    return Identity(trusted)


def run_side_by_side(*commands: Sequence[str]) -> int:
    """Runs several of our commands until one ends or this process is asked to stop, then stops the others.

    Each is in a group of its own: Ctrl-C reaches them once, from here. Returns the exit status of the first to end.
    """
    yacp = str(Path(sys.executable).with_name("yacp"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running = [subprocess.Popen([yacp, *command], start_new_session=True) for command in commands]
    status = 0
    try:
        ended, code = os.wait()
        status = os.waitstatus_to_exitcode(code)
        running = [process for process in running if process.pid != ended]
    except KeyboardInterrupt:
        pass
    finally:
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            with suppress(KeyboardInterrupt):
                process.wait()
    return status
