"""The values of columns as lookups of Django: what a model's field stores, and how it is compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.conf import settings
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    ExpressionWrapper,
    FileField,
    FilePathField,
    FloatField,
    GenericIPAddressField,
    IntegerField,
    JSONField,
    Q,
    TextField,
    UUIDField,
    Value,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, In, IsNull, LessThan, LessThanOrEqual

from ...context import Context
from ...kinds import FieldKind
from ...meaning.tests import Column, Constant, OrderOperator, TextOperator
from ..columns.conversions import ConvertedNumbers, Trip, converted
from ..columns.finding import column_error
from ..columns.lines import (
    INT64,
    Booleans,
    Days,
    Floats,
    Line,
    Moments,
    Numbers,
    SoundTexts,
    Storage,
    Texts,
    Timestamps,
    Uuids,
    line_of,
)
from ..columns.logic import Logic
from ..columns.patterns import pattern_of
from ..columns.placing import (
    JSON_STORAGE,
    JSON_VIEWS_OF,
    Cell,
    ColumnTest,
    EitherCell,
    JsonCell,
    MomentView,
    Testable,
    View,
)
from ..columns.sql import GROUP_WIDTH, MAX_CONTAINED, NUMBER_KINDS, TEXT_KINDS, json_objects
from .dialects import (
    MOMENTS,
    AddressText,
    ByCodePoint,
    ConditionField,
    DecimalText,
    ExactNumber,
    IsNotTrue,
    JsonContains,
    JsonKind,
    JsonMomentTest,
    JsonScalar,
    JsonSeen,
    LowerCase,
    PatternMatch,
    SameText,
    TimestampComparison,
)
from .fields import AnyField

Condition = Q | bool


class LookupLogic(Logic[Q]):
    """AND, OR and NOT of the ORM."""

    width = GROUP_WIDTH

    def conjunction(self, expressions: Sequence[Q]) -> Q:
        return Q(*expressions, _connector=Q.AND)

    def disjunction(self, expressions: Sequence[Q]) -> Q:
        return Q(*expressions, _connector=Q.OR)

    def negation(self, expression: Q) -> Q:
        return ~expression

    def untruth(self, expression: Q) -> Q:
        return Q(IsNotTrue(expression))

    def group(self, expression: Q) -> Q:
        # Django flattens groups in groups of a kind, but not those in an expression.
        return Q(ExpressionWrapper(expression, output_field=ConditionField()))


LOGIC: Final = LookupLogic()


def stored_in(field: AnyField) -> Storage:
    """What the column of a model's field stores."""
    match field:
        case CharField() | TextField() | FileField() | FilePathField() | GenericIPAddressField():
            return SoundTexts()
        case UUIDField():
            return Uuids()
        case IntegerField():
            return INT64
        case FloatField():
            return Floats()
        case DecimalField():
            return Numbers.decimals(field.max_digits or 130, field.decimal_places or 0)
        case BooleanField():
            return Booleans()
        case DateTimeField():
            return Timestamps(aware=bool(settings.USE_TZ))
        case DateField():
            return Days()
    return None


def conversion_of(field: AnyField) -> Trip | None:
    """What a field's own code stores for a value, and then shows; None where all of its code is Django's."""
    shown: Any = getattr(field, "from_db_value", None)
    if all(_is_djangos(function) for function in (field.get_prep_value, shown) if function):
        return None

    def trip(value: Any) -> tuple[Any, Any]:
        stored = field.get_prep_value(value)
        return stored, shown(stored, None, None) if shown else stored

    return trip


def _is_djangos(made: Any) -> bool:
    return bool(made.__module__.startswith("django."))


def _plain(field: AnyField) -> AnyField:
    """The field of Django's that another one is made of, which converts nothing."""
    if isinstance(field, DecimalField):
        return DecimalField(max_digits=field.max_digits, decimal_places=field.decimal_places)
    return next(made for made in type(field).__mro__ if _is_djangos(made))()  # type: ignore[no-any-return]


