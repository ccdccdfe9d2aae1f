"""Numbers as people in Illinois write them. Needs the standard library only."""

from __future__ import annotations


def percent(share: float | None) -> str:
    """A share from 0 to 1 in whole percent; empty for ``None``, and never ``0%`` for more than nothing."""
    if share is None:
        return ""
    text = f"{share:.0%}"
    return "<1%" if text == "0%" and share > 0 else text
