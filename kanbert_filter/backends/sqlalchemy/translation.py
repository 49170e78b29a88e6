"""From plain tests to conditions of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Final, NamedTuple, TypeGuard, cast

from sqlalchemy import Dialect, case, func, select

from ...context import Context
from ...errors import UnsupportedFilterError
from ...meaning.tests import AllOf, AnyOf, Column, Counted, CountOperator, Null, Related, Test
from ..columns.finding import Given, column_error
from ..columns.lines import INT64
from ..columns.placing import Cell, ColumnTest, Testable, is_column_test
from ..columns.sql import bound_of
from ..columns.translation import Translation, is_hidden, is_of_moment
from .cells import LOGIC, ClauseCell, Condition, clause_cell, narrowest
from .constructs import Expression, over_nothing
from .paths import ModelColumns, Row, Way

_COMPARED: Final[dict[CountOperator, Callable[[int, int], bool]]] = {
    "eq": eq,
    "ne": ne,
    "lt": lt,
    "lte": le,
    "gt": gt,
    "gte": ge,
}


class Place(NamedTuple):
    """The one row that a path leads to, and a condition there.

    Where it is also fulfilled if there is no such row, `opposite` is the condition on the row under which it is not.
    """

    way: Way
    condition: Condition
    opposite: Condition | None


class ClauseTranslation(Translation[Expression, Row, Way]):
    """Translates tests on the rows of one model, in one context; to verify a model, for one dialect."""

    __slots__ = ("columns", "context", "dialect", "joining")

    logic = LOGIC

    def __init__(
        self, given: Given | None, context: Context, *, joining: bool = False, dialect: Dialect | None = None
    ) -> None:
        self.columns = ModelColumns(given)
        self.context = context
        self.joining = joining
        self.dialect = dialect

    def located(self, column: Column, row: Row, prefix: str) -> tuple[Way, Testable[Expression]]:
        """The way to the row that holds a field's value, and the value there. Raises `ColumnError`."""
        way, expression, keys = self.columns.value(row.table, prefix, column)
        return way, clause_cell(column, expression, keys, self.context)

    def cell(self, column: Column, row: Row, prefix: str) -> Testable[Expression]:
        way, cell = self.located(column, row, prefix)
        self.ensure_supported(column, way, cast("Expression", cell.passes(Null(column, True))))
        return cell

    def records(self, column: Column, row: Row, prefix: str) -> Way:
        way = self.columns.records(row.table, prefix, column)
        self.ensure_supported(column, way, True)
        return way

    def ensure_supported(self, column: Column, way: Way, condition: Condition) -> None:
        """Raises `ColumnError` if the dialect, where there is one, has no words for this condition on the rows that a way leads to."""
        asked = way.exists(condition) if way.hops else condition
        if self.dialect is not None and not isinstance(asked, bool):
            try:
                select(asked).compile(dialect=self.dialect)
            except UnsupportedFilterError as error:
                raise column_error(column, error.problems[0].message) from None

    def row_of(self, records: Way) -> Row:
        return Row(records.end)

    def exists(self, records: Way, condition: Condition) -> Condition:
        return records.exists(condition)

    def number(self, records: Way) -> Cell[Expression]:
        return ClauseCell(INT64, records.number(), narrowest)

    def counted(self, records: Way, tests: Sequence[Counted], either: bool) -> Condition:
        if len(tests) == 1:
            bound = bound_of(tests[0])
            return records.more_than(*bound) if bound else super().counted(records, tests, either)
        passed = self._counted(ClauseCell(INT64, func.count(), narrowest), tests, either)
        if isinstance(passed, bool):
            return passed
        found = records.reached(select(case((passed, 1), else_=0))).scalar_subquery()
        of_nothing = (any if either else all)(_COMPARED[test.operator](0, test.number) for test in tests)
        return over_nothing(found, int(of_nothing)) == 1

    def items(self, tests: Sequence[Test], either: bool, row: Row, prefix: str) -> list[Condition]:
        """Tests of values over one path are asked of one row; groups too, where the whole condition asks for many rows."""
        if row.joined is not None:
            return super().items(tests, either, row, prefix)
        others: list[Test] = []
        paths: dict[object, list[Place]] = {}
        for test in tests:
            place = self.place(test, row, prefix)
            if place is None:
                others.append(test)
            else:
                paths.setdefault((place.way.end, either and place.opposite is None), []).append(place)
        found: list[Condition] = []
        for places in paths.values():
            way, condition, opposite = self.joined(places, either)
            if not way.hops:
                found += [place.condition for place in places]
            elif opposite is None:
                found.append(way.leads_to(condition))
            else:
                found.append(self.logic.negated(way.exists(opposite)))
        asking = tuple([test for test in others if self.joining and _asked((test,))])
        asked = self.together(AnyOf(asking) if either else AllOf(asking), row, prefix)
        if asked is not None:
            found.append(asked)
            others = [test for test in others if not _asked((test,))]
        return super().items(others, either, row, prefix) + found

    def place(self, test: Test, row: Row, prefix: str) -> Place | None:
        """The one row that a test is about, by a path of at least two names, and the condition there; None if there is no such row."""
        if isinstance(test, AllOf | AnyOf):
            if len(_first_names(test)) > 1:
                return None
            places = [self.place(inner, row, prefix) for inner in test.tests]
            known = [place for place in places if place is not None]
            either = isinstance(test, AnyOf)
            ends = {(place.way.end, either and place.opposite is None) for place in known}
            return self.joined(known, either) if len(known) == len(places) and len(ends) == 1 else None
        if not is_column_test(test) or len(test.column.source) == 1 or is_hidden(test.column):
            return None
        way, cell = self.located(test.column, row, prefix)
        if not way.hops and is_of_moment(test):
            return None
        return Place(way, cell.passes(test), cell.passes(Null(test.column, True)) if _is_null(test) else None)

    def joined(self, places: Sequence[Place], either: bool) -> Place:
        """Conditions on one row as one, joined by OR (`either`) or AND. By OR, all or none are fulfilled where there is no such row."""
        join, join_opposites = self.logic.all_of, self.logic.any_of
        if either:
            join, join_opposites = join_opposites, join
        opposites = [place.opposite for place in places if place.opposite is not None]
        opposite = join_opposites(opposites) if len(opposites) == len(places) else None
        return Place(places[0].way, join([place.condition for place in places]), opposite)

    def untrue(self, test: Test, row: Row, prefix: str) -> Condition:
        asked = self.together(test, row, prefix)
        return super().untrue(test, row, prefix) if asked is None else self.logic.negated(asked)

    def together(self, test: Test, row: Row, prefix: str) -> Condition | None:
        """The condition that a row passes a test that asks for several rows at the ends of paths: they are joined to it once.

        None where the test is rather asked piece by piece. Never unknown.
        """
        if not self.joining or row.joined is not None or _asked((test,)) < 2:
            return None
        again = row.table.again()
        if again is None:
            return None
        joined = Row(again.table, {})
        condition = self.condition(test, joined, prefix)
        if isinstance(condition, bool):
            return condition
        return joined.exists(again.on, condition) if joined.joined else None

    def compared(self, test: ColumnTest, row: Row, prefix: str) -> Condition:
        way, cell = self.located(test.column, row, prefix)
        if not way.hops or row.joins(way):
            return cell.passes(test)
        if _is_null(test):
            return self.logic.negated(way.exists(cell.passes(Null(test.column, True))))
        return way.leads_to(cell.passes(test))

    def compared_joined(self, tests: Sequence[ColumnTest], either: bool, row: Row, prefix: str) -> Condition:
        way, cell = self.located(tests[0].column, row, prefix)
        found = cell.passes_joined(tests, either)
        return found if not way.hops or row.joins(way) else way.leads_to(found)


