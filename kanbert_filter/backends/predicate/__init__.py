"""A checked filter as a Python function on records.

A filter takes one way through this package: to its shape and its constants (`outline`, or `shapes`), from the shape to the text of
code (`code_text`), to compiled code (`code`), and from that with its own constants to a function. Filters whose shape was seen before
enter where their code is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from ...checked import CheckedFilter
from ...context import Context, Moment, context_or_default
from ...meaning.lowering import lower
from ...meaning.tests import Test
from .code import FILTERS, LARGE, Code
from .code_text import Access as Access
from .outline import outlined
from .reading import (
    ensure_access,
    ensure_record as ensure_record,
    present_value as present_value,
    raw_value as raw_value,
    related_of as related_of,
)
from .shapes import Constants, Shape, conditions_of, shape_of, shape_size
from .waiting import waiting_predicate

R = TypeVar("R")

FEW_CONDITIONS: Final = 32
"""Filters with more conditions are compiled at once."""


class Predicate(Protocol):
    """A compiled filter, as `compile_predicate` gives it: a function on a record, and on many."""

    def __call__(self, record: Any, /) -> bool:
        """Whether the record matches.

        Raises `RecordError` for a value that is not of its field's type, and `TypeError` for a record that is no mapping, unless
        it was compiled with `access="attribute"`.
        """

    def select(self, records: Iterable[R], /) -> list[R]:
        """The records that match, in their order, as one fast loop. Raises the same errors."""


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
    context = context_or_default(context)
    moment = Moment(context)
    constants: Constants = []
    shape = outlined(checked, moment, constants)
    if shape is None:
        shape = shape_of(lower(checked, moment.context), constants)
    return _predicate(shape, constants, context, access)


def compile_test(test: Test, context: Context) -> Predicate:
    """A function that tells whether a mapping passes a plain test, such as one of those that a filter comes down to."""
    constants: Constants = []
    return _predicate(shape_of(test, constants), constants, context, "mapping")


def _predicate(shape: Shape, constants: Constants, context: Context, access: Access) -> Predicate:
    code = FILTERS.get((shape, access))
    if code is None:
        code = _new_code(shape, access)
        is_waiting = 1 < sum(1 for _ in conditions_of(shape)) <= FEW_CONDITIONS
        matches: Any = (waiting_predicate if is_waiting else Code.matching)(code, constants, context)
    else:
        matches = code.matching(constants, context)
    matches.select = partial(_select, code, constants, context)
    return matches  # type: ignore[no-any-return]


def _new_code(shape: Shape, access: Access) -> Code:
    ensure_access(access)
    code = Code(shape, access)
    if (size := shape_size(shape)) <= LARGE:
        FILTERS.put((shape, access), code, size)
    return code


def _select(code: Code, constants: Constants, context: Context, records: Iterable[R], /) -> list[R]:
    return code.selecting(constants, context)(records)  # type: ignore[no-any-return]
