"""From a checked filter to the shape of its code, and the code that filters of one shape share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from threading import Lock
from typing import Any, Final, cast

from ...checked import CheckedFilter
from ...context import Moment
from ...endpoints.field_table import FieldTable
from ...meaning.lowering import LOWERED, PLAIN, Lowering, lower
from ...meaning.tests import (
    AllOf,
    Always,
    AnyOf,
    Between,
    Constant,
    Counted,
    Equal,
    Null,
    OneOf,
    Order,
    Related,
    Test,
    Text,
)
from ...nodes import And, Comparison, Or
from ...values import Number, for_floats
from .code import ANSWER, CONSTANTS, Access, Code, Shape, matching, selecting
from .patterns import holds_one, like, one_fits
from .records import EXACT_FLOATS, Kind

MAX_SHAPES: Final = 256
"""How many shapes keep their code."""

MAX_SHAPE_CONSTANTS: Final = 200
"""Filters with more constants are compiled anew each time, and at once: their shape hardly comes again."""

LONG_GROUP: Final = 200
"""Groups with more members are spread over several functions: Python's compiler takes quadratic time for a long expression."""

FEW_NEEDLES: Final = 8
"""Up to here each text of a `contains` is looked for by code of its own."""

Constants = list[Any]
"""The constants of a shape in the order of its numbers. While it is made, its `Purpose` stands where a waiting function has its answer."""

Purpose = tuple[Access, bool]
"""How records are read, and whether they are those on top or related ones."""


# code, and when it is made


class Codes:
    """What filters of one shape share: code that lacks their constants, made when it is first needed."""

    __slots__ = ("_made_for", "_selecting", "compiled")

    compiled: Code | None
    """The code of `matching`, once it was needed."""

    def __init__(self, shape: Shape, constants: Constants, kept: Kept | None) -> None:
        self._made_for: tuple[Shape, Access, bool] = (shape, *constants[ANSWER])
        self.compiled = None
        self._selecting: Code | None = None
        if kept is not None and len(constants) <= MAX_SHAPE_CONSTANTS:
            with _LOCK:
                if len(kept) >= MAX_SHAPES:
                    del kept[next(iter(kept))]
                kept[self._made_for] = self

    def matching(self, constants: Constants) -> Any:
        """The function that answers for one record."""
        if self.compiled is None:
            self.compiled = matching(*self._made_for)
        return self.compiled(constants)

    def selecting(self, constants: Constants) -> Any:
        """The function that answers for many."""
        if self._selecting is None:
            self._selecting = selecting(*self._made_for)
        return self._selecting(constants)


Kept = dict[tuple[Shape, Access, bool], Codes]
"""The codes of the shapes that were made last: by shape, access, and whether for records on top."""

FILTERS: Final[Kept] = {}
"""The codes of whole filters."""

CONDITIONS: Final[Kept] = {}
"""The codes of what has functions of its own: conditions of filters seen for the first time, and what is said of related records."""

_LOCK: Final = Lock()


def apart(test: Test, constants: Constants, *, top: bool, kept: Kept | None = CONDITIONS) -> tuple[Shape, Any]:
    """The shape of a test on its own, and a function for it."""
    access, _ = constants[ANSWER]
    own = [(access, top), *constants[1:CONSTANTS]]
    shape = _SHAPES[test.__class__](test, own)
    codes = CONDITIONS.get((shape, access, top)) or Codes(shape, own, kept)
    return shape, codes.matching(own)


# shapes


def shape_of(checked: CheckedFilter, moment: Moment, constants: Constants) -> Shape:
    """The shape of what a filter means. Its constants are added to the list, in the order of the shape's numbers."""
    if checked.__class__ is CheckedFilter and len(checked.parts) == 1:
        part: Any = checked.parts[0]
        outline = _Outline(moment, part.table, constants)
        try:
            return _OUTLINED[part.filter.__class__](outline, part.filter)
        except _Unusual:
            del constants[CONSTANTS:]
    test = lower(checked, moment.context)
    return _SHAPES[test.__class__](test, constants)


class _Outline(Lowering):
    """Lowers a filter to its shape at once, without the tests between. Raises `_Unusual` where groups want more than that."""

    __slots__ = ("constants",)

    def __init__(self, moment: Moment, table: FieldTable, constants: Constants) -> None:
        self.moment = moment
        self.table = table
        self.columns = table.columns
        self.prefix = ""
        self.constants = constants

    def made(self, test: Test) -> Shape:
        return _SHAPES[test.__class__](test, self.constants)

    def comparison(self, node: Comparison) -> Shape:
        column = self.columns.get(node.field) or self.column(node.field)
        operator = node.operator
        value: Any = node.value
        if column.settle is not None:
            value = column.settle(operator, value, self.moment, column.path)
        constants = self.constants
        index = len(constants)
        test = PLAIN[operator]
        if test is Text and operator != "like":
            constants.append(value if column.case_sensitive else value.lower())
            return "text", column, operator, 1, index
        family = _FAMILIES.get(value.__class__) or (_family(value) if value.__class__ is int else None)
        if family is None or family == "exact" or column.kind == "custom" or test is Text:
            return Lowering.comparison(self, node)  # type: ignore[no-any-return]
        constants.append(value)
        if test is Order:
            return "order", column, family, operator, index
        return "equal", column, family, operator == "ne", index

    def group(self, node: And | Or) -> Shape:
        word = "all" if node.__class__ is And else "any"
        shapes: list[Shape] = []
        alike: dict[object, Shape] = {}  # by column, or by column and text operator, what may want merging
        for item in node.items:
            shape = _OUTLINED[item.__class__](self, item)
            look = shape[0]
            if look == "text":
                if word == "any" and (like_it := alike.setdefault(shape[1:3], shape)) is not shape:
                    _take_needles(like_it, self.constants)
                    continue
            elif look == "equal" or look == "oneof":
                if alike.setdefault(shape[1], shape) is not shape:
                    raise _Unusual
            elif look == word or look == "always":
                raise _Unusual
            shapes.append(shape)
        if not 1 < len(shapes) <= LONG_GROUP:
            raise _Unusual
        return word, tuple(shapes)


