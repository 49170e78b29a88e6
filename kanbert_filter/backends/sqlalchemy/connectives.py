"""AND, OR and NOT of SQL, made to mean what the language means and to keep within what engines can take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, and_, false, func, not_, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Condition = ColumnElement[bool]

ROW: Final = 50
"""How many conditions stand in one flat row. SQLite nests what is flat, to a depth of 1000 at most: longer rows become trees."""


def all_true(conditions: Sequence[Condition]) -> Condition:
    """The conditions joined by AND."""
    return _joined(and_, conditions) if conditions else true()


def any_true(conditions: Sequence[Condition]) -> Condition:
    """The conditions joined by OR."""
    return _joined(or_, conditions) if conditions else false()


def untrue(condition: Condition) -> Condition:
    """Not true: false, or unknown, which the language does not know."""
    return not_(func.coalesce(condition, false()))


class apart(FunctionElement[bool]):
    """A condition in parentheses that SQLAlchemy does not take away."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> apart:
        """Itself: it stands in parentheses."""
        return self


@compiles(apart)
def _apart(element: apart, compiler: SQLCompiler, **how: Any) -> str:
    return f"({compiler.process(*element.clauses, **how)})"


def _joined(join: Callable[..., Condition], conditions: Sequence[Condition]) -> Condition:
    while len(conditions) > ROW:
        rows = [conditions[start : start + ROW] for start in range(0, len(conditions), ROW)]
        conditions = [apart(join(*row)) for row in rows]
    return join(*conditions) if len(conditions) > 1 else conditions[0]
