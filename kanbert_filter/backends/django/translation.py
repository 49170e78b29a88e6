"""From a lowered test to a condition of the ORM, which is true, or false or unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, assert_never

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Model,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Lower
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, In, IsNull, LessThan, LessThanOrEqual

from ...context import Context, Edge
from ...errors import Problem, UnsupportedFilterError
from ...meaning.tests import (
    AllOf,
    Always,
    AnyOf,
    Between,
    Column,
    Constant,
    Counted,
    Equal,
    Null,
    OneOf,
    Order,
    OrderOperator,
    Related,
    Test,
    Text,
    TextOperator,
)
from ..columns.lines import Cut, Days, Moments, Numbers
from .columns import Columns, Found
from .expressions import BareNumber, ByCodePoint, Fits, Json, PlainDecimal

Condition = Q | bool
"""A condition; True and False are known before a row is looked at."""

_WIDTH: Final = 50
"""How many conditions stand in one flat row. SQLite nests what is flat, to a depth of 1000 at most: longer rows become trees."""

_ORDERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "lt": LessThan,
    "lte": LessThanOrEqual,
    "gt": GreaterThan,
    "gte": GreaterThanOrEqual,
}
MAX_WEIGHT: Final = 22
"""How many groups stand inside each other at most, a relation in a relation counting as four. SQLite's parser, before version 3.46,
keeps a hundred marks in mind, which some 25 groups take up. Within the default limits only odd filters come near."""

_MOST_COUNTED: Final = 2**63 - 1


def condition_of(condition: Condition) -> Q:
    """The condition for a query; what is known before, in Django's own words."""
    if isinstance(condition, Q):
        return condition
    return Q() if condition else Q(pk__in=())


def ensure_fits(test: Test) -> None:
    """Raises `UnsupportedFilterError` for a test that some engine could not take."""
    if _weight(test, 0) > MAX_WEIGHT:
        message = (
            "The filter holds more groups and relations inside each other than SQL databases take; make it flatter"
        )
        raise UnsupportedFilterError(Problem("unsupported", message))


def _weight(test: Test, relation: int) -> int:
    match test:
        case AllOf(tests) | AnyOf(tests):
            return 1 + max([_weight(inner, relation) for inner in tests])
        case Related(_, _, inner):
            return relation + (0 if inner is None else _weight(inner, 4))
    return 0


class Translation:
    """Translates tests on the rows of a model."""

    __slots__ = ("columns", "context")

    def __init__(self, columns: Columns, context: Context) -> None:
        self.columns = columns
        self.context = context

    def test(self, test: Test, model: type[Model]) -> Condition:
        """The condition under which a row of the model passes the test."""
        match test:
            case Always(value):
                return value
            case AllOf(tests):
                return all_true([self.test(inner, model) for inner in tests])
            case AnyOf(tests):
                return any_true([self.test(inner, model) for inner in tests])
            case Related(column, "any", inner):
                return self.exists(
                    column, model, True if inner is None else self.test(inner, self.target(column, model))
                )
            case Related():
                return negated(self.untrue(test, model))
            case Counted(column, operator, number):
                return self.counted(column, operator, number, model)
        return self.compared(test, model)

    def untrue(self, test: Test, model: type[Model]) -> Condition:
        """The condition under which a row does not pass the test: it is false, or unknown, which the language does not know.

        The negation goes down to where something may be unknown, since what is said around a condition fills the
        memory of SQLite's parser.
        """
        match test:
            case Always(value):
                return not value
            case AllOf(tests):
                return any_true([self.untrue(inner, model) for inner in tests])
            case AnyOf(tests):
                return all_true([self.untrue(inner, model) for inner in tests])
            case Related(column, "all", inner):
                assert inner is not None
                return self.exists(column, model, self.untrue(inner, self.target(column, model)))
            case Related(column, "none", inner):
                return self.test(Related(column, "any", inner), model)
            case Related() | Counted():
                return negated(self.test(test, model))
        return untrue(self.compared(test, model))

    def compared(self, test: Null | Equal | OneOf | Order | Between | Text, model: type[Model]) -> Condition:
        """The condition on one column of the row."""
        values = self.values(test.column, model)
        match test:
            case Null(_, present):
                return values.null(present)
            case Equal(_, constant, unlike):
                return values.equal((constant,), unlike)
            case OneOf(_, constants, unlike):
                return values.equal(constants, unlike)
            case Order(_, operator, constant):
                return values.order(operator, constant)
            case Between(_, low, high, outside):
                return values.between(low, high, outside)
            case Text(column, how, needles):
                return values.text(how, needles, column.case_sensitive)
        assert_never(test)

    def values(self, column: Column, model: type[Model]) -> Values:
        found = self.columns.value(model, column, self.context)
        if found.holding.line is None:
            return JsonValues(found)
        return Amounts(found) if column.kind == "currency" else Values(found)

    def target(self, column: Column, model: type[Model]) -> type[Model]:
        """The model of related records."""
        return self.columns.related(model, column).model

    def exists(self, column: Column, model: type[Model], condition: Condition) -> Condition:
        """There is a related record of this condition."""
        if condition is False:
            return False
        records = self.columns.related(model, column)
        return Q(Exists(records if condition is True else records.filter(condition)))

    def counted(self, column: Column, operator: str, number: int, model: type[Model]) -> Condition:
        if number > _MOST_COUNTED:
            return operator in ("ne", "lt", "lte")
        # A bare aggregate function, which Django does not group by: one row, also of none.
        counting: Func = Func(F("pk"), function="COUNT", output_field=IntegerField())
        records = self.columns.related(model, column).order_by()
        count = Subquery(records.annotate(kanbert_filter_count=counting).values("kanbert_filter_count"))
        if operator in ("eq", "ne"):
            same = Q(Exact(count, Value(number)))
            return same if operator == "eq" else ~same
        return Q(_ORDERS[operator](count, Value(number)))