class _Unusual(Exception):
    """Something in a filter is to be merged, left out or divided."""


def _take_needles(shape: Shape, constants: Constants) -> None:
    """Add the needles of the last constant to those of a text test that takes several at once."""
    if shape[2] not in ("startswith", "endswith"):
        raise _Unusual
    more = constants.pop()
    both = [needles if isinstance(needles, tuple) else (needles,) for needles in (constants[shape[4]], more)]
    constants[shape[4]] = tuple(dict.fromkeys(chain.from_iterable(both)))


_OUTLINED: Final[dict[type, Callable[[Any, Any], Shape]]] = {
    **LOWERED,
    Comparison: _Outline.comparison,
    And: _Outline.group,
    Or: _Outline.group,
}


def _group(test: AllOf | AnyOf, constants: Constants) -> Shape:
    tests = test.tests
    shapes: list[Shape] = []
    if len(tests) <= LONG_GROUP:
        for inner in tests:
            shapes.append(_SHAPES[inner.__class__](inner, constants))
    else:
        for start in range(0, len(tests), LONG_GROUP):
            part = test.__class__(tests[start : start + LONG_GROUP])
            constants.append(apart(part, constants, top=constants[ANSWER][1], kept=None)[1])
            shapes.append(("apart", len(constants) - 1))
    return "all" if test.__class__ is AllOf else "any", tuple(shapes)


def _text(test: Text, constants: Constants) -> Shape:
    column, operator, needles = test
    index = len(constants)
    if len(needles) == 1 and operator != "like":
        constants.append(needles[0])
        return "text", column, operator, 1, index
    if operator == "like":
        constants.append(one_fits([like(needle) for needle in needles]))
        return "text", column, "fits", 1, index
    if operator == "contains" and len(needles) > FEW_NEEDLES:
        constants.append(holds_one(needles))
        return "text", column, "fits", 1, index
    if operator == "contains":
        constants += needles
        return "text", column, operator, len(needles), index
    constants.append(needles)
    return "text", column, operator, 1, index


def _order(test: Order, constants: Constants) -> Shape:
    column, operator, constant = test
    index = len(constants)
    family = _FAMILIES.get(constant.__class__) or _family(constant)
    constants.append(constant)
    if family == "exact":
        constants.append(for_floats(cast("Number", constant), operator))
    return "order", column, family, operator, index


def _equal(test: Equal, constants: Constants) -> Shape:
    column, constant, negated = test
    index = len(constants)
    family = _FAMILIES.get(constant.__class__) or _family(constant)
    constants.append(Kind(constant) if family == "boolean" and column.kind == "custom" else constant)
    if family == "exact":
        constants.append(for_floats(cast("Number", constant), "eq"))
    return "equal", column, family, negated, index


def _one_of(test: OneOf, constants: Constants) -> Shape:
    column, several, negated = test
    index = len(constants)
    family = _FAMILIES.get(several[0].__class__) or _family(several[0])
    if family == "number" or family == "exact":  # one of the numbers decides for all
        family = "exact" if "exact" in map(_family, several) else "number"
    kinds = column.kind == "custom" and family == "boolean"
    constants.append(frozenset(map(Kind, several) if kinds else several))
    if family == "exact":
        constants.append(frozenset([for_floats(cast("Number", constant), "eq") for constant in several]))
    return "oneof", column, family, negated, index


def _null(test: Null, constants: Constants) -> Shape:
    return "null", test.column, test.negated


def _between(test: Between, constants: Constants) -> Shape:
    constants += test.low, test.high
    return "between", test.column, test.negated, len(constants) - 2


def _related(test: Related, constants: Constants) -> Shape:
    if test.test is None:
        return "related", test.column, test.operator, None
    constants.append(apart(test.test, constants, top=False)[1])
    return "related", test.column, test.operator, len(constants) - 1


def _counted(test: Counted, constants: Constants) -> Shape:
    constants.append(test.number)
    return "counted", test.column, test.operator, len(constants) - 1


def _always(test: Always, constants: Constants) -> Shape:
    return "always", test.value


_SHAPES: Final[dict[type, Callable[[Any, Constants], Shape]]] = {
    AllOf: _group,
    AnyOf: _group,
    Text: _text,
    Order: _order,
    Equal: _equal,
    OneOf: _one_of,
    Null: _null,
    Between: _between,
    Related: _related,
    Counted: _counted,
    Always: _always,
}
"""What gives the shape of a test, and adds its constants to the list as the code wants them."""


def _family(constant: Constant) -> str:
    """How a constant compares: numbers that floats are not simply compared with are `exact`."""
    if constant.__class__ is int:
        return "number" if -EXACT_FLOATS <= constant <= EXACT_FLOATS else "exact"
    return _FAMILIES[constant.__class__]


_FAMILIES: Final[dict[type, str]] = {str: "text", Decimal: "exact", bool: "boolean", date: "moment", datetime: "moment"}
