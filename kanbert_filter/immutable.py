"""Values that never change: the ground the tree, the limits and the errors stand on."""

from __future__ import annotations


class Immutable:
    """A slotted value: equal by its parts, hashable, picklable, and closed to assignment.

    Subclasses name their slots, fill them with `_fill`, and list in `__match_args__` what their constructor takes; unpickling calls
    the constructor again, so what it refuses cannot come in through a pickle either.
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
