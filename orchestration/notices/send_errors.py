"""Why a notice was not sent, in words that are safe to show.

Addresses and passwords are secrets, so no message repeats what was sent, what a server answered, or where a webhook is.
"""

import smtplib
import ssl

from orchestration.failures import YacpError

TIMEOUT_SECONDS = 10


class NotSent(YacpError):
    """The notice was not sent. ``is_refused``: the receiver refused this message, but may accept others."""

    exit_status = 1

    def __init__(self, message: str, *, is_refused: bool = False, is_answered: bool = False) -> None:
        super().__init__(message)
        self.is_refused = is_refused
        self.is_answered = is_answered


def reason(error: BaseException) -> str:
    """What the operating system says about an error, but nothing that a server wrote."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason})"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it closed the connection"
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS} seconds"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
