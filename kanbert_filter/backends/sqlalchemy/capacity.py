"""What engines can take at most: filters beyond it are refused before a statement is made, not by the database.

The bounds are the tightest of the engines the back end is held to. Everything within the default limits stays far inside them; only
limits that were raised lead here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from ...errors import Problem, UnsupportedFilterError
from ...meaning.tests import (
    AllOf,
    Always,
    AnyOf,
    Between,
    Column,
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
from .connectives import ROW

MAX_PARAMETERS: Final = 32_000
"""SQLite takes 32 766 parameters, PostgreSQL's drivers 65 535; the rest is the statement's own."""

MAX_NESTING: Final = 85
"""SQLite's parser keeps 100 marks in mind (before version 3.46); the rest is for what stands around the condition."""

MAX_HEIGHT: Final = 900
"""SQLite's expressions are at most 1000 levels high, and a flat row of ANDs is as high as it is long."""

MAX_PATTERN: Final = 12_000
"""SQLite's patterns have at most 50 000 bytes; a character has up to four."""

MAX_DIGITS: Final = 1000
"""PostgreSQL's exact numbers reach a good deal further."""


class Load(NamedTuple):
    """What a test asks of an engine: parameters, marks of a parser, levels of an expression. Rather too much than too little."""

    parameters: int
    nesting: int
    height: int


def ensure_fits(test: Test) -> None:
    """Raises `UnsupportedFilterError` for a test that some engine could not take."""
    found = _load(test)
    if found.parameters > MAX_PARAMETERS:
        raise _unsupported(f"about {found.parameters} parameters, expected at most {MAX_PARAMETERS}")
    if found.nesting > MAX_NESTING or found.height > MAX_HEIGHT:
        raise _unsupported("more groups and relations inside each other than can be said")


def _load(test: Test) -> Load:
    return _LOADS[test.__class__](test)


def _nothing(test: Always) -> Load:
    return _NOTHING


def _group(test: AllOf | AnyOf) -> Load:
    return _joined([_load(inner) for inner in test.tests])


def _relation(test: Related) -> Load:
    within = _NOTHING if test.test is None else _load(test.test)
    return Load(within.parameters, within.nesting + _RELATION[test.operator], within.height + 10)


def _text(test: Text) -> Load:
    _ensure_short(test.needles)
    return _joined([_leaf(test.column)] * len(test.needles))


def _list(test: OneOf) -> Load:
    _ensure_numbers(test.constants)
    one = _leaf(test.column)
    if test.column.kind in ("date", "datetime"):
        return _joined([one] * len(test.constants))
    return one._replace(parameters=one.parameters + len(test.constants))


def _comparison(test: Equal | Order) -> Load:
    _ensure_numbers((test.constant,))
    return _leaf(test.column)


def _plain(test: Null | Between | Counted) -> Load:
    return _leaf(test.column)


_LOADS: Final[dict[type, Callable[[Any], Load]]] = {
    Always: _nothing,
    AllOf: _group,
    AnyOf: _group,
    Null: _plain,
    Equal: _comparison,
    OneOf: _list,
    Order: _comparison,
    Between: _plain,
    Text: _text,
    Related: _relation,
    Counted: _plain,
}

_NOTHING: Final = Load(0, 0, 0)
_LEAF: Final = Load(1, nesting=8, height=12)
_LEAVES: Final = {kind: _LEAF._replace(parameters=most) for kind, most in (("custom", 5), ("date", 2), ("datetime", 4))}
_RELATION: Final = {"any": 10, "none": 12, "all": 15}


def _leaf(column: Column) -> Load:
    return _LEAVES.get(column.kind, _LEAF)


def _joined(items: Sequence[Load]) -> Load:
    nesting, height, width = 0, 0, len(items)
    while width:
        nesting += 3
        height += min(width, ROW)
        width = 0 if width <= ROW else -(-width // ROW)
    parameters, nestings, heights = zip(*items, strict=True)
    return Load(sum(parameters), nesting + max(nestings), height + max(heights))


def _ensure_short(needles: Iterable[str]) -> None:
    if any(len(needle) > MAX_PATTERN for needle in needles):
        raise _unsupported(f"a text of more than {MAX_PATTERN} characters to look for, expected at most that")


def _ensure_numbers(constants: Iterable[Constant]) -> None:
    if any(isinstance(c, Decimal) and max(abs(c.adjusted()), len(c.as_tuple().digits)) > MAX_DIGITS for c in constants):
        raise _unsupported(f"a number of more than {MAX_DIGITS} digits, expected at most that")


def _unsupported(found: str) -> UnsupportedFilterError:
    return UnsupportedFilterError(Problem("unsupported", f"The filter holds {found}, in SQL databases"))
