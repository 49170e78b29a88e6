"""From the text of a shape to functions: what is compiled is shared by all filters of one shape, and kept in caches.

Three caches stand one behind the other. `FILTERS` and `CONDITIONS` know shapes; `FACTORIES` knows texts, in which no names are,
so shapes on other fields find their code there. All are bounded by size, since anybody may send shapes of any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

from ...context import Context
from . import records
from .caches import BoundedCache
from .code_text import Access, matching_text, selecting_text
from .shapes import Constants, Shape, conditions_of, inner_shape, number_of_constants, shape_size

Function = Callable[[Any], Any]
"""A `matches(record)` or a `select(records)`."""

Factory = Callable[..., Function]
"""Compiled code that lacks its `rest`: the context, the constants and the names."""

MOST_VARIABLES: Final = 7
"""How many constants and names, of those looked at first, are closure variables. Each costs a call about one nanosecond, whether it is
looked at or not, and saves two of each look-up; with seven, filters of three to twelve conditions are fastest."""

MAX_SIZE: Final = 4096
"""How many constants and names the shapes in one cache have together; their code takes one or two KiB for each."""

MAX_TEXT: Final = 500_000
"""How many characters the compiled texts have together; their code takes some ten bytes for each."""

LARGE: Final = 400
"""Larger shapes are not kept: they hardly come again."""


class Code:
    """What filters of one shape share. Each function is written and compiled when it is first needed."""

    __slots__ = ("_inner", "_matching", "_selecting", "access", "shape", "top", "variables")

    def __init__(self, shape: Shape, access: Access, *, top: bool = True) -> None:
        self.shape = shape
        self.access = access
        self.top = top
        self.variables = min(shape_size(shape, inner=False), MOST_VARIABLES)
        self._inner = [*_inner_code(shape, access, top=top)]
        self._matching: tuple[Factory, tuple[object, ...]] | None = None
        self._selecting: tuple[Factory, tuple[object, ...]] | None = None

    def matching(self, constants: Constants, context: Context) -> Function:
        """The function that answers for one record."""
        if self._matching is None:
            text, names = matching_text(self.shape, self.access, top=self.top, variables=self.variables)
            self._matching = factory(text), names
        return self._bound(self._matching, constants, context)

    def selecting(self, constants: Constants, context: Context) -> Function:
        """The function that gives those of many records that match."""
        if self._selecting is None:
            text, names = selecting_text(self.shape, self.access, top=self.top)
            self._selecting = factory(text), names
        return self._bound(self._selecting, constants, context)

    def _bound(self, made: tuple[Factory, tuple[object, ...]], constants: Constants, context: Context) -> Function:
        """The function of a factory, with functions in place of the lists of constants for shapes inside."""
        make, names = made
        if self._inner:
            constants = constants.copy()
            for index, code in self._inner:
                constants[index] = code.matching(constants[index], context)
        return make((None, context, *constants, *names))


def _inner_code(shape: Shape, access: Access, *, top: bool) -> Iterator[tuple[int, Code]]:
    """For each shape inside, the index of its constants and its code."""
    index = 0
    for condition in conditions_of(shape):
        inner = inner_shape(condition)
        if inner is not None:
            is_part = condition[0] == "apart"
            yield index, Code(inner, access, top=top) if is_part else condition_code(inner, access, top=False)
        index += number_of_constants(condition)


FILTERS: Final[BoundedCache[tuple[Shape, Access], Code]] = BoundedCache(most=256, size=MAX_SIZE)
"""The code of whole filters."""

CONDITIONS: Final[BoundedCache[tuple[Shape, Access, bool], Code]] = BoundedCache(most=256, size=MAX_SIZE)
"""The code of what has functions of its own: conditions of filters seen for the first time, and what is said of related records."""


def condition_code(shape: Shape, access: Access, *, top: bool) -> Code:
    """The code of one condition, or of what a filter says of related records."""
    found = CONDITIONS.get((shape, access, top))
    if found is None:
        found = Code(shape, access, top=top)
        if (size := shape_size(shape)) <= LARGE:
            CONDITIONS.put((shape, access, top), found, size)
    return found


# compiling


_ENVIRONMENT: Final[dict[str, Any]] = {
    **{kind.__name__: kind for kind in (AttributeError, bool, date, datetime, dict, float, int, str)},
    **{function.__name__: function for function in (all, any, getattr, len, map)},
    **{name: getattr(records, name) for name in records.__all__},
    "UTC": UTC,
    "__builtins__": {},
}
"""All that the code may name, beside its own variables."""

FACTORIES: Final[BoundedCache[str, Factory]] = BoundedCache(most=512, size=MAX_TEXT)
"""What texts were compiled to."""


def factory(text: str) -> Factory:
    """What a text defines."""
    found = FACTORIES.get(text)
    if found is None:
        space: dict[str, Any] = {}
        exec(compile(text, "<predicate>", "exec", dont_inherit=True), _ENVIRONMENT, space)
        found = space["factory"]
        FACTORIES.put(text, found, len(text))
    return found
