"""A bounded cache for what is expensive to make from a release. It belongs to the release, so it can't be stale."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from cachetools import LRUCache

T = TypeVar("T")


class BoundedCache:
    """The least recently used entry goes when there are too many. ``None`` is never kept. Safe to share by threads."""

    def __init__(self, max_entries: int) -> None:
        self._entries: LRUCache[Hashable, Any] = LRUCache(max_entries)
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """The value of a key, or ``None``."""
        with self._lock:
            return self._entries.get(key)

    def get_or_make(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made now if it isn't there; two threads may make it at once, and both are right."""
        cached: T | None = self.get(key)
        if cached is not None:
            return cached
        value = make()
        if value is not None:
            with self._lock:
                self._entries[key] = value
        return value