def lookup_cell(column: Column, expression: Any, field: AnyField, context: Context) -> Testable[Q]:
    """An expression of a model's field as the value of a field. Raises `ColumnError` if it cannot hold such values."""
    if isinstance(expression, JsonKind):
        return JsonLookupCell(expression) if column.kind == "custom" else json_cell(column.kind, expression, context)
    if isinstance(field, JSONField):
        raise column_error(column, "found an expression of JSON in columns, expected the path to the value in it")
    held = type(field).__name__
    storage, trip = stored_in(field), conversion_of(field)
    if trip:
        storage = converted(storage, trip, ["a", *[getattr(value, "value", value) for value, _ in field.flatchoices]])
    line = line_of(column.kind, storage, context)
    if isinstance(storage, ConvertedNumbers):
        field = _plain(field)
        expression = ExpressionWrapper(expression, output_field=field)
        if column.kind == "currency":  # its text would be that of the stored number
            line = None
    if line is None:
        remedy = _INSTEAD.get(held, "an expression that does")
        raise column_error(column, f"its {held} holds no values of type '{column.kind}'; give {remedy} in columns")
    if isinstance(field, GenericIPAddressField):
        return LookupCell(line, AddressText(expression), CharField())
    made = LookupCell
    if isinstance(line, Moments):
        made = TimestampLookupCell
    elif isinstance(line, Texts):
        made = TextLookupCell
    return made(line, expression, field)


_INSTEAD: Final = {
    "ArrayField": "their number, a text of all, or a queryset of records for them",
    "DurationField": "its seconds",
    "HStoreField": "the text of each key",
    "TimeField": "its text",
}
"""What to give for fields whose values no type of the language has."""


class LookupCell(Cell[Q]):
    """The value of an expression; `field` binds what it is compared with."""

    __slots__ = ("expression", "field")

    logic = LOGIC

    def __init__(self, line: Line, expression: Any, field: AnyField | None) -> None:
        self.line = line
        self.expression = expression
        self.field = field

    def null(self, negated: bool) -> Condition:
        return Q(IsNull(self.expression, not negated))

    def among(self, values: Sequence[Any], negated: bool) -> Q:
        same = self.same(values)
        return ~same if negated else same

    def same(self, values: Sequence[Any]) -> Q:
        """The value is one of these."""
        return Q(self.equality(self.expression, values))

    def equality(self, expression: Any, values: Sequence[Any]) -> Any:
        return In(expression, values) if len(values) > 1 else Exact(expression, self.bound(values[0]))

    def ordered(self, operator: OrderOperator, value: Any) -> Q:
        expression = ByCodePoint(self.expression) if isinstance(self.line, Texts) else self.expression
        return Q(_ORDERS[operator](expression, self.bound(value)))

    def as_is(self) -> Any:
        return self.expression

    def lowered(self) -> Any:
        return LowerCase(self.expression)

    def number_text(self) -> Any:
        return DecimalText(self.expression)

    def fits(self, text: Any, operator: TextOperator, needle: str) -> Condition:
        return "\0" not in needle and Q(PatternMatch(text, pattern_of(operator, needle)))

    def bound(self, value: object) -> Any:
        return Value(value, output_field=self.field)


_ORDERS: Final[dict[OrderOperator, Any]] = {
    "lt": LessThan,
    "lte": LessThanOrEqual,
    "gt": GreaterThan,
    "gte": GreaterThanOrEqual,
}


class TextLookupCell(LookupCell):
    """A text, on MySQL and MariaDB of a collation that may take other texts for equal."""

    __slots__ = ()

    def same(self, values: Sequence[Any]) -> Q:
        exact = self.equality(ByCodePoint(self.expression), values)
        indexed = all(value.isascii() for value in values)
        return Q(SameText(self.equality(self.expression, values), exact, indexed))


class TimestampLookupCell(LookupCell):
    """A timestamp, in SQLite a text that others than Django may have written."""

    __slots__ = ()

    def same(self, values: Sequence[Any]) -> Q:
        return _any_of([Q(TimestampComparison(self.expression, "eq", self.bound(value))) for value in values])

    def ordered(self, operator: OrderOperator, value: Any) -> Q:
        return Q(TimestampComparison(self.expression, operator, self.bound(value)))


class JsonLookupCell(JsonCell[Q], LookupCell):
    """A value in a JSON column."""

    __slots__ = ()

    expression: JsonKind

    def __init__(self, expression: JsonKind) -> None:
        LookupCell.__init__(self, Line(), expression, None)

    def null(self, negated: bool) -> Condition:
        null = Q(Exact(_known(self.expression), Value("null")))
        return ~null if negated else null

    def seen_as(self, view: View) -> LookupCell:
        line = JSON_STORAGE[view]
        assert isinstance(line, Line)
        return _view_cell(line, self.expression, view)


def json_cell(kind: FieldKind, expression: JsonKind, context: Context) -> Testable[Q]:
    """A value in a JSON column as that of a field of one kind."""
    cells: list[Testable[Q]] = []
    for view in JSON_VIEWS_OF[kind]:
        line = line_of(kind, JSON_STORAGE[view], context)
        assert line is not None
        if view == "day" or view == "wall" or view == "instant":
            cells.append(JsonMomentCell(line, expression, view))
        else:
            cells.append(_view_cell(line, expression, view))
    return EitherCell(cells, LOGIC) if len(cells) > 1 else cells[0]


