"""What engines can take at most: filters beyond it are refused before a statement is made, not by the database.

The bounds are the tightest of the engines the back end is held to. Everything within the default limits stays far inside them; only
limits that were raised lead here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from ...errors import Problem, UnsupportedFilterError
from ...meaning import AllOf, Always, AnyOf, Column, Constant, Equal, OneOf, Order, Related, Test, Text
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
    match test:
        case AllOf(tests) | AnyOf(tests):
            return _load_of_group([_load(inner) for inner in tests])
        case Related(_, operator, inner):
            within = _NOTHING if inner is None else _load(inner)
            return Load(within.parameters, within.nesting + _RELATION[operator], within.height + 10)
        case Text(column, _, needles):
            _ensure_short(needles)
            return _load_of_group([_leaf(column)] * len(needles))
        case OneOf(column, constants, _):
            _ensure_numbers(constants)
            one = _leaf(column)
            if column.kind in ("date", "datetime"):
                return _load_of_group([one] * len(constants))
            return one._replace(parameters=one.parameters + len(constants))
        case Equal() | Order():
            _ensure_numbers([test.constant])
        case Always():
            return _NOTHING
    return _leaf(test.column)


_NOTHING: Final = Load(0, 0, 0)
_RELATION: Final = {"any": 10, "none": 12, "all": 15}
_PARAMETERS: Final = {"custom": 5, "date": 2, "datetime": 4}


def _leaf(column: Column) -> Load:
    return Load(_PARAMETERS.get(column.kind, 1), nesting=8, height=12)


def _load_of_group(items: Sequence[Load]) -> Load:
    nesting, height, width = 0, 0, len(items)
    while width:
        nesting += 3
        height += min(width, ROW)
        width = 0 if width <= ROW else -(-width // ROW)
    deepest = max(item.nesting for item in items)
    return Load(sum(item.parameters for item in items), nesting + deepest, height + max(item.height for item in items))


def _ensure_short(needles: Iterable[str]) -> None:
    if any(len(needle) > MAX_PATTERN for needle in needles):
        raise _unsupported(f"a text of more than {MAX_PATTERN} characters to look for, expected at most that")


def _ensure_numbers(constants: Iterable[Constant]) -> None:
    if any(isinstance(c, Decimal) and max(abs(c.adjusted()), len(c.as_tuple().digits)) > MAX_DIGITS for c in constants):
        raise _unsupported(f"a number of more than {MAX_DIGITS} digits, expected at most that")


def _unsupported(found: str) -> UnsupportedFilterError:
    return UnsupportedFilterError(Problem("unsupported", f"The filter holds {found}, in SQL databases"))
