"""Scopes, and how they are written in addresses, on the command line and in logs. Needs the standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass


class InvalidScope(ValueError):
    """A text that names no scope; the message says how to write one."""


@dataclass(frozen=True)
class Scope:
    """Whose customers: everyone's in the state, an LWIA's or a provider's."""

    type: str
    id: str

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Reads ``statewide``, ``lwia:7`` or ``provider:P001``, and the longer ``statewide:IL`` and ``lwia:07``.

        ``str`` gives the short form. ``InvalidScope`` for anything else.
        """
        scope_type, _, scope_id = text.partition(":")
        if scope_type == "statewide" and scope_id in ("", STATEWIDE.id):
            return STATEWIDE
        if scope_type == "lwia" and re.fullmatch(r"[0-9]{1,9}", scope_id):
            return cls("lwia", str(int(scope_id)))
        if scope_type == "provider" and re.fullmatch(r"\S(?:.{0,98}\S)?", scope_id):
            return cls("provider", scope_id)
        raise InvalidScope(f"{text} is not a scope; write statewide, lwia:NUMBER or provider:ID.")

    def __str__(self) -> str:
        return self.type if self.type == "statewide" else f"{self.type}:{self.id}"


STATEWIDE = Scope("statewide", "IL")
