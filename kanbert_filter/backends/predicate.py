"""A checked filter as a Python function on records."""

from __future__ import annotations

from collections.abc import Iterable
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
    Test,
    Text,
    lower,
)
from .code import Access, Factory, Shape, matching, selecting
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
    """A compiled filter: a function on a record, and on many."""

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
    shape = _shape(lower(checked, context), constants)
    code = _code(shape, access, len(constants))
    bound = context.storage_timezone, context.timezone, *constants
    matches = code.matching(*bound)
    chosen = None

    def select(records: Iterable[Any], /) -> list[Any]:
        nonlocal chosen
        if chosen is None:
            chosen = code.selecting()(*bound)
        return cast("list[Any]", chosen(records))

    matches.select = select  # type: ignore[attr-defined]
    return cast("Predicate", matches)


_DEFAULT_CONTEXT: Final = Context()


class _Code:
    """What filters of one shape share: code that takes the time zones and the constants."""

    __slots__ = ("_arguments", "_selecting", "matching")

    def __init__(self, shape: Shape, access: Access, constants: int) -> None:
        self._arguments = shape, access, constants
        self._selecting: Factory | None = None
        self.matching = matching(shape, access, constants)

    def selecting(self) -> Factory:
        if self._selecting is None:
            self._selecting = selecting(*self._arguments)
        return self._selecting


_CODES: Final[dict[tuple[Shape, Access], _Code]] = {}
_CODES_LOCK: Final = Lock()


def _code(shape: Shape, access: Access, constants: int) -> _Code:
    """The code of a shape, kept for the shapes that were made last."""
    if constants > MAX_SHAPE_CONSTANTS:
        return _Code(shape, access, constants)
    key = shape, access
    code = _CODES.get(key)
    if code is None:
        code = _Code(shape, access, constants)
        with _CODES_LOCK:
            if len(_CODES) >= MAX_SHAPES:
                del _CODES[next(iter(_CODES))]
            _CODES[key] = code
    return code


def _shape(test: Test, constants: list[object]) -> Shape:
    """The test without its constants, which are added to the list as the code wants them."""
    match test:
        case AllOf(tests):
            return "all", tuple([_shape(inner, constants) for inner in tests])
        case AnyOf(tests):
            return "any", tuple([_shape(inner, constants) for inner in tests])
        case Text(column, operator, needles):
            index = len(constants)
            if operator == "like":
                constants.append(one_fits([like(needle) for needle in needles]))
                return "text", column, "fits", 1, index
            if operator == "contains" and len(needles) > FEW_NEEDLES:
                constants.append(holds_one(needles))
                return "text", column, "fits", 1, index
            if operator == "contains" or len(needles) == 1:
                constants.extend(needles)
                return "text", column, operator, len(needles), index
            constants.append(needles)
            return "text", column, operator, 1, index
        case Order(column, operator, constant):
            index = len(constants)
            constants.append(constant)
            family = _family(constant)
            if family == "exact":
                constants.append(for_floats(cast("Any", constant), operator))
            return "order", column, family, operator, index
        case Equal(column, constant, negated):
            index = len(constants)
            family = _family(constant)
            constants.append(Kind(constant) if family == "boolean" and column.kind == "custom" else constant)
            if family == "exact":
                constants.append(for_floats(cast("Any", constant), "eq"))
            return "equal", column, family, negated, index
        case OneOf(column, several, negated):
            index = len(constants)
            families = {_family(constant) for constant in several}
            constants.append(frozenset(several))
            if "exact" in families:
                constants.append(frozenset([for_floats(cast("Any", constant), "eq") for constant in several]))
            return "oneof", column, "exact" if "exact" in families else families.pop(), negated, index
        case Null(column, negated):
            return "null", column, negated
        case Between(column, low, high, negated):
            constants += low, high
            return "between", column, negated, len(constants) - 2
        case Related(column, operator, inner):
            return "related", column, operator, None if inner is None else _shape(inner, constants)
        case Counted(column, operator, number):
            constants.append(number)
            return "counted", column, operator, len(constants) - 1
        case Always(value):
            return "always", value


def _family(constant: Constant) -> str:
    """How a constant compares: numbers that floats are not simply compared with are `exact`."""
    if constant.__class__ is int:
        return "number" if -EXACT_FLOATS <= constant <= EXACT_FLOATS else "exact"
    return _FAMILIES[constant.__class__]


_FAMILIES: Final[dict[type, str]] = {str: "text", Decimal: "exact", bool: "boolean", date: "moment", datetime: "moment"}
