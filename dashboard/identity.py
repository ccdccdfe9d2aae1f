"""Who sent a request, and what they may see."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.requests import HTTPConnection

from dashboard.errors import Forbidden
from dashboard.scopes import STATEWIDE, Scope
from dashboard.settings import Settings

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""This machine's own names in a Host header."""
_HOST = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9.-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253})")
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def plain_address(text: str) -> str | None:
    """An e-mail address with its ASCII letters in lower case; ``None`` for anything but a plain one.

    Nothing is trimmed or folded: Unicode has blanks and letters that would become somebody else's address.
    """
    return text.lower() if _ADDRESS.fullmatch(text) else None


def host_name(connection: HTTPConnection) -> str | None:
    """The name in the Host header, in lower case; ``None`` unless there is exactly one and it is nothing but a host."""
    values = connection.headers.getlist("host")
    found = _HOST.fullmatch(values[0]) if len(values) == 1 else None
    return found[1].lower() if found else None


@dataclass(frozen=True)
class Identity:
    """Decides who sent a request: the person whom a proxy signed in, or the one given with ``--as`` on this machine.

    Without proxies and without ``--as``, every request is refused.
    """

    settings: Settings
    as_email: str = ""

    def email_of(self, request: HTTPConnection) -> str:
        """The e-mail address in lower case; ``Forbidden`` when no trusted proxy gave one."""
        return self._local_person(request) if self.as_email else self._signed_in_person(request)

    def _local_person(self, request: HTTPConnection) -> str:
        """The person of ``--as``, for this machine under its own name and with nothing in between.

        So another site can't reach the dashboard through a name that points here, and a proxy in front doesn't make
        everyone this person.
        """
        address = _address_of(request)
        is_local = address is not None and address.is_loopback and host_name(request) in LOCAL_NAMES
        if not is_local or any(header in request.headers for header in _FORWARDED):
            raise Forbidden("only_local")
        return self.as_email

    def _signed_in_person(self, request: HTTPConnection) -> str:
        values = request.headers.getlist(self.settings.identity_header)
        email = plain_address(values[0].strip(" \t")) if len(values) == 1 and self._is_proxy(request) else None
        if email is None:
            raise Forbidden("not_signed_in")
        return email

    def _is_proxy(self, request: HTTPConnection) -> bool:
        address = _address_of(request)
        address = getattr(address, "ipv4_mapped", None) or address
        return address is not None and any(address in network for network in self.settings.proxies)


def _address_of(request: HTTPConnection) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(request.client.host if request.client else "")
    except ValueError:
        return None


@dataclass(frozen=True)
class Viewer:
    """A person and their rows of ``lists.entitlements``: each scope, widest first, and whether with lists.

    ``has_customers`` says whether they are the career planner of anybody, and may list.
    """

    email: str
    grants: Mapping[Scope, bool]
    has_customers: bool = False

    @property
    def default_scope(self) -> Scope:
        """What they see first: the widest of their scopes."""
        return next(iter(self.grants))

    @property
    def sees_all(self) -> bool:
        """Whether they may see every scope, because they may see the whole state."""
        return STATEWIDE in self.grants

    @property
    def may_compare(self) -> bool:
        """Whether there is more than one place to compare."""
        return self.sees_all or len(self.grants) > 1

    def may_list(self, scope: Scope) -> bool:
        """Whether they may see the customers behind the counts."""
        return self.grants.get(STATEWIDE, False) or self.grants.get(scope, False)

    def require(self, scope: Scope, *, lists: bool = False) -> None:
        """``Forbidden`` unless they may see it; the same answer whether the scope exists or not."""
        if not self.sees_all and scope not in self.grants:
            raise Forbidden("not_your_scope")
        if lists and not self.may_list(scope):
            raise Forbidden("counts_only")
