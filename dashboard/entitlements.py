"""Who may see what: the rows of ``customers.entitlements`` for one e-mail address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.errors import Forbidden
from dashboard.scopes import STATEWIDE, Scope


@dataclass(frozen=True)
class Viewer:
    """A person and what the staff extract entitles them to: each scope, widest first, and whether with lists."""

    email: str
    grants: Mapping[Scope, bool]

    @property
    def default_scope(self) -> Scope:
        """What they see first: the widest of their scopes."""
        return next(iter(self.grants))

    @property
    def sees_all(self) -> bool:
        """Whether they may see every scope, because they may see the whole state."""
        return STATEWIDE in self.grants

    def may_list(self, scope: Scope) -> bool:
        """Whether they may see the customers behind the counts."""
        return self.grants.get(STATEWIDE, False) or self.grants.get(scope, False)

    def require(self, scope: Scope, *, lists: bool = False) -> None:
        """``Forbidden`` unless they may see it; the same answer whether the scope exists or not."""
        if not self.sees_all and scope not in self.grants:
            raise Forbidden("not_your_scope")
        if lists and not self.may_list(scope):
            raise Forbidden("counts_only")
