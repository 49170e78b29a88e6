"""From plain tests to conditions of the ORM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db.models import Case, Exists, F, Func, IntegerField, Model, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Star
from django.db.models.lookups import Exact

from ...context import Context
from ...meaning.lowering import COMPARED
from ...meaning.tests import AllOf, AnyOf, Column, Counted, Null, Test
from ..columns.finding import Given
from ..columns.lines import INT64
from ..columns.placing import Cell, ColumnTest, Testable, is_column_test
from ..columns.sql import bound_of
from ..columns.translation import Translation, is_hidden
from .cells import LOGIC, Condition, LookupCell, lookup_cell
from .dialects import CountTest, JsonKind
from .fields import ModelFields


class LookupTranslation(Translation[Q, type[Model], "QuerySet[Any]"]):
    """Translates tests on the rows of a model, in one context."""

    __slots__ = ("columns", "context")

    logic = LOGIC

    def __init__(self, given: Given | None, context: Context) -> None:
        self.columns = ModelFields(given)
        self.context = context

    def cell(self, column: Column, row: type[Model], prefix: str) -> Testable[Q]:
        return lookup_cell(column, *self.columns.value(row, column, prefix), self.context)

    def found(self, test: Test, row: type[Model]) -> Condition:
        """The condition that a row passes the test, for a query of its own.

        It says again which rows at the ends of paths there must be, so that Django's joins of them are inner ones where they can be. Other
        databases see that themselves; SQLite would not begin with such rows.
        """
        condition = self.condition(test, row)
        if isinstance(condition, bool):
            return condition
        ends = self.ends(test, row)
        longest = [way for way in ends if not any(other.startswith(f"{way}__") for other in ends)]
        there = [Q(*[(f"{path}__isnull", False) for path in sorted(ends[way])], _connector=Q.OR) for way in longest]
        return Q(condition, *there) if there else condition

    def ends(self, test: Test, row: type[Model]) -> dict[str, frozenset[str]]:
        """The ways over other models that have to lead to a row for the test to be passed, each with paths of which one is not null then."""
        match test:
            case AllOf(tests):
                return {way: paths for inner in tests for way, paths in self.ends(inner, row).items()}
            case AnyOf(tests):
                first, *others = [self.ends(inner, row) for inner in tests]
                shared = [way for way in first if all(way in other for other in others)]
                return {way: first[way].union(*[other[way] for other in others]) for way in shared}
        if not is_column_test(test) or is_hidden(test.column) or _is_null(test):
            return {}
        names = self.path(test.column, row, "")
        path = "__".join(names)
        return {"__".join(names[:number]): frozenset([path]) for number in range(1, len(names))}

    def path(self, column: Column, row: type[Model], prefix: str) -> list[str]:
        """The names of a path over other models to a field's value; none where it is no such path."""
        expression, field = self.columns.value(row, column, prefix)
        held: Any = expression.source_expressions[0] if isinstance(expression, JsonKind) else expression
        if type(held) is not F or field.primary_key:  # whose value a foreign key holds
            return []
        names: list[str] = held.name.split("__")  # type: ignore[attr-defined]
        return names if len(names) > 1 else []

    def compared(self, test: ColumnTest, row: type[Model], prefix: str) -> Condition:
        """A null at the end of a path may be that of the foreign key at its beginning; of that planners know how often it is null."""
        condition = super().compared(test, row, prefix)
        path = self.path(test.column, row, prefix) if _is_null(test) else []
        return Q((f"{path[0]}__isnull", True), condition, _connector=Q.OR) if path else condition

    def records(self, column: Column, row: type[Model], prefix: str) -> QuerySet[Any]:
        return self.columns.related(row, column, prefix)

    def row_of(self, records: QuerySet[Any]) -> type[Model]:
        return records.model

    def exists(self, records: QuerySet[Any], condition: Condition) -> Condition:
        if condition is False:
            return False
        return Q(Exists(records if condition is True else records.filter(condition)))

    def counted(self, records: QuerySet[Any], tests: Sequence[Counted], either: bool) -> Condition:
        if len(tests) == 1:
            counted = super().counted(records, tests, either)
            bound = bound_of(tests[0])
            if bound is None or isinstance(counted, bool):
                return counted
            number, negated = bound
            beyond = Q(Exists(records[number : number + 1]))
            return Q(CountTest(counted, ~beyond if negated else beyond))
        passed = self._counted(LookupCell(INT64, _COUNTING, None), tests, either)
        if isinstance(passed, bool):
            return passed
        of_none = (any if either else all)(COMPARED[test.operator](0, test.number) for test in tests)
        passing = Tally(records, Case(When(passed, then=Value(1)), default=Value(0)), int(of_none))
        return Q(Exact(passing, Value(1)))

    def number(self, records: QuerySet[Any]) -> Cell[Q]:
        return LookupCell(INT64, Tally(records, _COUNTING, 0), None)


def _is_null(test: ColumnTest) -> bool:
    return isinstance(test, Null) and not test.negated


# A bare aggregate function, which Django does not group by: one row, also of no records.
_COUNTING: Final[Any] = Func(Star(), function="COUNT", output_field=IntegerField())


class Tally(Subquery):
    """What an expression gives for all of the records; `of_none` where Django finds, before it asks, that there can be none."""

    def __init__(self, records: QuerySet[Any], expression: Any, of_none: int) -> None:
        counted = records.order_by().annotate(kanbert_filter_count=expression)
        super().__init__(counted.values("kanbert_filter_count"))
        self.of_none = of_none

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **options: Any) -> Any:
        """The subquery in SQL."""
        try:
            return super().as_sql(compiler, connection, *args, **options)
        except EmptyResultSet:
            return compiler.compile(Value(self.of_none))
