"""Connections in bounds: a request's header is whole within seconds and kilobytes, or its connection is closed.

uvicorn limits neither. This stands between the socket and uvicorn's own protocol, and uses nothing of it but what every
``asyncio.Protocol`` has.
"""

import asyncio
import re
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEADER_BYTES = 16_384
HEADER_SECONDS = 10.0
MAX_CONNECTIONS = 500
_END_OF_HEADER = re.compile(rb"\n\r?\n")
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BoundedProtocol(asyncio.Protocol):
    """One connection. When there are too many, the oldest that hasn't sent a whole header gives way to a new one."""

    _open: ClassVar[dict["BoundedProtocol", None]] = {}

    def __init__(self, **arguments: Any) -> None:
        self._server: Any = AutoHTTPProtocol(**arguments)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._size = 0
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts the time for the first header."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's aren't of the class
        self._open[self] = None
        if len(self._open) > MAX_CONNECTIONS:
            oldest = next((one for one in self._open if one._timer is not None), self)
            oldest._abort()
        self._start_timer()
        self._server.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Counts what belongs to an unfinished header; the rest is uvicorn's. No request here has a body."""
        if self._timer is None:
            self._start_timer()
        first, *others = _END_OF_HEADER.split(self._tail + data)
        sizes = [self._size - len(self._tail) + len(first), *map(len, others)]
        rest, is_whole = (others or [first])[-1], bool(others)
        self._size, self._tail = sizes[-1], rest[-2:]
        if max(sizes) > HEADER_BYTES:
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write(_TOO_LARGE)
                self._transport.close()
            return
        if is_whole:
            self._stop_timer()
            if rest:
                self._start_timer()
        self._server.data_received(data)

    def eof_received(self) -> None:
        """As uvicorn has it."""
        self._server.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        self._stop_timer()
        self._open.pop(self, None)
        self._server.connection_lost(exc)

    def pause_writing(self) -> None:
        """As uvicorn has it."""
        self._server.pause_writing()

    def resume_writing(self) -> None:
        """As uvicorn has it."""
        self._server.resume_writing()

    def _start_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(HEADER_SECONDS, self._abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _abort(self) -> None:
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()
