"""From plain tests to conditions of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Dialect, case, func, select

from ...context import Context
from ...errors import UnsupportedFilterError
from ...meaning.tests import Column, Counted, Null, Test
from ..columns.finding import Given, column_error
from ..columns.lines import INT64
from ..columns.placing import Cell, ColumnTest, is_column_test
from ..columns.translation import Translation, is_hidden
from .cells import LOGIC, ClauseCell, Condition, Expression, clause_cell, narrowest
from .paths import ModelColumns, QueryTable, Way

_COUNTED: Final = select(func.count())


class ClauseTranslation(Translation[Expression, QueryTable, Way]):
    """Translates tests on the rows of one model, in one context; to verify a model, for one dialect."""

    __slots__ = ("columns", "context", "dialect")

    logic = LOGIC

    def __init__(self, given: Given | None, context: Context, dialect: Dialect | None = None) -> None:
        self.columns = ModelColumns(given)
        self.context = context
        self.dialect = dialect

    def located(self, column: Column, row: QueryTable, prefix: str) -> tuple[Way, ClauseCell]:
        """The way to the row that holds a field's value, and the value there. Raises `ColumnError`."""
        way, expression = self.columns.value(row, prefix, column)
        return way, clause_cell(column, expression, self.context)

    def cell(self, column: Column, row: QueryTable, prefix: str) -> Cell[Expression]:
        _, cell = self.located(column, row, prefix)
        if self.dialect is not None:
            try:
                cell.null(True).compile(dialect=self.dialect)
            except UnsupportedFilterError as error:
                raise column_error(column, error.problems[0].message) from None
        return cell

    def records(self, column: Column, row: QueryTable, prefix: str) -> Way:
        return self.columns.records(row, prefix, column)

    def row_of(self, records: Way) -> QueryTable:
        return records.end

    def exists(self, records: Way, condition: Condition) -> Condition:
        return records.exists(condition)

    def number(self, records: Way) -> Cell[Expression]:
        return ClauseCell(INT64, records.reached(_COUNTED).scalar_subquery(), narrowest)

    def counted(self, records: Way, tests: Sequence[Counted], either: bool) -> Condition:
        if len(tests) == 1:
            return super().counted(records, tests, either)
        passed = self._counted(ClauseCell(INT64, func.count(), narrowest), tests, either)
        if isinstance(passed, bool):
            return passed
        found: Expression = records.reached(select(case((passed, 1), else_=0))).scalar_subquery()
        return found == 1

    def items(self, tests: Sequence[Test], either: bool, row: QueryTable, prefix: str) -> list[Condition]:
        """Tests of values over one path are asked of one row."""
        others: list[Test] = []
        found: list[Condition] = []
        paths: dict[QueryTable, tuple[Way, list[Condition]]] = {}
        for test in tests:
            if is_column_test(test) and len(test.column.source) > 1 and not (_is_null(test) or is_hidden(test.column)):
                way, cell = self.located(test.column, row, prefix)
                _, together = paths.setdefault(way.end, (way, [])) if way.hops else (way, found)
                together.append(cell.passes(test))
            else:
                others.append(test)
        join = self.logic.any_of if either else self.logic.all_of
        found += [way.exists(join(conditions)) for way, conditions in paths.values()]
        return super().items(others, either, row, prefix) + found

    def compared(self, test: ColumnTest, row: QueryTable, prefix: str) -> Condition:
        way, cell = self.located(test.column, row, prefix)
        if not way.hops:
            return cell.passes(test)
        if _is_null(test):
            return self.logic.negated(way.exists(cell.null(True)))
        return way.exists(cell.passes(test))


def _is_null(test: ColumnTest) -> bool:
    """Whether a path that leads to no row passes the test: it does where the value is to be null."""
    return isinstance(test, Null) and not test.negated
