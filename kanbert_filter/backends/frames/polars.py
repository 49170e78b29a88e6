"""Polars: conditions on the records of a list are expressions on its `element`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from ..columns.lines import Booleans, Days, Floats, Numbers, Stored, Texts
from .engine import NULLS, Engine, Held, ListOf, MapOf, StructOf, Typed, of_polars, timestamps

_MAP: Any = getattr(pl, "Map", ())  # before Polars 2 there are no maps


class PolarsEngine(Engine[pl.Expr]):
    """Polars, eager or lazy."""

    name = "Polars"
    expressions = pl.Expr
    operations = of_polars(text=pl.String)

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame) -> None:
        self.frame = frame
        self.types = frame.collect_schema()

    def column(self, name: str) -> pl.Expr:
        special = name == "*" or (name.startswith("^") and name.endswith("$"))  # else Polars takes these for patterns
        return pl.col(f"^{re.escape(name)}$" if special else name)

    def typed(self, value: pl.Expr) -> Typed:
        [dtype] = self.frame.lazy().select(value.alias("given")).collect_schema().dtypes()
        return Typed(value, dtype)

    def held(self, type: pl.DataType) -> Held:
        match type:
            case pl.List():
                return ListOf(type.inner)
            case pl.Struct():
                return StructOf({field.name: field.dtype for field in type.fields})
            case pl.Null():
                return NULLS
            case pl.String() | pl.Categorical() | pl.Enum():
                return Texts()
            case pl.Decimal():
                return Numbers.decimals(type.precision or 38, type.scale)
            case pl.Boolean():
                return Booleans()
            case pl.Date():
                return Days()
            case pl.Datetime():
                return timestamps(type.time_unit, type.time_zone is not None)
        if isinstance(type, _MAP):
            return MapOf(type.value) if type.key == pl.String else None
        if type.is_integer():
            return Numbers.integers(int(str(type).lstrip("UInt")), signed=type.is_signed_integer())
        return Floats() if type.is_float() else None

    def unread(self, type: pl.DataType) -> str | None:
        return "objects of Python" if isinstance(type, pl.Object) else None

    def plain(self, value: pl.Expr, type: pl.DataType) -> Typed:
        """Categories as texts, floats of 64 bits, instants of UTC: Polars compares only those of one zone."""
        if isinstance(type, pl.Categorical | pl.Enum):
            return Typed(value.cast(pl.String), pl.String())
        if type.is_float():
            return Typed(value.cast(pl.Float64), pl.Float64())
        if isinstance(type, pl.Datetime) and type.time_zone not in (None, "UTC"):
            return Typed(value.dt.convert_time_zone("UTC"), pl.Datetime(type.time_unit, "UTC"))
        return Typed(value, type)

    def everywhere(self, value: bool) -> pl.Expr:
        return pl.lit(value)

    def constant(self, value: Stored, type: pl.DataType) -> Stored:
        return value

    def one_of(self, value: pl.Expr, constants: Sequence[Stored], type: pl.DataType) -> pl.Expr:
        return value.is_in(pl.Series(constants, dtype=type).implode())

    def element(self, lists: pl.Expr) -> pl.Expr:
        return pl.element()

    def exists(self, lists: pl.Expr, element: pl.Expr, condition: pl.Expr) -> pl.Expr:
        return lists.list.eval(condition).list.any().fill_null(False)
