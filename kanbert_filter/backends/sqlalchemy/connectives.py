"""AND, OR and NOT of SQL, made to mean what the language means and to keep within what engines can take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true
from sqlalchemy.sql.elements import Grouping

Condition = ColumnElement[bool]

_WIDTH: Final = 50
"""How many conditions stand in one flat row. SQLite nests what is flat, to a depth of 1000 at most: longer rows become trees."""


def all_true(conditions: Sequence[Condition]) -> Condition:
    """The conditions joined by AND."""
    return _joined(lambda items: and_(true(), *items), conditions)


def any_true(conditions: Sequence[Condition]) -> Condition:
    """The conditions joined by OR."""
    return _joined(lambda items: or_(false(), *items), conditions)


def untrue(condition: Condition) -> Condition:
    """Not true: false, or unknown, which the language does not know."""
    return not_(func.coalesce(condition, false()))


def _joined(join: Callable[[Sequence[Condition]], Condition], conditions: Sequence[Condition]) -> Condition:
    while len(conditions) > _WIDTH:
        rows = [conditions[start : start + _WIDTH] for start in range(0, len(conditions), _WIDTH)]
        conditions = [Grouping(join(row)) for row in rows]
    return join(conditions)
