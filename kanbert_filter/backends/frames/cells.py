"""The value of a field in a frame, and how an engine compares it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...context import Context
from ...errors import Problem, UnsupportedFilterError
from ...meaning.patterns import pieces
from ...meaning.tests import Column, OrderOperator, TextOperator
from ..columns.finding import column_error
from ..columns.lines import Line, Numbers, Timestamps, line_of
from ..columns.logic import E
from ..columns.placing import Cell
from .engine import NULLS, Engine, Typed

MAX_DECIMALS: Final = 6
"""Engines agree on how a Decimal of so many decimals is written; with more, some write small ones with an exponent."""

MAX_RUNS: Final = 100
"""More `%`, or more `_` behind one, are refused: the time that the engines' expressions take grows with them."""


def frame_cell(column: Column, found: Typed | None, engine: Engine[E], context: Context) -> Cell[E]:
    """What was found as the value of a field. Raises `ColumnError` if it cannot hold the field's values."""
    if found is None:
        return NullCell(NULLS, column, engine, None, None)
    unread = engine.unread(found.type)
    if unread:
        raise column_error(column, f"its column holds {unread}; convert it")
    value, type = engine.plain(*found)
    held = engine.held(type)
    storage = held if isinstance(held, Line | Timestamps) else None
    line = storage if storage is NULLS else line_of(column.kind, storage, context)
    if line is None:
        raise column_error(column, f"its column holds {found.type}, which is no {column.kind}; cast it")
    return FrameCell(line, column, engine, value, type)


class FrameCell(Cell[E]):
    """The value of an expression. `column` is for messages."""

    __slots__ = ("column", "engine", "logic", "operations", "type", "value")

    def __init__(self, line: Line, column: Column, engine: Engine[E], value: Any, type: Any) -> None:
        self.line = line
        self.column = column
        self.engine = self.logic = engine
        self.operations = engine.operations
        self.value = value
        self.type = type

    def null(self, negated: bool) -> E | bool:
        found: E = self.operations.is_null(self.value)
        return self.engine.negation(found) if negated else found

    def among(self, values: Sequence[Any], negated: bool) -> E:
        found = (
            self._compared("eq", values[0]) if len(values) == 1 else self.engine.one_of(self.value, values, self.type)
        )
        return self.engine.where_present(self.value, self.engine.negation(found) if negated else found)

    def ordered(self, operator: OrderOperator, value: Any) -> E:
        return self.engine.where_present(self.value, self._compared(operator, value))

    def as_is(self) -> E:
        return self.value  # type: ignore[no-any-return]

    def lowered(self) -> E:
        return self.operations.lower(self.value)  # type: ignore[no-any-return]

    def number_text(self) -> E:
        decimals = -self.line.unit.adjusted() if isinstance(self.line, Numbers) else None
        if decimals is None or decimals > MAX_DECIMALS:
            part = f"text operators on numbers held as {self.type}"
            raise unsupported_part(self.column, part, f"hold them as Decimal with at most {MAX_DECIMALS} decimals")
        text = self.operations.written(self.value)
        for mark in "0." if decimals else "":
            text = self.operations.stripped(text, mark)
        return text  # type: ignore[no-any-return]

    def fits(self, text: E, operator: TextOperator, needle: str) -> E:
        match operator:
            case "contains":
                found = self.operations.contains(text, needle)
            case "startswith":
                found = self.operations.starts(text, needle)
            case "endswith":
                found = self.operations.ends(text, needle)
            case "like":
                found = self._like(text, needle)
        return self.engine.where_present(self.value, found)

    def _like(self, text: E, pattern: str) -> E:
        """Whether the whole text matches the pattern, in time linear in the text."""
        parts = pieces(pattern)
        if len(parts) > MAX_RUNS or sum([piece.count(None) for piece in parts[1:]]) > MAX_RUNS:
            part = f"a pattern with {MAX_RUNS} '%' or more, or more '_' than that behind one"
            raise unsupported_part(self.column, part, "write fewer")
        [first, *others] = [part for part in parts if part] or [[]]
        if len(parts) == 1 or others or None in first:
            found = self.operations.matches(text, self.operations.pattern(pattern))
        else:  # one run of letters and no `_`
            side = (
                self.operations.starts if parts[0] else self.operations.ends if parts[-1] else self.operations.contains
            )
            found = side(text, "".join(filter(None, first)))
        return found  # type: ignore[no-any-return]

    def _compared(self, operator: str, value: Any) -> E:
        return self.operations.compared[operator](self.value, self.engine.constant(value, self.type))  # type: ignore[no-any-return]


class NullCell(FrameCell[E]):
    """The value of a field that a wildcard admitted and nothing holds: null in every row."""

    __slots__ = ()

    def null(self, negated: bool) -> bool:
        return not negated


def unsupported_part(column: Column, part: str, remedy: str, by: str = "data frame") -> UnsupportedFilterError:
    """The error for a part of a filter that no data frame can say."""
    message = f"Found {part}, which no {by} can say here; {remedy}"
    return UnsupportedFilterError(Problem("unsupported", message, column.path))
