"""The values of columns as lookups of Django: what a model's field stores, and how it is compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.db.models import (
    BooleanField,
    Case,
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
    When,
)
from django.db.models.functions import Lower
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, In, IsNull, LessThan, LessThanOrEqual

from ...context import Context
from ...meaning.tests import Column, OrderOperator, TextOperator
from ..columns.finding import column_error
from ..columns.lines import (
    INT64,
    AnyNumbers,
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
from ..columns.placing import Cell, JsonCell, View
from ..columns.sql import GROUP_WIDTH
from .dialects import AddressText, BareNumber, ByCodePoint, DecimalText, JsonKind, PatternMatch, TimestampComparison
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
        return Q(Case(When(expression, then=Value(False)), default=Value(True), output_field=BooleanField()))

    def group(self, expression: Q) -> Q:
        # Django flattens groups in groups of a kind, but not those in an expression.
        return Q(ExpressionWrapper(expression, output_field=BooleanField()))


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


def lookup_cell(column: Column, expression: Any, field: AnyField, context: Context) -> Cell[Q]:
    """An expression of a model's field as the value of a field. Raises `ColumnError` if it cannot hold such values."""
    if column.kind == "custom" and isinstance(field, JSONField):
        return JsonLookupCell(expression)
    line = line_of(column.kind, stored_in(field), context)
    if line is None:
        held = type(field).__name__
        remedy = _INSTEAD.get(held, "an expression that does")
        raise column_error(column, f"its {held} holds no values of type '{column.kind}'; give {remedy} in columns")
    if isinstance(field, GenericIPAddressField):
        return LookupCell(line, AddressText(expression), CharField())
    return (TimestampLookupCell if isinstance(line, Moments) else LookupCell)(line, expression, field)


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
        same = Q(In(self.expression, values) if len(values) > 1 else Exact(self.expression, self._bound(values[0])))
        return ~same if negated else same

    def ordered(self, operator: OrderOperator, value: Any) -> Q:
        expression = ByCodePoint(self.expression) if isinstance(self.line, Texts) else self.expression
        return Q(_ORDERS[operator](expression, self._bound(value)))

    def as_is(self) -> Any:
        return self.expression

    def lowered(self) -> Any:
        return Lower(self.expression)

    def number_text(self) -> Any:
        return DecimalText(self.expression)

    def fits(self, text: Any, operator: TextOperator, needle: str) -> Condition:
        return "\0" not in needle and Q(PatternMatch(text, pattern_of(operator, needle)))

    def _bound(self, value: object) -> Value:
        return Value(value, output_field=self.field)


_ORDERS: Final[dict[OrderOperator, Any]] = {
    "lt": LessThan,
    "lte": LessThanOrEqual,
    "gt": GreaterThan,
    "gte": GreaterThanOrEqual,
}


class TimestampLookupCell(LookupCell):
    """A timestamp, in SQLite a text that others than Django may have written."""

    __slots__ = ()

    def among(self, values: Sequence[Any], negated: bool) -> Q:
        same = LOGIC.any_of([Q(TimestampComparison(self.expression, "eq", self._bound(value))) for value in values])
        assert isinstance(same, Q)
        return ~same if negated else same

    def ordered(self, operator: OrderOperator, value: Any) -> Q:
        return Q(TimestampComparison(self.expression, operator, self._bound(value)))


class JsonLookupCell(JsonCell[Q], LookupCell):
    """A value in a JSON column."""

    __slots__ = ()

    expression: JsonKind

    def __init__(self, expression: JsonKind) -> None:
        LookupCell.__init__(self, Line(), expression, None)

    def null(self, negated: bool) -> Condition:
        given = Q(IsNull(self.expression, False)) & ~Q(Exact(self.expression, Value("null")))
        return given if negated else LOGIC.untrue(given)

    def seen_as(self, view: View) -> LookupCell:
        line, field = _VIEWS[view]
        return JsonViewCell(line, self.expression.seen_as(view), field)


class JsonViewCell(LookupCell):
    """A value in a JSON column where it is of one kind, else null."""

    __slots__ = ()

    def among(self, values: Sequence[Any], negated: bool) -> Q:
        # `In` would have Django convert the values as it would those of a column.
        same = [Q(Exact(self.expression, self._bound(value))) for value in values]
        found = LOGIC.any_of(same)
        assert isinstance(found, Q)
        return ~found if negated else found


_VIEWS: Final[dict[View, tuple[Line, AnyField | None]]] = {
    "text": (SoundTexts(), None),
    "number": (AnyNumbers(), BareNumber()),
    "boolean": (Booleans(), None),
}