class Values:
    """The tests of the values of one column."""

    __slots__ = ("expression", "field", "holding")

    def __init__(self, found: Found) -> None:
        self.expression = found.expression
        self.holding = found.holding
        self.field = found.holding.field

    def null(self, negated: bool) -> Condition:
        return Q(IsNull(self.expression, not negated))

    def equal(self, constants: Iterable[Constant], negated: bool) -> Condition:
        line = self.line
        points: list[Any] = []
        tests: list[Condition] = []
        for constant in constants:
            if not self.holding.compares(constant):
                continue
            held = line.points(constant)
            if held is None:
                low, high = line.cuts(constant, False), line.cuts(constant, True)
                tests.append(self.outside(low, high) if negated else self.inside(low, high))
            else:
                points.extend(held)
        if points:
            same = (
                Q(In(self.expression, points)) if len(points) > 1 else Q(Exact(self.expression, self.bound(points[0])))
            )
            tests.append(~same if negated else same)
        if not tests:
            return self.null(True) if negated else False
        return all_true(tests) if negated else any_true(tests)

    def order(self, operator: OrderOperator, constant: Constant) -> Condition:
        if not self.holding.compares(constant):
            return False
        line = self.line
        if isinstance(constant, str):
            return by_code_point(self.expression, operator, constant)
        if isinstance(line, (Numbers, Days)) or (isinstance(line, Moments) and line.reading is None):
            points = line.points(constant)
            if points:
                return Q(_ORDERS[operator](self.expression, self.bound(points[0])))
        cuts = line.cuts(constant, operator in ("lte", "gt"))
        return self.below(cuts) if operator in ("lt", "lte") else self.not_below(cuts)

    def between(self, low: Constant, high: Constant, negated: bool) -> Condition:
        cuts = self.line.cuts(low, False), self.line.cuts(high, False)
        return self.outside(*cuts) if negated else self.inside(*cuts)

    def text(self, operator: TextOperator, needles: Sequence[str], case_sensitive: bool) -> Condition:
        return fits(self.expression, operator, needles, case_sensitive) if self.holding.compares("") else False

    @property
    def line(self) -> Any:
        return self.holding.line

    def bound(self, value: object) -> Value:
        return Value(value, output_field=self.field)

    def inside(self, low: Sequence[Cut], high: Sequence[Cut]) -> Condition:
        return all_true([self.not_below(low), self.below(high)])

    def outside(self, low: Sequence[Cut], high: Sequence[Cut]) -> Condition:
        return any_true([self.below(low), self.not_below(high)])

    def below(self, cuts: Sequence[Cut]) -> Condition:
        first, *row = cuts
        tests = [self.cut("lt", first)]
        if row:
            tests.append(all_true([self.cut("gte", row[0]), self.cut("lt", row[1])]))
        return any_true(tests)

    def not_below(self, cuts: Sequence[Cut]) -> Condition:
        first, *row = cuts
        tests = [self.cut("gte", first)]
        if row:
            tests.append(any_true([self.cut("lt", row[0]), self.cut("gte", row[1])]))
        return all_true(tests)

    def cut(self, operator: str, cut: Cut) -> Condition:
        if isinstance(cut, Edge):
            return self.null(True) if (cut is Edge.AFTER) is (operator == "lt") else False
        return Q(_ORDERS[operator](self.expression, self.bound(cut)))


