"""From plain tests to expressions over the columns of one frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Final

from ...context import Context
from ...meaning.tests import Column, Counted, Test
from ..columns.finding import Given
from ..columns.lines import Numbers
from ..columns.logic import E
from ..columns.placing import Cell
from ..columns.translation import Translation
from .cells import FrameCell, frame_cell, unsupported_part
from .columns import FrameColumns, FrameRow, Records
from .engine import Engine, Typed


class FrameTranslation(Translation[E, FrameRow[E], Records]):
    """Translates tests on the rows of one frame, in one context."""

    def __init__(self, engine: Engine[E], given: Given | None, context: Context) -> None:
        self.engine = self.logic = engine
        self.columns = FrameColumns(engine, given)
        self.context = context
        self.row: FrameRow[E] = FrameRow(engine.find)

    def cell(self, column: Column, row: FrameRow[E], prefix: str) -> Cell[E]:
        if column not in row.cells:
            found = self.columns.value(column, row, prefix)
            row.cells[column] = frame_cell(column, found, self.engine, self.context)
        return row.cells[column]

    def records(self, column: Column, row: FrameRow[E], prefix: str) -> Records:
        return self.columns.records(column, row, prefix)

    def row_of(self, records: Records) -> FrameRow[E] | None:
        if records.lists is None:
            return None
        return self.columns.row_of(Typed(self.engine.element(records.lists), records.item))

    def some(self, records: Records, condition: Callable[[FrameRow[E]], E | bool]) -> E | bool:
        if self.engine.over is not None:
            raise unsupported_part(
                records.column, "a condition on the records of a list column", _OTHER_WAYS, "expression of Narwhals"
            )
        if records.lists is None:
            return False
        found = self.engine.some(
            records.lists, lambda element: condition(self.columns.row_of(Typed(element, records.item)))
        )
        return self.exists(records, True) if found is True else found

    def untrue(self, test: Test, row: FrameRow[E], prefix: str) -> E | bool:
        return self.logic.untrue(self.condition(test, row, prefix))  # nulls filled once, and not at each column

    def exists(self, records: Records, condition: E | bool) -> E | bool:
        return records.lists is not None and self.number(records).counts("gt", 0)

    def number(self, records: Records) -> Cell[E]:
        return FrameCell(_COUNTED, records.column, self.engine, self.engine.operations.length(records.lists), None)

    def counted(self, records: Records, tests: Sequence[Counted], either: bool) -> E | bool:
        if records.lists is None:
            return (any if either else all)([_COUNTS[test.operator](0, test.number) for test in tests])
        return super().counted(records, tests, either)


_COUNTED: Final = Numbers.integers(32, signed=True)
_COUNTS: Final = {"eq": eq, "ne": ne, "lt": lt, "lte": le, "gt": gt, "gte": ge}
_OTHER_WAYS: Final = "use matching, which gives the rows, or where with the engine's own frame"