def _view_cell(line: Line, expression: JsonKind, view: View) -> LookupCell:
    seen = expression.seen_as(view)
    return _VIEW_CELLS.get(view, JsonViewCell)(line, seen, seen.output_field)


class JsonViewCell(LookupCell):
    """A value in a JSON column where it is of one sort, else null."""

    __slots__ = ()

    expression: JsonScalar

    def equal(self, constants: Iterable[Constant], negated: bool) -> Condition:
        constants = list(constants)
        found = super().equal(constants, negated)
        held = [constant for constant in constants if self.line.points(constant)]
        keys, view = self.expression.keys, self.expression.view
        if isinstance(found, bool) or negated or not keys or len(held) > MAX_CONTAINED:
            return found
        numbers = [
            int(text)
            for text in map(str, held)
            if view == "id" and len(text) < 40 and text.removeprefix("-").isdecimal()
        ]
        return Q(JsonContains(self.expression, found, json_objects(keys, [*held, *numbers]), bool(numbers)))

    def equality(self, expression: Any, values: Sequence[Any]) -> Any:
        # Bound here, since `In` would convert the values as it would those of a column.
        bound = [self.bound(value) for value in values]
        return In(expression, bound) if len(bound) > 1 else Exact(expression, *bound)


class JsonTextCell(JsonViewCell):
    """The text of a value in a JSON column."""

    __slots__ = ()

    def same(self, values: Sequence[Any]) -> Q:
        exact = self.equality(ByCodePoint(self.expression), values)
        return Q(SameText(self.equality(self.expression, values), exact, indexed=False))


class JsonStringCell(JsonTextCell):
    """A text in a JSON column. What engines show of a value is compared, and where it fits, it has to be of a text."""

    __slots__ = ("is_text",)

    def __init__(self, line: Line, expression: JsonScalar, field: AnyField | None) -> None:
        column, keys = expression.source_expressions[0], expression.keys
        super().__init__(line, JsonScalar(column, keys, "shown"), field)
        self.is_text = Q(In(_known(JsonKind(column, keys)), TEXT_KINDS))

    def null(self, negated: bool) -> Condition:
        return self.is_text if negated else ~self.is_text

    def among(self, values: Sequence[Any], negated: bool) -> Q:
        return Q(super().among(values, negated), self.is_text)

    def ordered(self, operator: OrderOperator, value: Any) -> Q:
        return Q(super().ordered(operator, value), self.is_text)

    def fits(self, text: Any, operator: TextOperator, needle: str) -> Condition:
        return LOGIC.all_of([super().fits(text, operator, needle), self.is_text])


class JsonNumberCell(JsonViewCell):
    """A number in a JSON column, on MySQL and MariaDB a row of two, which cannot be null."""

    __slots__ = ()

    def null(self, negated: bool) -> Condition:
        given = Q(In(_known(JsonKind(self.expression.source_expressions[0], self.expression.keys)), NUMBER_KINDS))
        return given if negated else ~given

    def among(self, values: Sequence[Any], negated: bool) -> Q:
        same = self.same(values)
        return Q(self.null(True), LOGIC.untrue(same)) if negated else same

    def bound(self, value: object) -> Any:
        return ExactNumber(value)


def _known(kind: JsonKind) -> Coalesce:
    """The kind of a value in JSON; JSON's null also where there is none."""
    return Coalesce(kind, Value("null"))


def _any_of(conditions: Sequence[Q]) -> Q:
    found = LOGIC.any_of(conditions)
    assert isinstance(found, Q)
    return found


_VIEW_CELLS: Final[dict[View, type[JsonViewCell]]] = {
    "text": JsonStringCell,
    "id": JsonTextCell,
    "number": JsonNumberCell,
}


class JsonMomentCell(Testable[Q]):
    """A date or timestamp that a text in a JSON column writes in one form, else null."""

    __slots__ = ("cell", "expression", "view")

    def __init__(self, line: Line, expression: JsonKind, view: MomentView) -> None:
        self.cell = LookupCell(line, JsonSeen(MOMENTS[view]), MOMENTS[view])
        self.expression = expression
        self.view: MomentView = view

    def passes(self, test: ColumnTest) -> Condition:
        return self._of_seen(self.cell.passes(test))

    def passes_joined(self, tests: Iterable[ColumnTest], either: bool) -> Condition:
        return self._of_seen(self.cell.passes_joined(tests, either))

    def _of_seen(self, condition: Condition) -> Condition:
        return condition if isinstance(condition, bool) else Q(JsonMomentTest(self.expression, self.view, condition))
