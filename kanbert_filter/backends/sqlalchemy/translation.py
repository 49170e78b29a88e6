"""From plain tests to conditions of SQLAlchemy."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

from ...context import Context
from ...meaning.tests import Column, Null
from ..columns.finding import Given
from ..columns.lines import INT64
from ..columns.placing import Cell, ColumnTest
from ..columns.translation import Translation
from .cells import LOGIC, ClauseCell, Condition, Expression, clause_cell, narrowest
from .paths import ModelColumns, QueryTable, Way

_COUNTED: Final = select(func.count())


class ClauseTranslation(Translation[Expression, QueryTable, Way]):
    """Translates tests on the rows of one model, in one context."""

    __slots__ = ("columns", "context")

    logic = LOGIC

    def __init__(self, given: Given | None, context: Context) -> None:
        self.columns = ModelColumns(given)
        self.context = context

    def located(self, column: Column, row: QueryTable, prefix: str) -> tuple[Way, Cell[Expression]]:
        """The way to the row that holds a field's value, and the value there. Raises `ColumnError`."""
        way, expression = self.columns.value(row, prefix, column)
        return way, clause_cell(column, expression, self.context)

    def cell(self, column: Column, row: QueryTable, prefix: str) -> Cell[Expression]:
        return self.located(column, row, prefix)[1]

    def records(self, column: Column, row: QueryTable, prefix: str) -> Way:
        return self.columns.records(row, prefix, column)

    def row_of(self, records: Way) -> QueryTable:
        return records.end

    def exists(self, records: Way, condition: Condition) -> Condition:
        return records.exists(condition)

    def number(self, records: Way) -> Cell[Expression]:
        return ClauseCell(INT64, records.reached(_COUNTED).scalar_subquery(), narrowest)

    def compared(self, test: ColumnTest, row: QueryTable, prefix: str) -> Condition:
        way, cell = self.located(test.column, row, prefix)
        if not way.hops:
            return cell.passes(test)
        if isinstance(test, Null) and not test.negated:
            return self.logic.negated(way.exists(cell.null(True)))
        return way.exists(cell.passes(test))
