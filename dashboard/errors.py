"""Requests that end in an error page. The page's text is in the translations, under the reason's name."""

from starlette.exceptions import HTTPException


class RequestError(HTTPException):
    """A request that gets no data: its status, and as detail the reason, which is a key of the translations."""

    status = 500

    def __init__(self, reason: str) -> None:
        super().__init__(self.status, reason)


class Forbidden(RequestError):
    """The visitor is unknown, or may not see this."""

    status = 403


class NotFound(RequestError):
    """There is no such scope, line, day or page."""

    status = 404


class TooMany(RequestError):
    """The visitor has as many requests of this kind in progress as one person may have."""

    status = 429


class Unavailable(RequestError):
    """This machine can't show anything right now."""

    status = 503
