"""Where a field's data is in a frame: in a column, in a struct's field, under a map's key, or where the caller gives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple

from ...errors import quoted
from ...meaning.tests import Column
from ..columns.finding import Given, GivenColumns, column_error
from ..columns.logic import E
from ..columns.placing import Cell
from .engine import NULLS, Engine, ListOf, MapOf, StructOf, Typed


class FrameRow(Generic[E]):
    """The rows of a frame, or the records of a list. `find` gives a column or field by its name; `record` is None for a frame's rows."""

    def __init__(self, find: Callable[[str], Typed | None], record: Typed | None = None) -> None:
        self.find = find
        self.record = record
        self.cells: dict[Column, Cell[E]] = {}


class Records(NamedTuple):
    """The lists of a relation's records. `lists` is None if the column holds nulls only."""

    column: Column
    lists: Any
    item: Any


class FrameColumns(Generic[E]):
    """Finds columns: those the caller gives, and others by the names that are the field's source."""

    def __init__(self, engine: Engine[E], given: Given | None) -> None:
        self.engine = engine
        self.given = GivenColumns(given)

    def value(self, column: Column, row: FrameRow[E], prefix: str) -> Typed | None:
        """A field's column; None if a wildcard admitted the field and nothing holds it. Raises `ColumnError`."""
        source: Sequence[str] = column.source
        given = self.given.of(column, prefix)
        if isinstance(given, str):
            source = (given,)
        elif given is not None and row.record is None and isinstance(given, self.engine.expressions):
            return self.engine.typed(given)
        elif given is not None:
            raise column_error(column, f"expected {self._expected(row)} in columns")
        found = self._found(row, source)
        if found is None and (given is not None or not any(column.wild)):
            where = "frame has no column" if row.record is None else "records have no field"
            raise column_error(column, f"the {where} {quoted('.'.join(source))}; say which in columns")
        if found is None:
            self._ensure_named_values(column, row)
        return found

    def _ensure_named_values(self, column: Column, row: FrameRow[E]) -> None:
        """Refuse a wildcard for values in a column that has none by name, such as one of texts in JSON. Raises `ColumnError`."""
        outer = self._found(row, column.source[: column.wild.index(True)])
        if outer is not None:
            held = self.engine.held(self.engine.plain(*outer).type)
            if held is not NULLS and not isinstance(held, StructOf | MapOf):
                reason = (
                    f"its column holds {outer.type}, expected a struct or a map from texts; give a function in columns"
                )
                raise column_error(column, reason)

    def records(self, column: Column, row: FrameRow[E], prefix: str) -> Records:
        """The column of a relation's records. Raises `ColumnError`."""
        found = self.value(column, row, prefix)
        if found is None:
            return Records(column, None, None)
        lists, type = self.engine.plain(*found)
        held = self.engine.held(type)
        if held is NULLS:
            return Records(column, None, None)
        if not isinstance(held, ListOf):
            raise column_error(column, f"its column holds {found.type}, expected lists of records")
        return Records(column, lists, held.item)

    def row_of(self, record: Typed) -> FrameRow[E]:
        """The fields of a record in a list."""
        held = self.engine.held(record.type)
        fields = held.fields if isinstance(held, StructOf) else {}

        def find(name: str) -> Typed | None:
            if name not in fields:
                return None
            return Typed(self.engine.operations.field(record.value, name), fields[name])

        return FrameRow(find, record)

    def _expected(self, row: FrameRow[E]) -> str:
        return "a column's name" if row.record else f"a column's name or an expression of {self.engine.name}"

    def _found(self, row: FrameRow[E], names: Sequence[str]) -> Typed | None:
        """The column or field whose name begins the path, the longest such name, and what is in it on the rest of the path."""
        for length in range(len(names), 0, -1):
            found = row.find(".".join(names[:length]))
            if found is not None:
                return self._inside(found, names[length:])
        if row.record is not None and self.engine.held(row.record.type) is NULLS:
            return row.record
        return None

    def _inside(self, outer: Typed, names: Sequence[str]) -> Typed | None:
        """What the names lead to in structs and maps."""
        if not names:
            return outer
        held = self.engine.held(outer.type)
        if isinstance(held, MapOf):
            return self._inside(Typed(self.engine.operations.key(outer.value, names[0]), held.value), names[1:])
        return self._found(self.row_of(outer), names)
