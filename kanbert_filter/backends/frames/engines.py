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

_TRIED: Final = {
    nw.Implementation.POLARS: "Polars",
    nw.Implementation.PANDAS: "pandas",
    nw.Implementation.PYARROW: "PyArrow",
    nw.Implementation.DUCKDB: "DuckDB",
    nw.Implementation.PYSPARK: "PySpark",
}
"""The engines that the tests hold to the language. Others that Narwhals knows answer some filters wrongly, Dask among them."""


class Engine:
    """The engine of one frame."""

    def __init__(self, frame: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> None:
        if frame.implementation not in _TRIED:
            raise TypeError(f"expected a frame of {', '.join(_TRIED.values())}, not of {frame.implementation.value}")
        self.frame = frame
        self.polars = frame.implementation.is_polars()
        self.spark = frame.implementation.is_spark_like()
        self.pandas = frame.implementation.is_pandas_like()
        self.duckdb = frame.implementation.is_duckdb()
        self.pyarrow: bool = frame.implementation.is_pyarrow()

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
        constant = self.constant(column, value, dtype)
        if self.pandas and isinstance(constant, str) and constant.endswith("\0"):
            compare = _ENDING_IN_NUL[compare]
        return self.where_present(column, compare(column, constant))

    def where_present(self, column: nw.Expr, condition: nw.Expr) -> nw.Expr:
        """The condition where the column is not null; to pandas a missing value is different from everything."""
        return condition & ~column.is_null() if self.pandas else condition

    def takes_lists_of(self, dtype: DType) -> bool:
        """Whether constants compared with such a column are plain enough for a list.

        Before its version 2, Polars refuses microseconds in a list beside milliseconds, and finds none of them beside nanoseconds.
        """
        if self.polars and isinstance(dtype, nw.Datetime):
            return dtype.time_unit == "us"
        return not (self.spark and dtype.is_temporal())

    def constant(self, column: nw.Expr, value: Stored, dtype: DType) -> Any:
        """The value as the engine takes it without loss.

        PySpark shifts early dates to the Julian calendar and wall times to the machine's zone: it gets texts.
        Arrow compares unsigned integers of 64 bits with signed ones, into which the greater half does not fit, but also with Decimals.
        """
        if self.spark and isinstance(value, date):
            return nw.lit(value.isoformat()).cast(dtype)
        if dtype == nw.UInt64 and isinstance(value, int) and self.in_arrow(column):
            return Decimal(value)
        return value

    def is_all_null(self, column: nw.Expr, dtype: DType) -> bool:
        """Whether a column is of a type that holds nulls only. Narwhals knows none, and takes such objects of pandas for texts."""
        if self.pandas and dtype == nw.String:
            values = self.frame.select(column).to_native().iloc[:, 0]
            return bool(values.dtype == object and values.isna().all())
        if not isinstance(dtype, nw.Unknown):
            return False
        native = self.frame.select(column).to_native()
        if self.polars:
            types = native.lazy().collect_schema().dtypes()
        elif self.duckdb:
            types = native.types
        else:
            types = native.schema if self.pyarrow or self.spark else native.dtypes
        return re.search("null|void", str(types), re.IGNORECASE) is not None

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
        if self.pandas and not self.in_arrow(text):  # by Python, and not by RE2
            return text.str.contains(backtracking(pattern))
        return text.str.contains(automaton(pattern))

    def in_arrow(self, column: nw.Expr) -> bool:
        """Whether PyArrow holds a column, also one of pandas."""
        if not self.pandas:
            return self.pyarrow
        [dtype] = self.frame.head(0).select(column).to_native().dtypes
        return hasattr(dtype, "pyarrow_dtype") or str(getattr(dtype, "storage", "")) == "pyarrow"
