"""From plain tests to expressions over the columns of one frame."""

from __future__ import annotations

from typing import Any, Final

import narwhals as nw

from ...context import Context
from ...meaning.tests import Column, Related
from ..columns.finding import Given
from ..columns.lines import Numbers
from ..columns.placing import Cell
from ..columns.translation import Translation
from .cells import LOGIC, Condition, FrameCell, frame_cell, unsupported_part
from .columns import FrameColumns, FrameFields, Typed, struct_fields
from .engines import Engine


class FrameTranslation(Translation[nw.Expr, FrameFields, tuple[Column, Typed]]):
    """Translates tests on the rows of one frame, in one context."""

    logic = LOGIC

    def __init__(self, frame: nw.DataFrame[Any] | nw.LazyFrame[Any], given: Given | None, context: Context) -> None:
        self.engine = Engine(frame)
        self.columns = FrameColumns(self.engine, given)
        self.context = context
        self.row = FrameFields(frame.collect_schema(), self.engine.column)
        self.known: dict[Column, Cell[nw.Expr]] = {}

    def everywhere(self, value: bool) -> nw.Expr:
        """True, or false, for every row: `filter` takes no literals, so a column has to lend its length."""
        is_null = self.row.column(next(iter(self.row.dtypes))).is_null()
        return is_null | nw.lit(True) if value else is_null & nw.lit(False)

    def cell(self, column: Column, row: FrameFields, prefix: str) -> Cell[nw.Expr]:
        if column not in self.known:
            found = self.columns.value(column, row, prefix)
            self.known[column] = frame_cell(column, found, self.engine, self.context)
        return self.known[column]

    def records(self, column: Column, row: FrameFields, prefix: str) -> tuple[Column, Typed]:
        return column, self.columns.lists(column, row, prefix)

    def row_of(self, records: tuple[Column, Typed]) -> FrameFields | None:
        inner = getattr(records[1].dtype, "inner", nw.Unknown())
        if isinstance(inner, nw.Unknown):  # of lists that are all empty, or of nulls only
            return None
        return FrameFields(struct_fields(inner) if isinstance(inner, nw.Struct) else {}, nw.col, nested=True)

    def related(self, test: Related, row: FrameFields, prefix: str) -> Condition:
        if test.test is not None:
            part = f"'{test.operator}' with conditions on the records of a list column"
            raise unsupported_part(test.column, part, _OTHER_WAYS)
        return super().related(test, row, prefix)

    def exists(self, records: tuple[Column, Typed], condition: Condition) -> Condition:
        return self.number(records).counts("gt", 0)

    def number(self, records: tuple[Column, Typed]) -> FrameCell:
        column, lists = records
        if isinstance(lists.dtype, nw.List):
            count = lists.expression.list.len().fill_null(0)
        else:  # nulls only
            count = (~lists.expression.is_null()).cast(nw.Int64)
        return FrameCell(_COUNTS, column, count, nw.Int64(), self.engine)


_COUNTS: Final = Numbers.integers(32, signed=True)
_OTHER_WAYS: Final = (
    "use compile_predicate or a database for it, or a column computed beforehand; "
    "counts are fine, and so are any and none without conditions"
)
