"""Who is asking: the address that a proxy signed in, or the one given with ``--as`` on the machine itself."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from dashboard.refusals import Forbidden
from dashboard.settings import Settings

_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True)
class Identity:
    """Decides who a request is from. With neither proxies nor ``--as`` configured it is from nobody."""

    settings: Settings
    as_email: str = ""

    def of(self, request: HTTPConnection) -> str:
        """The e-mail address in lower case; ``Forbidden`` when nobody vouches for it."""
        return self._local(request) if self.as_email else self._signed_in(request)

    def _local(self, request: HTTPConnection) -> str:
        """Only this machine, by its own name, and nobody in between.

        Another site's page can't reach it under a name of its own, and a proxy in front doesn't make all the world
        the person of ``--as``.
        """
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname
        if not _is_loopback(request) or name not in _LOCAL_NAMES or any(h in request.headers for h in _FORWARDED):
            raise Forbidden("only_local")
        return self.as_email.strip().lower()

    def _signed_in(self, request: HTTPConnection) -> str:
        if not self._is_proxy(request):
            raise Forbidden("nobody")
        values = request.headers.getlist(self.settings.identity_header)
        if len(values) != 1:
            raise Forbidden("nobody")
        email = values[0].strip().lower()
        if not email or "," in email or " " in email:
            raise Forbidden("nobody")
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
