"""Starting the dashboard, so that it is open to those it is meant for and to nobody else."""

from __future__ import annotations

import logging
import sys
from ipaddress import ip_address
from typing import Any

import uvicorn
from pydantic import ValidationError

from dashboard.app import create_app
from dashboard.settings import Settings


class Misused(Exception):
    """What was asked for can't be; the text says why and what to do."""


def serve(as_email: str = "", **given: Any) -> None:
    """Serves until it is stopped, with the settings of the environment and those given.

    ``Misused`` when a setting is wrong, or when ``as_email`` would let others in than who is at this machine.
    """
    settings = _settings(given)
    if as_email:
        if settings.proxies:
            raise Misused("--as takes everybody for one person; leave it out, or YACP_DASHBOARD_PROXIES.")
        if not _is_loopback(settings.host):
            raise Misused(f"--as takes everybody for one person, so it listens on 127.0.0.1 only, not {settings.host}.")
    elif not settings.proxies:
        _say(
            "Nobody gets in: give --as EMAIL to look at it here, or the addresses of the proxy that signs people in as "
            "YACP_DASHBOARD_PROXIES."
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    _say(f"The dashboard is at http://{settings.host}:{settings.port}/ (stop it with Ctrl+C)")
    # A file that is written shares the interpreter with pages: it is to let them through at once.
    sys.setswitchinterval(0.001)
    # Who asks is the address of the connection itself: forwarded addresses are anybody's to write. The addresses of
    # pages stay out of the log; the access log says who saw which list.
    uvicorn.run(
        create_app(settings, as_email),
        host=settings.host,
        port=settings.port,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
    )


def _settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = "; ".join(f"YACP_DASHBOARD_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise Misused(f"A setting is wrong: {wrong}.") from None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
