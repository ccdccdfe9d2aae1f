"""Who sent a request: the person whom a proxy signed in, or the one given with ``--as`` on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
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
        if not _is_loopback(request) or name not in _LOCAL_NAMES or any(h in request.headers for h in _FORWARDED):
            raise Forbidden("only_local")
        return self.as_email.strip().lower()

    def _signed_in_person(self, request: HTTPConnection) -> str:
        if not self._is_proxy(request):
            raise Forbidden("not_signed_in")
        values = request.headers.getlist(self.settings.identity_header)
        if len(values) != 1:
            raise Forbidden("not_signed_in")
        email = values[0].strip().lower()
        if not email or "," in email or " " in email:
            raise Forbidden("not_signed_in")
        return email

    def _is_proxy(self, request: HTTPConnection) -> bool:
        try:
            address = ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.settings.proxies)


def _is_loopback(request: HTTPConnection) -> bool:
    try:
        return ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False
