"""Values that never change: what trees, limits and problems are made of."""

from __future__ import annotations

from typing import Self


class Immutable:
    """A slotted value: equal by its parts, hashable, picklable, its own copy, and closed to assignment.

    A subclass names its slots, fills them with `_fill`, and lists in `__match_args__` what its constructor takes. Unpickling
    calls the constructor again, so what that refuses does not come in through a pickle either.
    """

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()

    def _fill(self, **slots: object) -> None:
        for name, value in slots.items():
            object.__setattr__(self, name, value)

    def _key(self) -> tuple[object, ...]:
        """What equality and hash look at."""
        return self._arguments()

    def _arguments(self) -> tuple[object, ...]:
        """What the constructor takes, in order."""
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed; build a new one instead")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed; build a new one instead")

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.__class__, self._key()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._arguments()))})"

    def __reduce__(self) -> tuple[object, ...]:
        return self.__class__, self._arguments()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self
