"""Starts the dashboard so that only the people it is for can reach it."""

import logging
import sys
from ipaddress import ip_address
from typing import Any

import uvicorn

from dashboard.app import create_app
from dashboard.connections import BoundedProtocol
from dashboard.identity import plain_address
from dashboard.settings import WrongSetting, read_settings


class StartError(Exception):
    """The dashboard can't be started like this; the text says why and what to do."""


def serve(as_email: str = "", **overrides: Any) -> None:
    """Serves until it is stopped, with the settings of the environment and the given ones over them.

    ``StartError`` when a setting is wrong, or when ``as_email`` would admit people at other machines.
    """
    try:
        settings = read_settings(**overrides)
    except WrongSetting as error:
        raise StartError(str(error)) from None
    if as_email:
        address = plain_address(as_email.strip(" "))
        if address is None:
            raise StartError("--as takes the e-mail address of one person on the staff extract.")
        as_email = address
        if settings.proxies:
            raise StartError("--as treats every visitor as one person; leave out either it or YACP_DASHBOARD_PROXIES.")
        if not _is_loopback(settings.host):
            raise StartError(
                f"--as treats every visitor as one person, so it listens on 127.0.0.1 only, not on {settings.host}."
            )
    elif not settings.proxies:
        print(
            "Every request will be refused: use --as EMAIL to look at the dashboard on this machine, or set "
            "YACP_DASHBOARD_PROXIES to the addresses of the proxy that signs people in.",
            file=sys.stderr,
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    print(f"The dashboard is at http://{settings.host}:{settings.port}/ (press Ctrl+C to stop)", file=sys.stderr)
    # The threads that make pages share the interpreter with the one that answers, which should get its turn sooner.
    sys.setswitchinterval(0.001)
    # The address of the connection itself decides who asks: anybody can write a forwarded one. Addresses of pages stay
    # out of the log; the access log says who saw which list.
    uvicorn.run(
        create_app(settings, as_email),
        host=settings.host,
        port=settings.port,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        http=BoundedProtocol,
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
