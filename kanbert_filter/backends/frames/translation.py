"""From plain tests to expressions over the columns of one frame."""

from __future__ import annotations

from typing import Any, Final

import narwhals as nw

from ...context import Context
from ...meaning.tests import Column, Related
from ..columns.finding import Given
from ..columns.placing import Cell
from ..columns.translation import Translation
from .cells import LOGIC, Condition, FrameCell, cell_of, count_cell, refused
from .columns import Fields, FrameColumns, Typed, struct_fields
from .engines import Engine


class FrameTranslation(Translation[nw.Expr, Fields, tuple[Column, Typed]]):
    """Translates tests on the rows of one frame, in one context."""

    logic = LOGIC

    def __init__(self, frame: nw.DataFrame[Any] | nw.LazyFrame[Any], given: Given | None, context: Context) -> None:
        self.engine = Engine(frame)
        self.columns = FrameColumns(frame, given)
        self.context = context
        self.row = Fields(frame.collect_schema(), self.engine.column)
        self.known: dict[Column, Cell[nw.Expr]] = {}

    def everywhere(self, value: bool) -> nw.Expr:
        """True, or false, for every row: `filter` takes no literals, so a column has to lend its length."""
        is_null = self.row.column(next(iter(self.row.dtypes))).is_null()
        return is_null | nw.lit(True) if value else is_null & nw.lit(False)

    def cell(self, column: Column, row: Fields, prefix: str) -> Cell[nw.Expr]:
        if column not in self.known:
            found = self.columns.value(column, row, prefix)
            self.known[column] = cell_of(column, found, self.engine, self.context)
        return self.known[column]

    def records(self, column: Column, row: Fields, prefix: str) -> tuple[Column, Typed]:
        return column, self.columns.lists(column, row, prefix)

    def row_of(self, records: tuple[Column, Typed]) -> Fields:
        inner = getattr(records[1].dtype, "inner", None)
        return Fields(struct_fields(inner) if isinstance(inner, nw.Struct) else {}, nw.col, nested=True)

    def related(self, test: Related, row: Fields, prefix: str) -> Condition:
        if test.test is not None:
            part = f"'{test.operator}' with conditions on the records of a list column"
            raise refused(test.column, part, _OTHER_WAYS)
        return super().related(test, row, prefix)

    def exists(self, records: tuple[Column, Typed], condition: Condition) -> Condition:
        return self.number(records).counts("gt", 0)

    def number(self, records: tuple[Column, Typed]) -> FrameCell:
        column, lists = records
        return count_cell(column, lists.expression, self.engine)


_OTHER_WAYS: Final = (
    "use compile_predicate or a database for it, or a column computed beforehand; "
    "counts are fine, and so are any and none without conditions"
)
