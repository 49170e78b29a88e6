"""From plain tests to their shape and their constants.

A *shape* is what remains of a test without its constants: nested tuples of a word, a column, and what decides how the code is
written. Filters that differ in constants only have one shape, and share its code. The constants are one list, in the order in
which the tests that they belong to stand in the filter, whatever order the code asks them in.

A shape inside another has constants of its own, in a list that is one constant of the outer shape. Such are the tests on
related records, and the parts of a very long group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, cast

from ...kinds import exhaustive
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
from ...values import Number, for_floats
from .patterns import holds_one, like, one_fits
from .records import EXACT_FLOATS, Unordered

Shape = tuple[Any, ...]

Constants = list[Any]

Manner = Literal["text", "number", "exact", "boolean", "moment"]
"""How a constant compares. An `exact` number is one that cannot be compared with floats as it is."""

LONG_GROUP: Final = 200
"""Groups with more members are divided into functions: Python's compiler takes quadratic time for a long expression."""

FEW_NEEDLES: Final = 8
"""Up to here each text of a `contains` is looked for by code of its own."""


def shape_of(test: Test, constants: Constants) -> Shape:
    """The shape of a test. Its constants are added to the list."""
    return SHAPED[test.__class__](test, constants)


def _all_shape(test: AllOf, constants: Constants) -> Shape:
    return "all", _member_shapes(test.tests, AllOf, constants)


def _any_shape(test: AnyOf, constants: Constants) -> Shape:
    return "any", _member_shapes(test.tests, AnyOf, constants)


def _member_shapes(
    tests: tuple[Test, ...], group: type[AllOf] | type[AnyOf], constants: Constants
) -> tuple[Shape, ...]:
    if len(tests) <= LONG_GROUP:
        return tuple([shape_of(test, constants) for test in tests])
    members: list[Shape] = []
    for start in range(0, len(tests), LONG_GROUP):
        own: Constants = []
        members.append(("apart", shape_of(group(tests[start : start + LONG_GROUP]), own)))
        constants.append(own)
    return tuple(members)


def _text_shape(test: Text, constants: Constants) -> Shape:
    column, operator, needles = test
    if operator == "like":
        constants.append(one_fits([like(needle) for needle in needles]))
        return "text", column, "fits", 1
    if operator == "contains" and len(needles) > FEW_NEEDLES:
        constants.append(holds_one(needles))
        return "text", column, "fits", 1
    if operator == "contains":
        constants += needles
        return "text", column, operator, len(needles)
    constants.append(needles if len(needles) > 1 else needles[0])
    return "text", column, operator, 1


def _order_shape(test: Order, constants: Constants) -> Shape:
    column, operator, constant = test
    manner = manner_of(constant)
    constants.append(constant)
    if manner == "exact":
        constants.append(for_floats(cast("Number", constant), operator))
    return "order", column, manner, operator


def _equal_shape(test: Equal, constants: Constants) -> Shape:
    column, constant, negated = test
    manner = manner_of(constant)
    constants.append(Unordered(constant) if manner == "boolean" and column.kind == "custom" else constant)
    if manner == "exact":
        constants.append(for_floats(cast("Number", constant), "eq"))
    return "equal", column, manner, negated


def _one_of_shape(test: OneOf, constants: Constants) -> Shape:
    column, several, negated = test
    manner = manner_of(several[0])
    if manner == "number" or manner == "exact":  # a single exact one decides how all are looked up
        manner = "exact" if "exact" in map(manner_of, several) else "number"
    unordered = column.kind == "custom" and manner == "boolean"
    constants.append(frozenset(map(Unordered, several) if unordered else several))
    if manner == "exact":
        constants.append(frozenset([for_floats(cast("Number", constant), "eq") for constant in several]))
    return "oneof", column, manner, negated


def _null_shape(test: Null, constants: Constants) -> Shape:
    return "null", test.column, test.negated


def _between_shape(test: Between, constants: Constants) -> Shape:
    constants += test.low, test.high
    return "between", test.column, test.negated


def _related_shape(test: Related, constants: Constants) -> Shape:
    if test.test is None:
        return "related", test.column, test.operator, None
    own: Constants = []
    constants.append(own)
    return "related", test.column, test.operator, shape_of(test.test, own)


def _counted_shape(test: Counted, constants: Constants) -> Shape:
    constants.append(test.number)
    return "counted", test.column, test.operator


def _always_shape(test: Always, constants: Constants) -> Shape:
    return "always", test.value


SHAPED: Final[dict[type, Callable[[Any, Constants], Shape]]] = exhaustive(
    Test,
    {
        AllOf: _all_shape,
        AnyOf: _any_shape,
        Text: _text_shape,
        Order: _order_shape,
        Equal: _equal_shape,
        OneOf: _one_of_shape,
        Null: _null_shape,
        Between: _between_shape,
        Related: _related_shape,
        Counted: _counted_shape,
        Always: _always_shape,
    },
)
"""By classes of tests, what gives the shape and adds the constants."""

_MANNERS: Final[dict[type, Manner]] = exhaustive(
    Constant, {str: "text", int: "number", Decimal: "exact", bool: "boolean", date: "moment", datetime: "moment"}
)


def manner_of(constant: Constant) -> Manner:
    """How a constant compares."""
    if constant.__class__ is int and not -EXACT_FLOATS <= constant <= EXACT_FLOATS:
        return "exact"
    return _MANNERS[constant.__class__]


# looking at shapes

ConditionWord = Literal["always", "null", "equal", "oneof", "order", "between", "text", "counted", "related", "apart"]
"""The first item of a shape that is no group (`all` or `any`); it says what the other items are."""


def conditions_of(shape: Shape) -> Iterator[Shape]:
    """The conditions of a shape, whatever groups they are in, in the order of their constants."""
    if shape[0] == "all" or shape[0] == "any":
        for member in shape[1]:
            yield from conditions_of(member)
    else:
        yield shape


def number_of_constants(condition: Shape) -> int:
    """How many constants a condition has in the list."""
    return _NUMBERS[condition[0]](condition)


def inner_shape(condition: Shape) -> Shape | None:
    """The shape that has constants of its own, if there is one in the condition."""
    if condition[0] == "related":
        return cast("Shape | None", condition[3])
    return cast("Shape", condition[1]) if condition[0] == "apart" else None


def shape_size(shape: Shape, *, inner: bool = True) -> int:
    """How many constants and names a shape has, which the size of its code follows; with those of the shapes inside, or without."""
    size = 0
    for condition in conditions_of(shape):
        size += number_of_constants(condition)
        if condition[0] not in _WITHOUT_COLUMN:
            size += len(condition[1].source)
        if inner and (inside := inner_shape(condition)) is not None:
            size += shape_size(inside)
    return size


def _one_or_two(condition: Shape) -> int:
    return 2 if condition[2] == "exact" else 1


_NUMBERS: Final[dict[str, Callable[[Shape], int]]] = exhaustive(
    ConditionWord,
    {
        "always": lambda condition: 0,
        "null": lambda condition: 0,
        "equal": _one_or_two,
        "oneof": _one_or_two,
        "order": _one_or_two,
        "between": lambda condition: 2,
        "text": lambda condition: condition[3],
        "counted": lambda condition: 1,
        "related": lambda condition: 0 if condition[3] is None else 1,
        "apart": lambda condition: 1,
    },
)

_WITHOUT_COLUMN: Final = frozenset({"always", "apart"})
