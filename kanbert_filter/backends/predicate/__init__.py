"""A checked filter as a Python function on records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from typing import Any, Final, Protocol, TypeVar
from weakref import ref

from ...checked import CheckedFilter
from ...context import Context, Moment
from ...meaning.lowering import lower
from ...meaning.tests import AllOf, AnyOf, Test
from .code import VARIABLES, Access, Shape, arranged, waiting
from .shapes import FILTERS, Codes, Constants, apart, shape_of

R = TypeVar("R")

FEW_CONDITIONS: Final = 32
"""Filters with more conditions are compiled at once."""

SOON: Final = 100
"""How often a predicate of a shape never seen before is asked until it is compiled."""


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
    context = context or _DEFAULT_CONTEXT
    moment = Moment(context)
    constants: Constants = [(access, True), context.storage_timezone, context.timezone]
    shape = shape_of(checked, moment, constants)
    codes = FILTERS.get((shape, access, True))
    if codes is not None:
        matches = (codes.compiled or codes.matching)(constants)
    else:
        if access not in ("mapping", "attribute"):
            raise ValueError(f"access is {access!r}, expected 'mapping' or 'attribute'")
        codes = Codes(shape, constants, FILTERS)
        may_wait = 1 < _conditions(shape) <= FEW_CONDITIONS
        matches = _waiting(lower(checked, moment.context), codes, constants) if may_wait else codes.matching(constants)
    matches.select = partial(_select, codes, constants)
    return matches  # type: ignore[no-any-return]


def _select(codes: Codes, constants: Constants, records: Iterable[R], /) -> list[R]:
    return codes.selecting(constants)(records)  # type: ignore[no-any-return]


_DEFAULT_CONTEXT: Final = Context()


def _waiting(test: Test, codes: Codes, constants: Constants) -> Any:
    """A function for a shape never seen before, which may never come again and be asked for one record only.

    To compile it would cost as much as hundreds of answers. So the functions of its conditions answer, whose code many filters
    share, and only if it is asked again and again is the whole compiled, and the function's code exchanged.
    """
    _, answer = _composed(test, constants)
    asked = count(1)

    def answer_and_count(record: Any) -> bool:
        nonlocal answer
        if next(asked) % SOON == 0 and (waiting_one := itself()) is not None:
            try:
                compiled = codes.matching(constants)
            except (MemoryError, RecursionError):  # whoever asks may be near the end of the stack: try again later
                return answer(record)
            _exchange(waiting_one, compiled)
            answer = compiled  # for those who came in before
        return answer(record)

    matches = waiting()([answer_and_count, *constants[1:]])
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


def _composed(test: Test, constants: Constants) -> tuple[Shape, Callable[[Any], bool]]:
    """The shape of a test, and a function made of functions for its conditions, which asks them in the order of compiled code."""
    if not isinstance(test, (AllOf, AnyOf)):
        return apart(test, constants, top=True)
    decisive = isinstance(test, AnyOf)
    word = "any" if decisive else "all"
    members = [_composed(inner, constants) for inner in test.tests]
    functions = {id(shape): function for shape, function in members}
    parts = [functions[id(shape)] for alike in arranged(word, [shape for shape, _ in members]) for shape in alike]

    def answer(record: Any) -> bool:
        for part in parts:
            if part(record) is decisive:
                return decisive
        return not decisive

    return (word, tuple([shape for shape, _ in members])), answer


def _conditions(shape: Shape) -> int:
    """How many conditions a shape has."""
    return sum(map(_conditions, shape[1])) if shape[0] == "all" or shape[0] == "any" else 1
