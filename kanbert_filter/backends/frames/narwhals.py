"""Frames of Narwhals, over the other engines. It has no lambdas: of the records of a list it says nothing but their number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any, Final, cast

import narwhals as nw

from ..columns.lines import Floats, Stored, Texts, Timestamps, Uuids
from .engine import NULLS, Engine, Held, Typed, engine_of, of_polars


class NarwhalsEngine(Engine[nw.Expr]):
    """Narwhals."""

    name = "Narwhals"
    expressions = nw.Expr
    operations = of_polars(text=nw.String)

    def __init__(self, frame: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> None:
        self.frame = frame
        self.over: Engine[Any] = engine_of(frame.to_native())
        self.operations = self.operations._replace(pattern=self.over.operations.pattern)
        self.pandas = self.over.name == "pandas"

    def find(self, name: str) -> Typed | None:
        found = self.over.find(name)
        return found and Typed(self.column(name), self._seen(found.type, self.frame, name))

    def column(self, name: str) -> nw.Expr:
        return nw.col(f"`{name.replace('`', '``')}`" if self.over.name == "PySpark" else name)

    def typed(self, value: nw.Expr) -> Typed:
        frame = self.frame.select(value.alias("given"))
        found = engine_of(frame.to_native()).find("given")
        return Typed(value, self._seen(found and found.type, frame, "given"))

    def held(self, type: Any) -> Held:
        return None if isinstance(type, str) else self.over.held(type)

    def unread(self, type: Any) -> str | None:
        return type if isinstance(type, str) else self.over.unread(type)

    def plain(self, value: nw.Expr, type: Any) -> Typed:
        held = self.held(type)
        if isinstance(held, Uuids) or (isinstance(held, Texts) and str(type).lower() not in _TEXTS):
            value = value.cast(nw.String)
        elif isinstance(held, Floats):
            value = value.cast(nw.Float64)
        elif isinstance(held, Timestamps) and held.aware and self.over.name == "Polars":
            value = value.dt.convert_time_zone("UTC")
        return Typed(value, type)

    def where_present(self, value: nw.Expr, condition: nw.Expr) -> nw.Expr:
        """To pandas a missing value is different from everything."""
        return condition & ~value.is_null() if self.pandas else condition

    def everywhere(self, value: bool) -> nw.Expr:
        """`filter` takes no literals, so a column has to lend its length."""
        is_null = nw.nth(0).is_null()
        return is_null | nw.lit(True) if value else is_null & nw.lit(False)

    def constant(self, value: Stored, type: Any) -> Any:
        """PySpark gets texts, as in its own engine. Arrow compares great integers without a sign with Decimals alone."""
        if isinstance(value, date) and self.over.name == "PySpark":
            zone = "UTC" if isinstance(value, datetime) and value.tzinfo else None
            return nw.lit(value.isoformat()).cast(nw.Datetime("us", zone) if isinstance(value, datetime) else nw.Date())
        if value.__class__ is int and str(type) == "uint64":
            return Decimal(value)
        return value

    def one_of(self, value: nw.Expr, constants: Sequence[Stored], type: Any) -> nw.Expr:
        """In one list if Narwhals passes such constants on as they are."""
        if isinstance(constants[0], date) and self.over.name in ("Polars", "PySpark"):
            tests = [self.operations.compared["eq"](value, self.constant(constant, type)) for constant in constants]
            return cast("nw.Expr", self.any_of(tests))
        return value.is_in([self.constant(constant, type) for constant in constants])

    def element(self, lists: nw.Expr) -> nw.Expr:
        return lists

    def wrapped(self, frame: Any) -> Any:
        package = re.match(r"narwhals(\.stable\.v\d+)?", type(self.frame).__module__)
        return import_module(package[0] if package else "narwhals").from_native(frame)

    def _seen(self, type: Any, frame: Any, name: str) -> Any:
        """The type as Narwhals sees it: of pandas' own, neither texts nor objects."""
        dtype = frame.to_native()[name].dtype if self.pandas else None
        held = self.over.held(type) if dtype is not None and not hasattr(dtype, "pyarrow_dtype") else None
        of_python = str(dtype) == "object" or (isinstance(held, Texts) and getattr(dtype, "storage", "") != "pyarrow")
        return f"{dtype} of Python" if of_python and held is not NULLS else type


_TEXTS: Final = {"string", "large_string", "varchar"}
"""Types of texts that need no cast to be compared, as engines write them."""
