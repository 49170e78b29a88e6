"""Tests on one column as comparisons of its stored values, which every engine can express."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, Generic, Literal, TypeGuard, cast

from ...context import Edge
from ...kinds import FieldKind, ValueKind, exhaustive
from ...meaning.tests import (
    Between,
    Constant,
    CountOperator,
    Equal,
    Null,
    OneOf,
    Order,
    OrderOperator,
    Test,
    Text,
    TextOperator,
)
from .lines import AnyNumbers, Booleans, Cut, Days, Line, SoundTexts, Storage, Timestamps
from .logic import E, Logic

ColumnTest = Null | Equal | OneOf | Order | Between | Text
"""A test on the value of one column."""


class Testable(ABC, Generic[E]):
    """What tests on one column can be asked of."""

    __slots__ = ()

    logic: Logic[E]

    @abstractmethod
    def passes(self, test: ColumnTest) -> E | bool:
        """The condition that the value passes the test."""

    def passes_joined(self, tests: Iterable[ColumnTest], either: bool) -> E | bool:
        """The condition that the value, which is present, passes one of the tests (`either`) or all of them."""
        return (self.logic.any_of if either else self.logic.all_of)([self.passes(test) for test in tests])


class Cell(Testable[E]):
    """The value of a column in a row. An engine gives the basic comparisons; the tests are put together from them here."""

    __slots__ = ("line",)

    def __init__(self, line: Line) -> None:
        self.line = line

    # given by the engine

    @abstractmethod
    def null(self, negated: bool) -> E | bool:
        """The value is null; negated: is not. Never unknown."""

    @abstractmethod
    def among(self, values: Sequence[Any], negated: bool) -> E | bool:
        """The value is one of these stored values, at least one; negated: is present and none of them."""

    @abstractmethod
    def ordered(self, operator: OrderOperator, value: Any) -> E:
        """The value is less (or greater, or equal) than a stored value."""

    @abstractmethod
    def lowered(self) -> Any:
        """The text in lower case, for `fits`."""

    @abstractmethod
    def as_is(self) -> Any:
        """The text as it is, for `fits`."""

    @abstractmethod
    def number_text(self) -> Any:
        """The number in plain decimal without trailing zeros, for `fits`."""

    @abstractmethod
    def fits(self, text: Any, operator: TextOperator, needle: str) -> E | bool:
        """The text holds, begins with, ends with, or matches the needle."""

    # tests

    def passes(self, test: ColumnTest) -> E | bool:
        """The condition that the value passes the test."""
        return _PASSES[test.__class__](self, test)  # type: ignore[no-any-return]

    def counts(self, operator: CountOperator, number: int) -> E | bool:
        """The value, a count, compares so with the number."""
        if operator in ("eq", "ne"):
            return self.equal((number,), operator == "ne")
        return self.order(cast("OrderOperator", operator), number)

    def equal(self, constants: Iterable[Constant], negated: bool) -> E | bool:
        """The value equals one of the constants; negated: is present and equals none."""
        points: list[Any] = []
        tests: list[E | bool] = []
        for constant in constants:
            if constant.__class__ in self.line.comparing:
                found = self.line.points(constant)
                if found is None:
                    place = self.outside if negated else self.inside
                    tests.append(place(self.line.cuts(constant, False), self.line.cuts(constant, True)))
                else:
                    points.extend(found)
        if points:
            tests.append(self.among(points, negated))
        if not tests:
            return self.null(True) if negated else False
        return self.logic.all_of(tests) if negated else self.logic.any_of(tests)

    def order(self, operator: OrderOperator, constant: Constant) -> E | bool:
        """The value is less (or greater, or equal) than the constant."""
        if constant.__class__ not in self.line.comparing:
            return False
        direct = self.line.direct(operator, constant)
        if direct is not None:
            return self.ordered(*direct)
        cuts = self.line.cuts(constant, operator in ("lte", "gt"))
        return self.below(cuts) if operator in ("lt", "lte") else self.not_below(cuts)

    def between(self, low: Constant, high: Constant, negated: bool) -> E | bool:
        """The value is in `low <= value < high`; negated: is present and outside."""
        cuts = self.line.cuts(low, False), self.line.cuts(high, False)
        return self.outside(*cuts) if negated else self.inside(*cuts)

    def text(self, test: Text) -> E | bool:
        """The text holds, begins with, ends with, or matches one of the needles."""
        column, operator, needles = test
        if column.kind == "currency" and self.line.comparing:
            text = self.number_text()
        elif str in self.line.comparing:
            text = self.as_is() if column.case_sensitive else self.lowered()
        else:
            return False
        return self.logic.any_of([self.fits(text, operator, needle) for needle in needles])

    # cuts

    def inside(self, low: Sequence[Cut], high: Sequence[Cut]) -> E | bool:
        return self.logic.all_of([self.not_below(low), self.below(high)])

    def outside(self, low: Sequence[Cut], high: Sequence[Cut]) -> E | bool:
        return self.logic.any_of([self.below(low), self.not_below(high)])

    def below(self, cuts: Sequence[Cut]) -> E | bool:
        """The value lies below the first cut, or from the second up to the third."""
        first, *row = cuts
        tests = [self._side("lt", first)]
        if row:
            tests.append(self.logic.all_of([self._side("gte", row[0]), self._side("lt", row[1])]))
        return self.logic.any_of(tests)

    def not_below(self, cuts: Sequence[Cut]) -> E | bool:
        first, *row = cuts
        tests = [self._side("gte", first)]
        if row:
            tests.append(self.logic.any_of([self._side("lt", row[0]), self._side("gte", row[1])]))
        return self.logic.all_of(tests)

    def _side(self, operator: OrderOperator, cut: Cut) -> E | bool:
        if isinstance(cut, Edge):
            return self.null(True) if (cut is Edge.AFTER) is (operator == "lt") else False
        return self.ordered(operator, cut)


_PASSES: Final[dict[type, Callable[[Cell[Any], Any], Any]]] = exhaustive(
    ColumnTest,
    {
        Null: lambda cell, test: cell.null(test.negated),
        Equal: lambda cell, test: cell.equal((test.constant,), test.negated),
        OneOf: lambda cell, test: cell.equal(test.constants, test.negated),
        Order: lambda cell, test: cell.order(test.operator, test.constant),
        Between: lambda cell, test: cell.between(test.low, test.high, test.negated),
        Text: lambda cell, test: cell.text(test),
    },
)

COLUMN_TESTS: Final = frozenset(_PASSES)


def is_column_test(test: Test) -> TypeGuard[ColumnTest]:
    """Whether a test is on the value of one column."""
    return test.__class__ in COLUMN_TESTS


class EitherCell(Testable[E]):
    """A value that one of several cells holds, each in its own form; the other cells are null."""

    __slots__ = ("cells", "logic")

    def __init__(self, cells: Sequence[Testable[E]], logic: Logic[E]) -> None:
        self.cells = cells
        self.logic = logic

    def passes(self, test: ColumnTest) -> E | bool:
        join = self.logic.all_of if isinstance(test, Null) and not test.negated else self.logic.any_of
        return join([cell.passes(test) for cell in self.cells])

    def passes_joined(self, tests: Iterable[ColumnTest], either: bool) -> E | bool:
        return self.logic.any_of([cell.passes_joined(tests, either) for cell in self.cells])


# values in JSON

View = Literal["text", "number", "boolean", "id"]
"""What a value in JSON is seen as where it is such a value: a text, a number, a boolean, or the text of an id."""

MomentView = Literal["day", "wall", "instant"]
"""What a text in JSON is seen as where it writes such a moment: a date, a timestamp without offset, or one with offset."""

JSON_STORAGE: Final[dict[View | MomentView, Storage]] = {
    "text": SoundTexts(),
    "number": AnyNumbers(),
    "boolean": Booleans(),
    "id": SoundTexts(),
    "day": Days(),
    "wall": Timestamps(aware=False),
    "instant": Timestamps(aware=True),
}
"""What each view holds."""

JSON_VIEWS_OF: Final[dict[FieldKind, tuple[View | MomentView, ...]]] = exhaustive(
    ValueKind,
    {
        **dict.fromkeys(("string", "enum"), ("text",)),
        **dict.fromkeys(("number", "currency"), ("number",)),
        **dict.fromkeys(("date", "datetime"), ("day", "wall", "instant")),
        "boolean": ("boolean",),
        "id": ("id",),
        "custom": ("text", "number", "boolean"),
    },
)
"""By kinds of fields, the views that show their values. A value of none of them is null, whatever it is."""


class JsonCell(Cell[E]):
    """A value of any kind in JSON, on a line of nothing. A text compares with texts, a number with numbers, a boolean with booleans."""

    __slots__ = ()

    @abstractmethod
    def seen_as(self, view: View) -> Cell[E]:
        """The value where it is of this kind, else null."""

    def equal(self, constants: Iterable[Constant], negated: bool) -> E | bool:
        constants = tuple(constants)
        same = self._seen_like(constants[0]).equal(constants, False)
        return self.logic.all_of([self.null(True), self.logic.untrue(same)]) if negated else same

    def order(self, operator: OrderOperator, constant: Constant) -> E | bool:
        return self._seen_like(constant).order(operator, constant)

    def text(self, test: Text) -> E | bool:
        return self.seen_as("text").text(test)

    def _seen_like(self, constant: Constant) -> Cell[E]:
        if isinstance(constant, bool):
            return self.seen_as("boolean")
        return self.seen_as("number" if isinstance(constant, (int, Decimal)) else "text")
