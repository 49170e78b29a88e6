"""A checked filter as a Python function on records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from threading import Lock
from typing import Any, Final, Protocol, TypeVar, cast
from weakref import ref

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
from ..values import Number
from .code import ANSWER, CONSTANTS, VARIABLES, Access, Code, Shape, matching, selecting, waiting
from .patterns import holds_one, like, one_fits
from .records import EXACT_FLOATS, Kind, for_floats

R = TypeVar("R")

SOON: Final = 100
"""How often a predicate of a shape never seen before is asked until it is compiled."""

MAX_SHAPES: Final = 256
"""How many shapes keep their code."""

MAX_SHAPE_CONSTANTS: Final = 200
"""Filters with more constants are compiled anew each time, and at once: their shape hardly comes again."""

LONG_GROUP: Final = 200
"""Groups with more members are spread over several functions: Python's compiler takes quadratic time for a long expression."""

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
    test = lower(checked, context)
    constants: Constants = [(access, context, True), context.storage_timezone, context.timezone]
    shape = _SHAPES[test.__class__](test, constants)
    codes = _CODES.get((shape, access, True))
    if codes is not None:
        matches = codes.matching(constants)
    else:
        codes = _Codes(shape, constants)
        matches = _waiting(test, codes, constants) if _may_wait(test, constants) else codes.matching(constants)
    chosen = None

    def select(records: Iterable[Any], /) -> list[Any]:
        nonlocal chosen
        if chosen is None:
            chosen = codes.selecting(constants)
        return chosen(records)  # type: ignore[no-any-return]

    matches.select = select
    return matches  # type: ignore[no-any-return]


_DEFAULT_CONTEXT: Final = Context()


Constants = list[Any]
"""The constants of a shape in the order of its numbers. In place of the answer (see `code`) stands what they are for, a `Purpose`."""

Purpose = tuple[Access, Context, bool]
"""How records are read, in which context, and whether they are those on top or related ones."""


# code, and when it is made


class _Codes:
    """What filters of one shape share: code that lacks their constants, made when it is first needed."""

    __slots__ = ("_made_for", "_matching", "_selecting")

    def __init__(self, shape: Shape, constants: Constants, *, keep: bool = True) -> None:
        access, _, top = constants[ANSWER]
        self._made_for = shape, access, top
        self._matching: Code | None = None
        self._selecting: Code | None = None
        if keep and len(constants) <= MAX_SHAPE_CONSTANTS:
            with _CODES_LOCK:
                if len(_CODES) >= MAX_SHAPES:
                    del _CODES[next(iter(_CODES))]
                _CODES[self._made_for] = self

    def matching(self, constants: Constants) -> Any:
        """The function that answers for one record."""
        code = self._matching
        if code is None:
            code = self._matching = matching(*self._made_for)
        return code.bound(constants)

    def selecting(self, constants: Constants) -> Any:
        """The function that answers for many."""
        if self._selecting is None:
            self._selecting = selecting(*self._made_for)
        return self._selecting.bound(constants)


_CODES: Final[dict[tuple[Shape, Access, bool], _Codes]] = {}
"""The codes of the shapes that were made last: by shape, access, and whether for records on top."""

_CODES_LOCK: Final = Lock()


def _may_wait(test: Test, constants: Constants) -> bool:
    """Whether a test has conditions that other filters may have too, and not too many."""
    return isinstance(test, (AllOf, AnyOf)) and max(len(test.tests), len(constants)) <= MAX_SHAPE_CONSTANTS


def _waiting(test: Test, codes: _Codes, constants: Constants) -> Any:
    """A function for a shape never seen before, which may never come again and be asked for one record only.

    To compile it would cost as much as hundreds of answers. So the functions of its conditions answer, whose code many filters
    share, and only if it is asked again and again is the whole compiled, and the function's code exchanged.
    """
    answer = _composed(test, constants)
    asked = count(1)

    def answer_and_count(record: Any) -> bool:
        if next(asked) == SOON and (waiting_one := itself()) is not None:
            _exchange(waiting_one, codes.matching(constants))
        return answer(record)

    matches = waiting().bound([answer_and_count, *constants[1:]])
    itself = ref(matches)  # were it held, only the garbage collector could free the two
    return matches


def _exchange(waiting_one: Any, compiled: Any) -> None:
    """Give a waiting function the code of a compiled one, at a moment: others may be asking it. It holds the constants already."""
    for name, cell, other in zip(
        compiled.__code__.co_freevars, waiting_one.__closure__, compiled.__closure__, strict=True
    ):
        if name in VARIABLES:
            cell.cell_contents = other.cell_contents
    waiting_one.__code__ = compiled.__code__


def _composed(test: Test, constants: Constants) -> Callable[[Any], bool]:
    """A function for a test, made of functions for the conditions in it."""
    if not isinstance(test, (AllOf, AnyOf)):
        return _apart(test, constants, top=True)
    parts = [_composed(inner, constants) for inner in test.tests]
    decisive = isinstance(test, AnyOf)

    def answer(record: Any) -> bool:
        for part in parts:
            if part(record) is decisive:
                return decisive
        return not decisive

    return answer


def _apart(test: Test, constants: Constants, *, top: bool, keep: bool = True) -> Callable[[Any], bool]:
    """A function for a test on its own."""
    access, context, _ = constants[ANSWER]
    own = [(access, context, top), *constants[1:CONSTANTS]]
    shape = _SHAPES[test.__class__](test, own)
    codes = _CODES.get((shape, access, top)) or _Codes(shape, own, keep=keep)
    return codes.matching(own)  # type: ignore[no-any-return]


# shapes


def _group(test: AllOf | AnyOf, constants: Constants) -> Shape:
    tests = test.tests
    shapes: list[Shape] = []
    if len(tests) <= LONG_GROUP:
        for inner in tests:
            shapes.append(_SHAPES[inner.__class__](inner, constants))
    else:
        for start in range(0, len(tests), LONG_GROUP):
            part = test.__class__(tests[start : start + LONG_GROUP])
            constants.append(_apart(part, constants, top=constants[ANSWER][2], keep=False))
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
    constants.append(_apart(test.test, constants, top=False))
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
