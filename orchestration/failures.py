"""Foreseeable failures as types: each carries the sentence that the operator reads, and its exit status.

None of them is mended by trying again, so no retry is allowed to turn one green. Messages name files, rows and
columns, never a value from a row.
"""

from __future__ import annotations


class YacpError(Exception):
    """A failure we foresaw. Its text is the whole message: what is wrong, what stays safe, what to do."""

    exit_status = 2


class UsageError(YacpError):
    """What was asked for does not exist: a scope, a line, a day, a folder."""


class DeliveryRefused(YacpError):
    """A delivery breaks the contract as a whole; nothing of it was taken, the last good day stays published."""


class ChecksBlocked(YacpError):
    """Checks of severity error failed; nothing was published."""

    exit_status = 1


class BuildFailed(YacpError):
    """A step broke in a way that no delivery or argument explains; nothing was published."""

    exit_status = 1
