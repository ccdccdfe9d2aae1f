"""Who may see what: the rows of ``customers.entitlements`` for one address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dashboard.refusals import Forbidden, Missing

_TYPES = ("statewide", "lwia", "provider")
_SCOPE = re.compile(r"(?:statewide|lwia:(?:0|[1-9][0-9]{0,8})|provider:\S(?:.{0,98}\S)?)")


@dataclass(frozen=True)
class Scope:
    """Whose customers: statewide, an LWIA's or a provider's."""

    type: str
    id: str

    @classmethod
    def parse(cls, text: str) -> Scope:
        """``statewide``, ``lwia:7`` or ``provider:P001``, as ``str`` writes it and in no other way."""
        if not _SCOPE.fullmatch(text):
            raise Missing("no_such_scope")
        kind, _, name = text.partition(":")
        return cls(kind, name or "IL")

    def __str__(self) -> str:
        return self.type if self.type == "statewide" else f"{self.type}:{self.id}"


STATEWIDE = Scope("statewide", "IL")


@dataclass(frozen=True)
class Viewer:
    """A person and what the staff extract entitles them to: each scope, and whether with lists."""

    email: str
    grants: tuple[tuple[Scope, bool], ...]

    @classmethod
    def of(cls, email: str, grants: Iterable[tuple[Scope, bool]]) -> Viewer:
        """A person with all their rows; two rows of one scope give the union."""
        merged: dict[Scope, bool] = {}
        for scope, may_list in grants:
            merged[scope] = merged.get(scope, False) or may_list
        by_width = sorted(merged.items(), key=lambda grant: (_TYPES.index(grant[0].type), grant[0].id))
        return cls(email, tuple(by_width))

    @cached_property
    def _granted(self) -> dict[Scope, bool]:
        return dict(self.grants)

    @property
    def home(self) -> Scope:
        """Where they begin: the widest of their scopes."""
        return self.grants[0][0]

    @property
    def sees_all(self) -> bool:
        """Whether every scope is theirs, as the whole state is."""
        return STATEWIDE in self._granted

    def may_see(self, scope: Scope) -> bool:
        """Whether the counts of the scope are theirs to see."""
        return self.sees_all or scope in self._granted

    def may_list(self, scope: Scope) -> bool:
        """Whether the customers behind the counts are."""
        return self._granted.get(STATEWIDE, False) or self._granted.get(scope, False)

    def require(self, scope: Scope, *, lists: bool = False) -> None:
        """``Forbidden`` unless it is theirs; the same words whether there is such a scope or not."""
        if not self.may_see(scope):
            raise Forbidden("not_your_scope")
        if lists and not self.may_list(scope):
            raise Forbidden("counts_only")
