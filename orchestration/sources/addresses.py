"""What may be shown of the address of a location: all of it, unless something in it may be a secret."""

import re

from orchestration.failures import UsageError
from orchestration.state.plain_text import escaped

_PROTOCOLS = re.compile(r"^(?:[A-Za-z0-9+.-]+:(?::|/{1,3}))+")
_PASSWORD = re.compile(r":(?!\d{1,5}(?:/|$))[^@]*@", re.DOTALL)


def has_secret(address: str) -> bool:
    """Whether an address carries a password, a query, or a fragment, even if it isn't written as an address should be.

    A path on this machine may have any sign in it.
    """
    if ":" not in address or address.startswith(("/", ".", "~")):
        return False
    rest = _PROTOCOLS.sub("", address)
    return bool(_PASSWORD.search(rest)) or "?" in rest or "#" in rest


def shown(address: str) -> str:
    """The address for a message, a log, or a table."""
    return "an address that is not shown, because it may carry a secret" if has_secret(address) else escaped(address)


def require_no_secret(setting: str, address: str) -> None:
    """``UsageError`` for an address with a secret: it would end up in shell histories, process lists, and logs."""
    if has_secret(address):
        raise UsageError(
            f"{setting} carries a password or a query string and is not printed here. Remove it: passwords "
            "come from the environment or from a file, as docs/deliveries.md explains."
        )
