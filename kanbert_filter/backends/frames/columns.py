"""Where a field's data is in a frame: in a column, in a struct's field, under a map's key, or where the caller gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import narwhals as nw
from narwhals.dtypes import DType

from ...errors import quoted
from ...meaning.tests import Column
from ..columns.finding import Given, GivenColumns, column_error
from .engines import Engine


class Typed(NamedTuple):
    """An expression and the type of its values."""

    expression: nw.Expr
    dtype: DType


class FrameFields(NamedTuple):
    """The columns of a frame, or the fields of the structs in a list: their types by name, and what gives the expression of each."""

    dtypes: Mapping[str, DType]
    column: Callable[[str], nw.Expr]
    nested: bool = False


class FrameColumns:
    """Finds columns: those the caller gives, and others by the names that are the field's source."""

    def __init__(self, engine: Engine, given: Given | None) -> None:
        self.engine = engine
        self.frame = engine.frame
        self.given = GivenColumns(given)

    def value(self, column: Column, fields: FrameFields, prefix: str) -> Typed | None:
        """A field's column; None if a wildcard admitted the field and nothing holds it. Raises `ColumnError`."""
        given = None if fields.nested else self.given.of(column, prefix)
        if given is not None:
            expression = fields.column(given) if isinstance(given, str) else given
            [dtype] = self.frame.select(expression.alias("given")).collect_schema().dtypes()
            return Typed(expression, dtype)
        found = _at_source(fields, column.source)
        if found is None and not any(column.wild):
            name, where = (
                quoted(".".join(column.source)),
                "records have no field" if fields.nested else "frame has no column",
            )
            raise column_error(column, f"the {where} {name}; say which in columns")
        return found

    def lists(self, column: Column, fields: FrameFields, prefix: str) -> Typed:
        """The column of a relation's records, or of nulls only. Raises `ColumnError`."""
        found = self.value(column, fields, prefix)
        if found is None or not (isinstance(found.dtype, nw.List) or self.engine.is_all_null(*found)):
            raise column_error(column, f"its column holds {found and found.dtype}, expected lists of records")
        return found


def _at_source(fields: FrameFields, source: Sequence[str]) -> Typed | None:
    """The column whose name begins the source, the longest such name, and in it structs' fields and maps' keys."""
    for length in range(len(source), 0, -1):
        name = ".".join(source[:length])
        if name in fields.dtypes:
            return _in_nested(fields.column(name), fields.dtypes[name], source[length:])
    return None


def _in_nested(column: nw.Expr, dtype: DType, names: Sequence[str]) -> Typed | None:
    for name in names:
        if isinstance(dtype, nw.Map):
            column, dtype = column.map.get(name), cast("DType", dtype.value)
        elif isinstance(dtype, nw.Struct) and name in (fields := struct_fields(dtype)):
            column, dtype = column.struct.field(name), fields[name]
        else:
            return None
    return Typed(column, dtype)


def struct_fields(dtype: nw.Struct) -> dict[str, DType]:
    """The types of a struct's fields by name."""
    return {field.name: cast("DType", field.dtype) for field in dtype.fields}
