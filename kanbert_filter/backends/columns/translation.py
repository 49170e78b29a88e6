"""From plain tests to the conditions of an engine: what does not depend on the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeGuard, TypeVar, assert_never, cast

from ...kinds import exhaustive
from ...meaning.tests import (
    AllOf,
    Always,
    AnyOf,
    Between,
    Column,
    Counted,
    CountOperator,
    Equal,
    Null,
    OneOf,
    Order,
    Related,
    Test,
    Text,
)
from .logic import E, Logic
from .placing import COLUMN_TESTS, Cell, ColumnTest, Testable, is_column_test

Row = TypeVar("Row")
"""What an engine knows of the rows that a test is about: a table, a model, a frame."""

Records = TypeVar("Records")
"""The related records of such a row."""

_OPPOSITE: Final[dict[CountOperator, CountOperator]] = {
    "eq": "ne",
    "ne": "eq",
    "lt": "gte",
    "gte": "lt",
    "gt": "lte",
    "lte": "gt",
}


def is_hidden(column: Column) -> bool:
    """Whether a field has a name beginning with `__`, which only a wildcard can admit. It is null everywhere and looked up nowhere."""
    return any(name.startswith("__") for name in column.path.split("."))


class Translation(ABC, Generic[E, Row, Records]):
    """Translates tests on rows. The subclass of an engine finds columns and related records.

    `prefix` is the path of the relation whose records the rows are, with a dot behind it. A condition is true for the rows that pass
    the test; for others it is false, or unknown, which filters take for false.
    """

    logic: Logic[E]

    # given by the engine; the first two raise `ColumnError` for what the row does not have

    @abstractmethod
    def cell(self, column: Column, row: Row, prefix: str) -> Testable[E]:
        """The value of a field."""

    @abstractmethod
    def records(self, column: Column, row: Row, prefix: str) -> Records:
        """The related records of a relation."""

    @abstractmethod
    def row_of(self, records: Records) -> Row | None:
        """What is known of each of the records; None if nothing, in an engine that asks for no conditions on them."""

    @abstractmethod
    def exists(self, records: Records, condition: E | bool) -> E | bool:
        """One of the records is of this condition. Never unknown."""

    @abstractmethod
    def number(self, records: Records) -> Cell[E]:
        """The number of the records."""

    # tests

    def condition(self, test: Test, row: Row, prefix: str = "") -> E | bool:
        """The condition that a row passes the test."""
        return _TRANSLATED[test.__class__](self, test, row, prefix)  # type: ignore[no-any-return]

    def column_test(self, test: ColumnTest, row: Row, prefix: str) -> E | bool:
        """The condition that a row's value of one column passes the test, if it is a value that can be found."""
        if "__" in test.column.path and is_hidden(test.column):
            return isinstance(test, Null) and not test.negated
        return self.compared(test, row, prefix)

    def all_of(self, test: AllOf, row: Row, prefix: str) -> E | bool:
        """The condition that a row passes every test."""
        return self.logic.all_of(self.items(test.tests, False, row, prefix))

    def any_of(self, test: AnyOf, row: Row, prefix: str) -> E | bool:
        """The condition that a row passes one of the tests."""
        return self.logic.any_of(self.items(test.tests, True, row, prefix))

    def items(self, tests: Sequence[Test], either: bool, row: Row, prefix: str) -> list[E | bool]:
        """The conditions of tests that are joined by OR (`either`) or AND; several tests of one count, or of one moment, become one condition."""
        counts: dict[Column, list[Counted]] = {}
        others: dict[object, list[Any]] = {}
        for number, test in enumerate(tests):
            if isinstance(test, Counted):
                counts.setdefault(test.column, []).append(test)
            else:
                others.setdefault(test.column if is_of_moment(test) else number, []).append(test)
        found = [
            self.condition(alike[0], row, prefix)
            if len(alike) == 1
            else self.compared_joined(alike, either, row, prefix)
            for alike in others.values()
        ]
        found += [self.counted(self.records(column, row, prefix), alike, either) for column, alike in counts.items()]
        return found

    def counted(self, records: Records, tests: Sequence[Counted], either: bool) -> E | bool:
        """The condition that the number of the records passes the tests, or one of them (`either`)."""
        return self._counted(self.number(records), tests, either)

    def _counted(self, cell: Cell[E], tests: Sequence[Counted], either: bool) -> E | bool:
        conditions = [cell.counts(operator, number) for _, operator, number in tests]
        return self.logic.any_of(conditions) if either else self.logic.all_of(conditions)

    def compared(self, test: ColumnTest, row: Row, prefix: str) -> E | bool:
        """The condition that a row's value of one column passes the test."""
        return self.cell(test.column, row, prefix).passes(test)

    def compared_joined(self, tests: Sequence[ColumnTest], either: bool, row: Row, prefix: str) -> E | bool:
        """The condition that a row's value of one column, which is present, passes one of the tests (`either`) or all of them."""
        return self.cell(tests[0].column, row, prefix).passes_joined(tests, either)

    def related(self, test: Related, row: Row, prefix: str) -> E | bool:
        """The condition that some, none or each of a row's related records passes a test."""
        column, operator, inner = test
        records = self.records(column, row, prefix)
        if inner is None:
            found = self.exists(records, True)
        else:
            translate = self.untrue if operator == "all" else self.condition
            found = self.some(records, lambda related: translate(inner, related, f"{column.path}."))
        return found if operator == "any" else self.logic.negated(found)

    def some(self, records: Records, condition: Callable[[Row], E | bool]) -> E | bool:
        """One of the records is of a condition, which is made for what is known of them. Never unknown."""
        return self.exists(records, condition(cast("Row", self.row_of(records))))

    def untrue(self, test: Test, row: Row, prefix: str) -> E | bool:
        """The condition that a row does not pass the test; like `condition` it may be unknown, but where it should be true.

        The negation goes down to the groups in which something may be unknown. What asks for related records has an opposite, which
        planners take for what it is.
        """
        match test:
            case Always(value):
                return not value
            case AllOf() | AnyOf() if _is_of_values(test):
                return self.logic.untrue(self.condition(test, row, prefix))
            case AllOf(tests):
                return self.logic.any_of([self.untrue(inner, row, prefix) for inner in tests])
            case AnyOf(tests):
                return self.logic.all_of([self.untrue(inner, row, prefix) for inner in tests])
            case Null(column, negated):
                return self.condition(Null(column, not negated), row, prefix)
            case Equal() | OneOf() | Order() | Between() | Text():
                return self.logic.untrue(self.condition(test, row, prefix))
            case Related(column, "all", inner):
                return self.logic.negated(self.condition(test, row, prefix))
            case Related(column, operator, inner):
                opposite = Related(column, "none" if operator == "any" else "any", inner)
                return self.condition(opposite, row, prefix)
            case Counted(column, counting, number):
                return self.condition(Counted(column, _OPPOSITE[counting], number), row, prefix)
        assert_never(test)


def _is_of_values(test: Test) -> bool:
    """Whether a test is of values of the row, and asks for no related records."""
    if isinstance(test, AllOf | AnyOf):
        return all(map(_is_of_values, test.tests))
    return is_column_test(test)


def is_of_moment(test: Test) -> TypeGuard[Between | Equal | Order | OneOf]:
    """Whether a test compares a present date or timestamp."""
    compares = isinstance(test, (Between, Equal, Order, OneOf)) and test.column.kind in ("date", "datetime")
    return compares and not is_hidden(test.column)  # type: ignore[union-attr]


_TRANSLATED: Final[dict[type, Callable[[Any, Any, Any, str], Any]]] = exhaustive(
    Test,
    {
        Always: lambda translation, test, row, prefix: test.value,
        AllOf: Translation.all_of,
        AnyOf: Translation.any_of,
        **dict.fromkeys(COLUMN_TESTS, Translation.column_test),
        Related: lambda translation, test, row, prefix: translation.related(test, row, prefix),
        Counted: lambda translation, test, row, prefix: translation.counted(
            translation.records(test.column, row, prefix), [test], False
        ),
    },
)
