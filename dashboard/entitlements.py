"""Who may see what: the rows of ``customers.entitlements`` for one e-mail address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dashboard.errors import Forbidden
from dashboard.scopes import SCOPE_TYPES, STATEWIDE, Scope


@dataclass(frozen=True)
class Viewer:
    """A person and what the staff extract entitles them to: each scope, and whether with customer lists."""

    email: str
    grants: tuple[tuple[Scope, bool], ...]

    @classmethod
    def with_grants(cls, email: str, grants: Iterable[tuple[Scope, bool]]) -> Viewer:
        """A person with all their rows, widest scope first; two rows of one scope give the union."""
        merged: dict[Scope, bool] = {}
        for scope, may_list in grants:
            merged[scope] = merged.get(scope, False) or may_list
        by_width = sorted(merged.items(), key=lambda grant: (SCOPE_TYPES.index(grant[0].type), grant[0].id))
        return cls(email, tuple(by_width))

    @cached_property
    def _may_list_by_scope(self) -> dict[Scope, bool]:
        return dict(self.grants)

    @property
    def default_scope(self) -> Scope:
        """What they see first: the widest of their scopes."""
        return self.grants[0][0]

    @property
    def sees_all(self) -> bool:
        """Whether they may see every scope, because they may see the whole state."""
        return STATEWIDE in self._may_list_by_scope

    def may_see(self, scope: Scope) -> bool:
        """Whether they may see the counts of the scope."""
        return self.sees_all or scope in self._may_list_by_scope

    def may_list(self, scope: Scope) -> bool:
        """Whether they may see the customers behind the counts."""
        return self._may_list_by_scope.get(STATEWIDE, False) or self._may_list_by_scope.get(scope, False)

    def require(self, scope: Scope, *, lists: bool = False) -> None:
        """``Forbidden`` unless they may see it; the same answer whether the scope exists or not."""
        if not self.may_see(scope):
            raise Forbidden("not_your_scope")
        if lists and not self.may_list(scope):
            raise Forbidden("counts_only")
