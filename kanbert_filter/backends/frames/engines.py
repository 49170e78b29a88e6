"""What the engines behind Narwhals do differently, found by trying each: how they take constants and patterns."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import narwhals as nw
from narwhals.dtypes import DType

from ...meaning.patterns import pieces
from ..columns.lines import Stored

Comparison = Callable[[Any, Any], Any]
"""`eq`, `ne`, `lt` or `ge` of `operator`."""


def _before(column: nw.Expr, text: str) -> nw.Expr:
    """Texts less than one that ends in NUL: those not greater than it without, and it with fewer."""
    bare = text.rstrip("\0")
    return (column <= bare) | column.is_in([text[:end] for end in range(len(bare) + 1, len(text))])


_ENDING_IN_NUL: Final[dict[Comparison, Comparison]] = {
    operator.eq: lambda column, text: column.is_in([text]),
    operator.ne: lambda column, text: ~column.is_in([text]),
    operator.lt: _before,
    operator.ge: lambda column, text: ~_before(column, text),
}
"""Comparisons without a text that ends in NUL, but for those in a list."""

_INT64: Final = range(-(2**63), 2**63)
_MARKS: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")


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
        head, *rest = ["".join(["." if c is None else _MARKS.sub(r"\\\g<0>", c) for c in part]) for part in parts]
        if self.spark:
            return text.str.contains(_backtracking(head, rest, r"\z"))
        if self.pandas and not self.in_arrow(text):
            return text.str.contains(_backtracking(head, rest, r"\Z"))
        return text.str.contains(_automaton(head, rest))

    def in_arrow(self, text: nw.Expr) -> bool:
        """Whether PyArrow holds a pandas column, whose expressions are RE2's and not Python's."""
        [dtype] = self.frame.head(0).select(text).to_native().dtypes
        return hasattr(dtype, "pyarrow_dtype") or getattr(dtype, "storage", None) == "pyarrow"


def _automaton(head: str, others: list[str]) -> str:
    """For engines that never go back (Rust's and RE2): what may stand anywhere is looked for without an anchor."""
    if not others:
        return rf"(?s)\A{head}\z"
    *middle, tail = others
    return "(?s)" + ".*".join(filter(None, [head and rf"\A{head}", *middle, tail and rf"{tail}\z"]))


def _backtracking(head: str, others: list[str], end: str) -> str:
    """For engines that go back (Java's and Python's): atomic groups settle each piece where it is first found."""
    if not others:
        return rf"(?s)\A{head}{end}"
    *middle, tail = others
    return rf"(?s)\A{head}" + "".join([f"(?>.*?{piece})" for piece in middle if piece]) + f".*{tail}{end}"
