"""AND, OR and NOT of an engine, over conditions of which some are known before a row is looked at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Generic, TypeVar, cast

E = TypeVar("E")
"""An engine's own expressions. A condition is one of them, or True or False where it is the same for every row."""


class Logic(ABC, Generic[E]):
    """How an engine joins and negates conditions. It is asked only about its own expressions, never about constants."""

    width: ClassVar[int]
    """How many conditions are joined in one flat group; a longer group becomes a tree."""

    @abstractmethod
    def conjunction(self, expressions: Sequence[E]) -> E:
        """Two or more expressions joined by AND."""

    @abstractmethod
    def disjunction(self, expressions: Sequence[E]) -> E:
        """Two or more expressions joined by OR."""

    @abstractmethod
    def negation(self, expression: E) -> E:
        """What is true where the expression is false; the expression is never unknown."""

    @abstractmethod
    def untruth(self, expression: E) -> E:
        """What is true where the expression is false or unknown, and else false."""

    def group(self, expression: E) -> E:
        """The expression as an item of a group of its own kind, which the engine does not flatten."""
        return expression

    def all_of(self, conditions: Iterable[E | bool]) -> E | bool:
        """The conditions joined by AND."""
        return self._joined(self.conjunction, conditions, neutral=True)

    def any_of(self, conditions: Iterable[E | bool]) -> E | bool:
        """The conditions joined by OR."""
        return self._joined(self.disjunction, conditions, neutral=False)

    def negated(self, condition: E | bool) -> E | bool:
        """The opposite of a condition that is never unknown."""
        return not condition if isinstance(condition, bool) else self.negation(condition)

    def untrue(self, condition: E | bool) -> E | bool:
        """The condition is false, or unknown, which the language does not know."""
        return not condition if isinstance(condition, bool) else self.untruth(condition)

    def _joined(self, join: Callable[[Sequence[E]], E], conditions: Iterable[E | bool], *, neutral: bool) -> E | bool:
        joined: list[E] = []
        for condition in conditions:
            if condition is (not neutral):
                return condition
            if condition is not neutral:
                joined.append(cast("E", condition))
        while len(joined) > self.width:
            rows = [joined[start : start + self.width] for start in range(0, len(joined), self.width)]
            joined = [self.group(join(row)) if len(row) > 1 else row[0] for row in rows]
        if not joined:
            return neutral
        return join(joined) if len(joined) > 1 else joined[0]
