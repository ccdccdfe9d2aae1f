"""Who sent a request: the person whom a proxy signed in, or the one given with ``--as`` on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from dashboard.errors import Forbidden
from dashboard.settings import Settings

_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True)
class Identity:
    """Decides who sent a request. Without proxies and without ``--as``, every request is refused."""

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
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname
        address = _address_of(request)
        is_local = address is not None and address.is_loopback and name in _LOCAL_NAMES
        if not is_local or any(header in request.headers for header in _FORWARDED):
            raise Forbidden("only_local")
        return self.as_email.strip().lower()

    def _signed_in_person(self, request: HTTPConnection) -> str:
        values = request.headers.getlist(self.settings.identity_header)
        email = values[0].strip().lower() if len(values) == 1 and self._is_proxy(request) else ""
        if not email or "," in email or " " in email:
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