class Amounts(Values):
    """Numbers that text operators see as text."""

    __slots__ = ()

    def text(self, operator: TextOperator, needles: Sequence[str], case_sensitive: bool) -> Condition:
        return fits(PlainDecimal(self.expression), operator, needles, True)


class JsonValues(Values):
    """Values of any kind: a text compares with texts, a number with numbers, a boolean with booleans."""

    __slots__ = ()

    expression: Json

    def null(self, negated: bool) -> Condition:
        given = Q(IsNull(self.expression, False)) & ~Q(Exact(self.expression, Value("null")))
        return given if negated else untrue(given)

    def equal(self, constants: Iterable[Constant], negated: bool) -> Condition:
        sound = [constant for constant in constants if not (isinstance(constant, str) and "\0" in constant)]
        if not sound:
            return self.null(True) if negated else False
        view = self.view(sound[0])
        same = any_true([Q(Exact(view, self.operand(constant))) for constant in sound])
        return all_true([self.null(True), untrue(same)]) if negated else same

    def order(self, operator: OrderOperator, constant: Constant) -> Condition:
        if isinstance(constant, str):
            return by_code_point(self.view(constant), operator, constant)
        return Q(_ORDERS[operator](self.view(constant), self.operand(constant)))

    def text(self, operator: TextOperator, needles: Sequence[str], case_sensitive: bool) -> Condition:
        return fits(self.view(""), operator, needles, case_sensitive)

    def view(self, constant: Constant) -> Any:
        if isinstance(constant, bool):
            return self.expression.seen_as("boolean")
        return self.expression.seen_as("number" if isinstance(constant, (int, Decimal)) else "text")

    def operand(self, constant: Constant) -> Value:
        number = isinstance(constant, (int, Decimal)) and not isinstance(constant, bool)
        return Value(constant, output_field=BareNumber()) if number else Value(constant)


# text


def fits(text: Any, operator: TextOperator, needles: Sequence[str], case_sensitive: bool) -> Condition:
    """The text holds, begins with, ends with or matches one of the needles, which are lower-case unless case counts."""
    seen = text if case_sensitive else Lower(text)
    return any_true([Q(Fits(seen, pattern(operator, needle))) for needle in needles if "\0" not in needle])


def pattern(operator: TextOperator, needle: str) -> str:
    """A needle as a pattern of `like`.

    >>> from kanbert_filter.backends.django.translation import pattern
    >>> pattern("contains", "50%")
    '%50\\\\%%'
    """
    if operator == "like":
        return needle
    literal = "".join([f"\\{c}" if c in "\\%_" else c for c in needle])
    return ("" if operator == "startswith" else "%") + literal + ("" if operator == "endswith" else "%")


def by_code_point(text: Any, operator: str, constant: str) -> Condition:
    """The order of a text. None stands between a text and that text with a NUL behind it, which databases do not take."""
    sound, nul, _ = constant.partition("\0")
    if nul:
        operator = "lte" if operator in ("lt", "lte") else "gt"
    return Q(_ORDERS[operator](ByCodePoint(text), Value(sound)))


# groups


def all_true(conditions: Iterable[Condition]) -> Condition:
    """The conditions joined by AND."""
    return _joined(Q.AND, conditions)


def any_true(conditions: Iterable[Condition]) -> Condition:
    """The conditions joined by OR."""
    return _joined(Q.OR, conditions)


def negated(condition: Condition) -> Condition:
    """What is false where the condition, which is never unknown, is true."""
    return not condition if isinstance(condition, bool) else ~condition


def untrue(condition: Condition) -> Condition:
    """Not true: false, or unknown, which the language does not know."""
    if isinstance(condition, bool):
        return not condition
    return Q(Case(When(condition, then=Value(False)), default=Value(True), output_field=BooleanField()))


def _joined(connector: str, conditions: Iterable[Condition]) -> Condition:
    absorbing = connector == Q.OR
    joined: list[Any] = []
    for condition in conditions:
        if isinstance(condition, Q):
            joined.append(condition)
        elif condition is absorbing:
            return absorbing
    while len(joined) > _WIDTH:
        rows = [joined[start : start + _WIDTH] for start in range(0, len(joined), _WIDTH)]
        # Django flattens groups in groups of a kind, but not those in an expression.
        joined = [ExpressionWrapper(Q(*row, _connector=connector), output_field=BooleanField()) for row in rows]
    if not joined:
        return not absorbing
    return joined[0] if len(joined) == 1 and isinstance(joined[0], Q) else Q(*joined, _connector=connector)
