"""pandas, whose columns PyArrow reads."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from .arrow import ArrowEngine
from .engine import Typed


class PandasEngine(ArrowEngine):
    """pandas. A column is read when it is first asked for: without copying where pandas holds it as Arrow does."""

    name = "pandas"
    expressions = (pd.Series, pa.Array, pa.ChunkedArray)

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.read: dict[str, Typed] = {}

    def find(self, name: str) -> Typed | None:
        if name not in self.read and [*self.frame.columns].count(name) == 1:
            self.read[name] = self.typed(self.frame[name])
        return self.read.get(name)

    def typed(self, value: Any) -> Typed:
        try:
            if isinstance(value, pd.Series) and not value.index.equals(self.frame.index):
                value = value.reindex(self.frame.index)  # rows belong together by their index, as everywhere in pandas
            if isinstance(getattr(value, "dtype", None), pd.DatetimeTZDtype):
                # Of such a series older PyArrows ask for values in a way that pandas warns of.
                array = pa.array(value.dt.tz_convert(None), from_pandas=True).cast(pa.timestamp(value.dt.unit, "UTC"))
            else:
                array = pa.array(value, from_pandas=True)
        except (
            pa.ArrowException,
            TypeError,
            ValueError,
            OverflowError,
        ):  # objects of several types, or of a foreign one
            array = pa.nulls(len(value), pa.opaque(pa.null(), str(value.dtype), self.name))
        if pa.types.is_floating(array.type) and array.null_count == len(array):
            array = pa.nulls(len(array))  # which pandas makes of columns without values, whatever they are of
        return Typed(array, array.type)

    def unread(self, type: Any) -> str | None:
        if isinstance(type, pa.OpaqueType) and type.vendor_name == self.name:
            return f"values of several or of foreign types (dtype {type.type_name}), which PyArrow does not read"
        return None

    def own(self, condition: Any) -> Any:
        """A series of booleans with the frame's index, by which pandas selects rows."""
        series = self.operations.known(condition).to_pandas()
        series.index = self.frame.index
        return series

    def filtered(self, condition: Any) -> Any:
        return self.frame[self.own(condition)]
