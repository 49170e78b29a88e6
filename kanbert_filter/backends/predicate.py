"""A checked filter as a Python function on records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from threading import Lock
from typing import Any, Final, Protocol, TypeVar, cast

from ..checked import CheckedFilter
from ..context import Context
from ..meaning import (
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
    Text,
    lower,
)
from ..values import Number
from .code import Access, Code, Shape, matching, selecting
from .patterns import holds_one, like, one_fits
from .records import EXACT_FLOATS, Kind, for_floats

R = TypeVar("R")

MAX_SHAPES: Final = 256
"""How many shapes keep their code."""

MAX_SHAPE_CONSTANTS: Final = 200
"""Filters with more constants are compiled anew each time: their shape hardly comes again."""

FEW_NEEDLES: Final = 8
"""Up to here each text of a `contains` is looked for by code of its own."""


class Predicate(Protocol):
    """A compiled filter, as `compile_predicate` gives it: a function on a record, and on many."""

    def __call__(self, record: Any, /) -> bool:
        """Whether the record matches. Raises `RecordError` for a value that is not of its field's type."""

    def select(self, records: Iterable[R], /) -> list[R]:
        """The records that match, in their order, as one fast loop. Raises `RecordError`."""


def compile_predicate(
    checked: CheckedFilter, context: Context | None = None, *, access: Access = "mapping"
) -> Predicate:
    """A function that tells whether a record matches the filter.

    Records are mappings, or with `access="attribute"` objects (which may hold mappings). Without a context, `now` is the moment of
    compiling, days are UTC's, and nobody is `me.id`.

    Raises `ContextError` if the filter needs what the context lacks, and `TypeError` for a filter that was not checked.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"title": "string", "budget": "number"})
    >>> matches = kf.compile_predicate(projects.parse('title contains "acme" and budget >= 1000'))
    >>> matches({"title": "ACME Corp", "budget": 2500})
    True
    >>> matches.select([{"title": "Acme", "budget": 1}, {"title": "Acme", "budget": None}])
    []
    """
    if access not in ("mapping", "attribute"):
        raise ValueError(f"access is {access!r}, expected 'mapping' or 'attribute'")
    context = context or _DEFAULT_CONTEXT
    constants: list[object] = []
    test = lower(checked, context)
    shape = _SHAPES[test.__class__](test, constants)
    codes = _codes(shape, access, len(constants))
    matches = _bound(codes.matching, context, constants)
    chosen = None

    def select(records: Iterable[Any], /) -> list[Any]:
        nonlocal chosen
        if chosen is None:
            chosen = _bound(codes.selecting(), context, constants)
        return cast("list[Any]", chosen(records))

    matches.select = select  # type: ignore[attr-defined]
    return cast("Predicate", matches)


_DEFAULT_CONTEXT: Final = Context()


def _bound(code: Code, context: Context, constants: list[object]) -> Callable[[Any], Any]:
    return code.factory(*[getattr(context, zone) for zone in code.zones], *constants)


class _Codes:
    """What filters of one shape share: code that lacks their constants."""

    __slots__ = ("_arguments", "_selecting", "matching")

    def __init__(self, shape: Shape, access: Access, constants: int) -> None:
        self._arguments = shape, access, constants
        self._selecting: Code | None = None
        self.matching = matching(shape, access, constants)

    def selecting(self) -> Code:
        if self._selecting is None:
            self._selecting = selecting(*self._arguments)
        return self._selecting


_CODES: Final[dict[tuple[Shape, Access], _Codes]] = {}
_CODES_LOCK: Final = Lock()


def _codes(shape: Shape, access: Access, constants: int) -> _Codes:
    """The code of a shape, kept for the shapes that were made last."""
    if constants > MAX_SHAPE_CONSTANTS:
        return _Codes(shape, access, constants)
    key = shape, access
    codes = _CODES.get(key)
    if codes is None:
        codes = _Codes(shape, access, constants)
        with _CODES_LOCK:
            if len(_CODES) >= MAX_SHAPES:
                del _CODES[next(iter(_CODES))]
            _CODES[key] = codes
    return codes


def _group(test: AllOf | AnyOf, constants: list[object]) -> Shape:
    shapes = []
    for inner in test.tests:
        shapes.append(_SHAPES[inner.__class__](inner, constants))
    return "all" if test.__class__ is AllOf else "any", tuple(shapes)


def _text(test: Text, constants: list[object]) -> Shape:
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


def _order(test: Order, constants: list[object]) -> Shape:
    column, operator, constant = test
    index = len(constants)
    family = _family(constant)
    constants.append(constant)
    if family == "exact":
        constants.append(for_floats(cast("Number", constant), operator))
    return "order", column, family, operator, index


def _equal(test: Equal, constants: list[object]) -> Shape:
    column, constant, negated = test
    index = len(constants)
    family = _family(constant)
    constants.append(Kind(constant) if family == "boolean" and column.kind == "custom" else constant)
    if family == "exact":
        constants.append(for_floats(cast("Number", constant), "eq"))
    return "equal", column, family, negated, index


def _one_of(test: OneOf, constants: list[object]) -> Shape:
    column, several, negated = test
    index = len(constants)
    families = {_family(constant) for constant in several}
    kinds = column.kind == "custom" and families == {"boolean"}
    constants.append(frozenset(map(Kind, several) if kinds else several))
    if "exact" in families:
        constants.append(frozenset([for_floats(cast("Number", constant), "eq") for constant in several]))
    return "oneof", column, "exact" if "exact" in families else families.pop(), negated, index


def _null(test: Null, constants: list[object]) -> Shape:
    return "null", test.column, test.negated


def _between(test: Between, constants: list[object]) -> Shape:
    constants += test.low, test.high
    return "between", test.column, test.negated, len(constants) - 2


def _related(test: Related, constants: list[object]) -> Shape:
    inner = None if test.test is None else _SHAPES[test.test.__class__](test.test, constants)
    return "related", test.column, test.operator, inner


def _counted(test: Counted, constants: list[object]) -> Shape:
    constants.append(test.number)
    return "counted", test.column, test.operator, len(constants) - 1


def _always(test: Always, constants: list[object]) -> Shape:
    return "always", test.value


_SHAPES: Final[dict[type, Callable[[Any, list[object]], Shape]]] = {
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
