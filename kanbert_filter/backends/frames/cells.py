"""The values of columns as expressions of Narwhals: what a column's type stores, and how it is compared."""

from __future__ import annotations

import operator as python
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import narwhals as nw
from narwhals.dtypes import DType

from ...context import Context
from ...errors import Problem, UnsupportedFilterError
from ...meaning.patterns import pieces
from ...meaning.tests import Column, OrderOperator, TextOperator
from ..columns.finding import column_error
from ..columns.lines import Booleans, Days, Floats, Line, Numbers, Storage, Texts, Timestamps, line_of
from ..columns.logic import Logic
from ..columns.placing import Cell
from .columns import Typed
from .engines import Comparison, Engine

Condition = nw.Expr | bool

MAX_DECIMALS: Final = 6
"""Engines agree on how a Decimal of so many decimals is written; with more, some write small ones with an exponent."""

MAX_RUNS: Final = 100
"""More `%`, or more `_` behind one, are refused: the time that the engines' expressions take grows with them."""


class FrameLogic(Logic[nw.Expr]):
    """AND, OR and NOT of expressions, joined as balanced trees, so that engines need not dig deep."""

    width = 2

    def conjunction(self, expressions: Sequence[nw.Expr]) -> nw.Expr:
        return expressions[0] & expressions[1]

    def disjunction(self, expressions: Sequence[nw.Expr]) -> nw.Expr:
        return expressions[0] | expressions[1]

    def negation(self, expression: nw.Expr) -> nw.Expr:
        return ~expression

    def untruth(self, expression: nw.Expr) -> nw.Expr:
        return ~expression.fill_null(False)


LOGIC: Final = FrameLogic()


def stored_as(dtype: DType) -> Storage:
    """What a column of this type stores."""
    match dtype:
        case nw.String() | nw.Categorical() | nw.Enum():
            return Texts()
        case nw.Decimal():
            return Numbers.decimals(dtype.precision, dtype.scale)
        case nw.Boolean():
            return Booleans()
        case nw.Date():
            return Days()
        case nw.Datetime():
            return Timestamps(dtype.time_zone is not None, **_PRECISIONS[dtype.time_unit])
    if dtype.is_integer():
        return Numbers.integers(int(str(dtype).lstrip("UInt")), signed=dtype.is_signed_integer())
    return Floats() if dtype.is_float() else None


_PRECISIONS: Final[dict[str, Any]] = {
    "s": {"step": 1_000_000},
    "ms": {"step": 1000},
    "us": {},
    "ns": {"low": datetime(1677, 9, 21, 0, 12, 43, 145225), "high": datetime(2262, 4, 11, 23, 47, 16, 854775)},
}
"""What timestamps of a unit hold."""


def frame_cell(column: Column, found: Typed | None, engine: Engine, context: Context) -> Cell[nw.Expr]:
    """What was found as the value of a field. Raises `ColumnError` if it cannot hold the field's values."""
    if found is None:
        return NullCell(Line(), column, nw.lit(None), nw.Unknown(), engine)
    expression, dtype = found
    if column.kind == "id" and isinstance(dtype, nw.Unknown):  # such as DuckDB's UUIDs
        expression, dtype = expression.cast(nw.String), nw.String()
    line = line_of(column.kind, stored_as(dtype), context)
    if line is None and engine.is_all_null(expression, dtype):
        line = Line()
    if line is None:
        raise column_error(column, f"its column holds {dtype}, which is no {column.kind}; cast it")
    if isinstance(line, Texts) and dtype != nw.String:
        return FrameCell(line, column, expression.cast(nw.String), nw.String(), engine)
    return FrameCell(line, column, engine.compared(expression, dtype), dtype, engine)


class FrameCell(Cell[nw.Expr]):
    """The value of an expression. `column` is for messages."""

    __slots__ = ("column", "dtype", "engine", "expression")

    logic = LOGIC

    def __init__(self, line: Line, column: Column, expression: nw.Expr, dtype: DType, engine: Engine) -> None:
        self.line = line
        self.column = column
        self.expression = expression
        self.dtype = dtype
        self.engine = engine

    def null(self, negated: bool) -> Condition:
        return ~self.expression.is_null() if negated else self.expression.is_null()

    def among(self, values: Sequence[Any], negated: bool) -> Condition:
        """In one test if the engine takes the values in a list, else in one for each."""
        if len(values) < 2 or not self.engine.takes_lists_of(self.dtype):
            tests = [self._compared(python.ne if negated else python.eq, value) for value in values]
            return LOGIC.all_of(tests) if negated else LOGIC.any_of(tests)
        listed = self.expression.is_in([self.engine.constant(self.expression, value, self.dtype) for value in values])
        return self.engine.where_present(self.expression, ~listed if negated else listed)

    def ordered(self, operator: OrderOperator, value: Any) -> nw.Expr:
        return self._compared(_ORDERS[operator], value)

    def as_is(self) -> nw.Expr:
        return self.expression

    def lowered(self) -> nw.Expr:
        return self.expression.str.to_lowercase()

    def number_text(self) -> nw.Expr:
        if self.dtype.is_integer():
            return self.expression.cast(nw.String)
        if not isinstance(self.dtype, nw.Decimal) or self.dtype.scale > MAX_DECIMALS:
            part = f"text operators on numbers held as {self.dtype}"
            raise unsupported_part(self.column, part, f"hold them as Decimal with at most {MAX_DECIMALS} decimals")
        text = self.expression.cast(nw.String)
        return text.str.strip_chars_end("0").str.strip_chars_end(".") if self.dtype.scale else text

    def fits(self, text: nw.Expr, operator: TextOperator, needle: str) -> nw.Expr:
        match operator:
            case "contains":
                test = text.str.contains(needle, literal=True)
            case "startswith":
                test = text.str.starts_with(needle)
            case "endswith":
                test = text.str.ends_with(needle)
            case "like":
                _, *others = pieces(needle)
                if len(others) >= MAX_RUNS or sum([piece.count(None) for piece in others]) > MAX_RUNS:
                    part = f"a pattern with {MAX_RUNS} '%' or more, or more '_' than that behind one"
                    raise unsupported_part(self.column, part, "write fewer")
                test = self.engine.like(text, needle)
        return self.engine.where_present(self.expression, test)

    def _compared(self, compare: Comparison, value: Any) -> nw.Expr:
        return self.engine.test(self.expression, compare, value, self.dtype)


_ORDERS: Final[dict[OrderOperator, Comparison]] = {
    "lt": python.lt,
    "lte": python.le,
    "gt": python.gt,
    "gte": python.ge,
}


class NullCell(FrameCell):
    """The value of a field that a wildcard admitted and nothing holds: null in every row."""

    __slots__ = ()

    def null(self, negated: bool) -> bool:
        return not negated


def unsupported_part(column: Column, part: str, remedy: str) -> UnsupportedFilterError:
    """The error for a part of a filter that no data frame can say."""
    message = f"Found {part}, which no data frame can say here; {remedy}"
    return UnsupportedFilterError(Problem("unsupported", message, column.path))
