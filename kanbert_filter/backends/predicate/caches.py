"""Caches that are bounded by the size of what they hold."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Held = TypeVar("Held")


class BoundedCache(Generic[Key, Held]):
    """Remembers values by key, up to so many of them and up to a total size, whose unit is the caller's.

    There are two generations. A new value enters the recent one; when that is half full, it becomes the old one, and what
    was the old one until then is forgotten. A value found in the old one enters the recent one again, so what is asked for
    often stays.

    There is no lock, on purpose: a lock that another thread holds during `fork` stays locked in the child for ever. Each step
    is one operation on a dictionary. Two threads that interfere may forget a value too early, or count one size twice or not
    at all, which the number of values bounds.

    >>> from kanbert_filter.backends.predicate.caches import BoundedCache
    >>> texts = BoundedCache(most=100, size=1000)
    >>> texts.put("a", "text", size=4)
    >>> texts.get("a"), texts.get("b")
    ('text', None)
    """

    __slots__ = ("_most", "_old", "_recent", "_size", "_used")

    def __init__(self, *, most: int, size: int) -> None:
        self._most = most // 2
        self._size = size // 2
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._recent: dict[Key, tuple[Held, int]] = {}
        self._old: dict[Key, tuple[Held, int]] = {}
        self._used = 0

    def get(self, key: Key) -> Held | None:
        """The value, or None."""
        found = self._recent.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                return None
            self.put(key, *found)
        return found[0]

    def put(self, key: Key, value: Held, size: int) -> None:
        """Remember a value. One that is larger than half of the cache is not remembered."""
        if size > self._size:
            return
        if self._used + size > self._size or len(self._recent) >= self._most:
            self._old = self._recent
            self._recent = {}
            self._used = 0
        self._recent[key] = value, size
        self._used += size

    def __len__(self) -> int:
        return len(self._recent.keys() | self._old.keys())

    def __contains__(self, key: Key) -> bool:
        return key in self._recent or key in self._old
