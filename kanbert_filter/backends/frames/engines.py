"""What the engines behind Narwhals do differently, found by trying each: how they take constants and patterns."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import narwhals as nw
from narwhals.dtypes import DType

from ...meaning.patterns import pieces
from ..columns.lines import Stored
from ..columns.patterns import automaton, backtracking

Comparison = Callable[[Any, Any], Any]
"""A comparison of Python's `operator`."""


def _before(column: nw.Expr, text: str) -> nw.Expr:
    """Texts less than one that ends in NUL: those not greater than it without, and it with fewer."""
    bare = text.rstrip("\0")
    return (column <= bare) | column.is_in([text[:end] for end in range(len(bare) + 1, len(text))])


def _up_to(column: nw.Expr, text: str) -> nw.Expr:
    return _before(column, text) | column.is_in([text])


_ENDING_IN_NUL: Final[dict[Comparison, Comparison]] = {
    operator.eq: lambda column, text: column.is_in([text]),
    operator.ne: lambda column, text: ~column.is_in([text]),
    operator.lt: _before,
    operator.le: _up_to,
    operator.gt: lambda column, text: ~_up_to(column, text),
    operator.ge: lambda column, text: ~_before(column, text),
}
"""Comparisons without a text that ends in NUL, but for those in a list."""

_INT64: Final = range(-(2**63), 2**63)


class Engine:
    """The engine of one frame."""

    def __init__(self, frame: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> None:
        self.frame = frame
        self.polars = frame.implementation.is_polars()
        self.spark = frame.implementation.is_spark_like()
        self.pandas = frame.implementation.is_pandas_like()
        self.pyarrow = frame.implementation.is_pyarrow()

    def column(self, name: str) -> nw.Expr:
        """A column by its name. Spark takes a dot in a name for a path."""
        return nw.col(f"`{name.replace('`', '``')}`" if self.spark else name)

    def compared(self, column: nw.Expr, dtype: DType) -> nw.Expr:
        """The column to compare constants with: Polars wants instants of one time zone, and rounds to 32 bits."""
        if isinstance(dtype, nw.Datetime) and self.polars and dtype.time_zone not in (None, "UTC"):
            return column.dt.convert_time_zone("UTC")
        return column.cast(nw.Float64) if dtype.is_float() and dtype != nw.Float64 else column

    def test(self, column: nw.Expr, compare: Comparison, value: Stored, dtype: DType) -> nw.Expr:
        """The column compared with a value. Where pandas holds texts for Python, it takes NUL off a constant's end."""
        constant = self.constant(value, dtype)
        if self.pandas and isinstance(constant, str) and constant.endswith("\0"):
            compare = _ENDING_IN_NUL[compare]
        return self.where_present(column, compare(column, constant))

    def where_present(self, column: nw.Expr, condition: nw.Expr) -> nw.Expr:
        """The condition where the column is not null; to pandas a missing value is different from everything."""
        return condition & ~column.is_null() if self.pandas else condition

    def takes_lists_of(self, dtype: DType) -> bool:
        """Whether constants compared with such a column are plain enough to stand in a list."""
        return not (self.spark and dtype.is_temporal())

    def constant(self, value: Stored, dtype: DType) -> Any:
        """The value as the engine takes it without loss.

        PySpark shifts early dates to the Julian calendar and wall times to the machine's zone: it gets texts.
        Arrow takes integers of more than 64 bits for too large, but not Decimals.
        """
        if self.spark and isinstance(value, date):
            return nw.lit(value.isoformat()).cast(dtype)
        if (self.pyarrow or self.pandas) and isinstance(value, int) and value not in _INT64:
            return Decimal(value)
        return value

    def like(self, text: nw.Expr, pattern: str) -> nw.Expr:
        """Whether the whole text matches the pattern, in time linear in the text."""
        parts = pieces(pattern)
        [first, *others] = [part for part in parts if part] or [[]]
        if len(parts) > 1 and not others and None not in first:
            literal = "".join(filter(None, first))
            if parts[0]:
                return text.str.starts_with(literal)
            return text.str.ends_with(literal) if parts[-1] else text.str.contains(literal, literal=True)
        if self.spark:
            return text.str.contains(backtracking(pattern, r"\z"))
        if self.pandas and not self.in_arrow(text):
            return text.str.contains(backtracking(pattern))
        return text.str.contains(automaton(pattern))

    def in_arrow(self, text: nw.Expr) -> bool:
        """Whether PyArrow holds a pandas column, whose expressions are RE2's and not Python's."""
        [dtype] = self.frame.head(0).select(text).to_native().dtypes
        return hasattr(dtype, "pyarrow_dtype") or getattr(dtype, "storage", None) == "pyarrow"
