"""From a checked filter to its shape at once: a faster copy of `lower` followed by `shape_of`.

Most filters have nothing to merge, to leave out or to divide, and then their shape can be found without making the tests between.
That takes 0.55 to 0.6 of the time (1.9 µs instead of 3.5 for three conditions, 6.9 instead of 11.9 for twelve), and it is most of
what a predicate of a known shape costs, which many servers make with every request. At whatever is not plain `outlined` gives up,
and the other two do the work: so the rules about groups are written once, in `meaning.lowering`.
`test_an_outline_is_the_shape_of_the_lowered_filter` holds both equal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from itertools import chain
from typing import Any, Final

from ...checked import CheckedFilter
from ...context import Moment
from ...endpoints.field_table import FieldTable
from ...kinds import exhaustive
from ...meaning.lowering import LOWERED, PLAIN, Lowering
from ...meaning.tests import Order, Test, Text
from ...nodes import And, Comparison, Filter, Or
from .shapes import LONG_GROUP, SHAPED, Constants, Manner, Shape, manner_of


def outlined(checked: CheckedFilter, moment: Moment, constants: Constants) -> Shape | None:
    """The shape of what a filter means, its constants added to the empty list; None, and no constants, where it is not plain.

    Raises `ContextError` as `lower` does.
    """
    if checked.__class__ is not CheckedFilter or len(checked.parts) != 1:
        return None
    [part] = checked.parts
    table: Any = part.table
    try:
        return _OUTLINED[part.filter.__class__](_Outline(moment, table, constants), part.filter)
    except _NotPlainError:
        constants.clear()
        return None


class _NotPlainError(Exception):
    """Something in a filter is to be merged, left out or divided."""


class _Outline(Lowering):
    """Lowers a filter to its shape. What a method does not know itself, it leaves to the one of `Lowering`."""

    __slots__ = ("constants",)

    def __init__(self, moment: Moment, table: FieldTable, constants: Constants) -> None:
        self.moment = moment
        self.table = table
        self.columns = table.columns
        self.prefix = ""
        self.constants = constants

    def made(self, test: Test) -> Shape:
        return SHAPED[test.__class__](test, self.constants)

    def comparison(self, node: Comparison) -> Shape:
        column = self.columns.get(node.field) or self.column(node.field)
        operator = node.operator
        value: Any = node.value
        if column.settle is not None:
            value = column.settle(operator, value, self.moment, column.path)
        test = PLAIN[operator]
        if test is Text and operator != "like":
            self.constants.append(value if column.case_sensitive else value.lower())
            return "text", column, operator, 1
        manner = _MANNERS.get(value.__class__) or (manner_of(value) if value.__class__ is int else "exact")
        # These need more than one constant as it is.
        if manner == "exact" or column.kind == "custom" or test is Text:
            return Lowering.comparison(self, node)  # type: ignore[no-any-return]
        self.constants.append(value)
        if test is Order:
            return "order", column, manner, operator
        return "equal", column, manner, operator == "ne"

    def group(self, node: And | Or) -> Shape:
        word = "all" if node.__class__ is And else "any"
        shapes: list[Shape] = []
        constants = self.constants
        # Of what may want merging, the place of the first constant: by column, or by column and text operator.
        first_alike: dict[object, int] = {}
        # By such places, the needles to be looked for together.
        merged: dict[int, list[Any]] = {}
        for item in node.items:
            index = len(constants)
            shape = _OUTLINED[item.__class__](self, item)
            look = shape[0]
            if look == "text":
                if word == "any" and (first := first_alike.setdefault(shape[1:3], index)) != index:
                    if shape[2] != "startswith" and shape[2] != "endswith":
                        raise _NotPlainError
                    merged.setdefault(first, [constants[first]]).append(constants.pop())
                    continue
            elif look == "equal" or look == "oneof":
                if first_alike.setdefault(shape[1], index) != index:
                    raise _NotPlainError
            elif look == word or look == "always":
                raise _NotPlainError
            shapes.append(shape)
        if not 1 < len(shapes) <= LONG_GROUP:
            raise _NotPlainError
        for first, needles in merged.items():  # only now, once for all of them
            different = tuple(dict.fromkeys(chain.from_iterable(map(_as_tuple, needles))))
            constants[first] = different if len(different) > 1 else different[0]
        return word, tuple(shapes)


def _as_tuple(needles: str | tuple[str, ...]) -> tuple[str, ...]:
    return needles if isinstance(needles, tuple) else (needles,)


_MANNERS: Final[dict[type, Manner]] = {str: "text", bool: "boolean", date: "moment", datetime: "moment"}
"""What `manner_of` says without a look at the constant itself. Decimals, and what is no constant, are left to `Lowering`."""

_OUTLINED: Final[dict[type, Callable[[Any, Any], Shape]]] = exhaustive(
    Filter, {**LOWERED, Comparison: _Outline.comparison, And: _Outline.group, Or: _Outline.group}
)