def _first_names(test: Test) -> set[str]:
    """The names that begin the paths of a group's values; several, if one of its tests is of something else."""
    if isinstance(test, AllOf | AnyOf):
        return set().union(*[_first_names(inner) for inner in test.tests])
    return {test.column.source[0]} if is_column_test(test) and len(test.column.source) > 1 else {"", "."}


MAX_ASKED: Final = 16
"""How many subqueries for rows at the ends of paths a condition may have; beyond that, each group joins these rows once.

Databases answer a few subqueries faster, PostgreSQL each of them for the whole table at once; but 490 cost SQLite seconds.
"""


def asks_often(test: Test) -> bool:
    """Whether a test would have more than `MAX_ASKED` subqueries for rows at the ends of paths."""
    return _asked((test,), with_records=True) > MAX_ASKED


def _asked(tests: Sequence[Test], *, with_records: bool = False) -> int:
    """About how many subqueries for rows at the ends of paths the tests would have, perhaps with those on related records."""
    number = 0
    for test in tests:
        if isinstance(test, AllOf | AnyOf):
            number += _asked(test.tests, with_records=with_records)
        elif with_records and isinstance(test, Related) and test.test is not None:
            number += _asked((test.test,), with_records=True)
        elif _is_over_path(test) and not is_hidden(test.column):
            number += 1
    return number


def _is_over_path(test: Test) -> TypeGuard[ColumnTest]:
    return is_column_test(test) and len(test.column.source) > 1


def _is_null(test: ColumnTest) -> bool:
    """Whether a path that leads to no row passes the test: it does where the value is to be null."""
    return isinstance(test, Null) and not test.negated
