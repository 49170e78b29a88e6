"""The values of columns as expressions of SQLAlchemy: what a column's type stores, how it is bound, how it is compared.

The column itself is compared, bare, so its index serves. A constant that no row can hold is never sent: what it means is settled by the
line of the column. So no operand becomes an error of the database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from functools import lru_cache, partial
from operator import ge, gt, le, lt
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import (
    DATE,
    DATETIME,
    JSON,
    TIMESTAMP,
    BigInteger,
    BinaryExpression,
    BindParameter,
    Boolean,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    Integer,
    Interval,
    Numeric,
    String,
    Uuid,
    and_,
    false,
    func,
    literal_column,
    not_,
    or_,
)
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from ...context import Context
from ...kinds import FieldKind, ValueKind, exhaustive
from ...meaning.tests import Column, Constant, OrderOperator, Text, TextOperator
from ..columns.conversions import ConvertedNumbers, converted
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
    Stored,
    Texts,
    Timestamps,
    Uuids,
    line_of,
)
from ..columns.logic import Logic
from ..columns.patterns import backtracking, pattern_of
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
from ..columns.sql import GROUP_WIDTH, MAX_CONTAINED, NUMBER_KINDS, json_objects
from .constructs import Expression, is_not_true, parenthesized, reaches
from .dialects import (
    BoundDate,
    BoundTimestamp,
    ColumnNumber,
    by_code_point,
    fits,
    lower_case,
    number_as_text,
    same_text,
    timestamp,
    timestamp_comparison,
    unwrapped,
)
from .json_dialects import (
    JSON_SEEN,
    ExactNumber,
    exact_number,
    json_boolean,
    json_boolean_test,
    json_contains,
    json_day_test,
    json_id,
    json_instant_test,
    json_kind,
    json_may_contain,
    json_moment_test,
    json_number,
    json_number_test,
    json_test,
    json_text,
    json_text_test,
    json_text_value,
    json_wall_test,
)

Condition = Expression | bool
AnyType = TypeEngine[Any]


class ClauseLogic(Logic[Expression]):
    """AND, OR and NOT of SQL."""

    width = GROUP_WIDTH

    def conjunction(self, expressions: Sequence[Expression]) -> Expression:
        return and_(*expressions)

    def disjunction(self, expressions: Sequence[Expression]) -> Expression:
        return or_(*expressions)

    def negation(self, expression: Expression) -> Expression:
        if isinstance(expression, reaches):
            return reaches(*[not_(words) for words in expression.clauses])
        return not_(expression)

    def untruth(self, expression: Expression) -> Expression:
        return is_not_true(expression)

    def group(self, expression: Expression) -> Expression:
        return parenthesized(expression)


LOGIC: Final = ClauseLogic()


# what types store


class Bound(NamedTuple):
    """What a column of some type stores, and the type to bind such values as."""

    storage: Storage
    type_of: Callable[[Sequence[Any]], AnyType]


def bound_by(type: AnyType) -> Bound:
    """What a column of this type stores. A decorated type stores what it decorates, and converts what is bound itself."""
    plain = type = unwrapped(type)
    decorators = []
    while isinstance(plain, TypeDecorator) and not isinstance(plain, Interval):
        if plain.__class__.process_bind_param is not TypeDecorator.process_bind_param:
            decorators.append(plain)
        plain = plain.impl_instance
    if not decorators:
        return _bound_by(plain, type)
    held = converted(_bound_by(plain, plain).storage, partial(_there_and_back, tuple(decorators)))
    return Bound(held, _bound_by(plain, plain if isinstance(held, ConvertedNumbers) else type).type_of)


def _bound_by(plain: AnyType, type: AnyType) -> Bound:
    """What a column of this plain type stores, bound as the other type, which decorates it or is the same."""
    converting = None if plain is type else type
    match plain:
        case Enum():
            members: dict[str, Any] = {text: text for text in plain.enums}
            if plain.enum_class is not None:
                members = {str(member.value): member for member in plain.enum_class}
            return Bound(MemberTexts(members), _bound_as(type))
        case String():
            return Bound(SoundTexts(), _bound_as(converting or _STRING))
        case Uuid():
            return Bound(Uuids() if plain.as_uuid else Uuids(str), _bound_as(type))
        case Integer():
            return Bound(INT64, _bound_as(converting) if converting else narrowest)
        case Float():
            return Bound(Floats(), _bound_as(converting or _DOUBLE))
        case Numeric():  # bound without a precision, to which engines could round
            if plain.precision is not None and plain.scale is not None:
                return Bound(
                    Numbers.decimals(plain.precision, plain.scale), _bound_as(converting or ColumnNumber(fitting=True))
                )
            return Bound(AnyNumbers(), _bound_as(converting or ColumnNumber()))
        case Boolean():
            return Bound(Booleans(), _bound_as(type))
        case Date():
            return Bound(Days(), _bound_as(BoundDate() if _is_known(type) else type))
        case DateTime():
            aware = bool(plain.timezone)
            known = converting is None and (_is_known(plain) or getattr(plain, "precision", None) is not None)
            return Bound(Timestamps(aware=aware), _bound_as(BoundTimestamp(timezone=aware) if known else type))
    return Bound(None, _bound_as(type))


def _is_known(type: AnyType) -> bool:
    """Whether the values of a type for dates or timestamps are the engine's own."""
    return type.__class__ in (Date, DateTime, DATE, DATETIME, TIMESTAMP) or type.__class__.__module__.startswith(
        "clickhouse_"
    )


def _bound_as(type: AnyType) -> Callable[[Sequence[Any]], AnyType]:
    return lambda values: type


def narrowest(values: Sequence[Any]) -> AnyType:
    """No wider than the values need, so an index on a narrow column serves."""
    return _INTEGER if all(value in _INT32 for value in values) else _BIG_INTEGER


_INT32: Final = range(-(2**31), 2**31)
_INTEGER: Final = Integer()
_BIG_INTEGER: Final = BigInteger()
_NUMERIC: Final[AnyType] = ColumnNumber()
_DOUBLE: Final[AnyType] = Double()
_STRING: Final = String()

_ASSUMED: Final[dict[FieldKind, AnyType]] = exhaustive(
    ValueKind,
    {
        "string": _STRING,
        "enum": _STRING,
        "id": _STRING,
        "number": _NUMERIC,
        "currency": _NUMERIC,
        "boolean": Boolean(),
        "date": Date(),
        "datetime": DateTime(timezone=True),
        "custom": NullType(),
    },
)
"""What an expression whose type is not known is taken for, by the kind of its field."""


class MemberTexts(Texts):
    """A few texts, each bound as a member of an enumeration."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    def points(self, constant: Constant) -> Sequence[Stored]:
        return (self.members[str(constant)],) if constant in self.members else ()


Decorators = tuple[TypeDecorator[Any], ...]
"""Those of a type that convert what is bound, the outermost first."""

_DIALECT: Final = DefaultDialect()


def _there_and_back(decorators: Decorators, value: Any) -> tuple[Any, Any]:
    """What is stored for a value, and what is then shown."""
    for decorator in decorators:
        value = decorator.process_bind_param(value, _DIALECT)
    stored = value
    for decorator in reversed(decorators):
        if decorator.__class__.process_result_value is not TypeDecorator.process_result_value:
            value = decorator.process_result_value(value, _DIALECT)
    return stored, value


# values


def clause_cell(column: Column, x: Expression, keys: Sequence[str], context: Context) -> Testable[Expression]:
    """An expression as the value of a field; with `keys`, the value behind them in JSON.

    Raises `ColumnError` if its type cannot hold the field's values.
    """
    if isinstance(x.type, JSON):
        path = JsonPath(x, keys) if keys else None
        for key in keys:
            x = x[key]
        return JsonClauseCell(x, path) if column.kind == "custom" else _json_cell(column.kind, x, path, context)
    held = _read_as(column.kind, x.type, context.timezone, context.storage_timezone)
    if held is None:
        reason = f"a column of type {x.type!r} cannot hold values of type {column.kind!r}"
        raise column_error(column, f"{reason}; give an expression that does in columns")
    made, line, type_of = held
    return made(line, x, type_of)


@lru_cache(maxsize=1024)
def _read_as(
    kind: FieldKind, stored: AnyType, timezone: tzinfo, storage_timezone: tzinfo
) -> tuple[type[ClauseCell], Line, Callable[[Sequence[Any]], AnyType]] | None:
    """What makes of an expression of a type the value of a field: the class of the cell, its line, and the types to bind."""
    if isinstance(stored, NullType):
        stored = _ASSUMED[kind]
    storage, type_of = bound_by(stored)
    line = line_of(kind, storage, Context(timezone=timezone, storage_timezone=storage_timezone))
    if line is None or isinstance(stored, NullType):
        return None
    if isinstance(line, ConvertedNumbers) and kind == "currency":  # whose text is that of the stored number
        return None
    made = MemberCell if isinstance(line, MemberTexts) else ClauseCell
    if line.__class__ is SoundTexts:
        made = TextClauseCell
    if isinstance(line, Moments) and _is_known(stored):
        made = TimestampClauseCell
    return made, line, type_of


class ClauseCell(Cell[Expression]):
    """The value of an expression."""

    __slots__ = ("type_of", "x")

    logic = LOGIC

    def __init__(self, line: Line, x: Expression, type_of: Callable[[Sequence[Any]], AnyType]) -> None:
        self.line = line
        self.x = x
        self.type_of = type_of

    def null(self, negated: bool) -> Expression:
        return self.x.is_not(None) if negated else self.x.is_(None)

    def among(self, values: Sequence[Any], negated: bool) -> Expression:
        values = list(dict.fromkeys(values))
        if len(values) > 1:
            several = BindParameter(None, values, self.type_of(values), unique=True, expanding=True)
            return self.x.not_in(several) if negated else self.x.in_(several)
        one = self._bound(values[0])
        return self.x != one if negated else self.x == one

    def ordered(self, operator: OrderOperator, value: Any) -> Expression:
        x = by_code_point(self.x) if isinstance(self.line, Texts) else self.x
        return cast("Expression", _ORDERS[operator](x, self._bound(value)))

    def as_is(self) -> Expression:
        return self.x

    def lowered(self) -> Expression:
        return lower_case(self.x)

    def number_text(self) -> Expression:
        return number_as_text(self.x)

    def fits(self, text: Expression, operator: TextOperator, needle: str) -> Condition:
        return "\0" not in needle and fits(text, pattern_of(operator, needle))

    def _bound(self, value: Any) -> Expression:
        return BindParameter(None, value, self.type_of([value]), unique=True)


_ORDERS: Final = {"lt": lt, "lte": le, "gt": gt, "gte": ge}


class MemberCell(ClauseCell):
    """A member of an enumeration: what is asked of its text is settled here, member by member."""

    __slots__ = ()

    line: MemberTexts

    def order(self, operator: OrderOperator, constant: Constant) -> Condition:
        if not isinstance(constant, str):
            return False
        return self.equal([m for m in self.line.members if _ORDERS[operator](m, constant)], False)

    def text(self, test: Text) -> Condition:
        column, operator, needles = test
        expressions = [re.compile(backtracking(pattern_of(operator, needle))) for needle in needles]
        seen = {m: m if column.case_sensitive else m.lower() for m in self.line.members}
        return self.equal([m for m, text in seen.items() if any(e.match(text) for e in expressions)], False)


class TextClauseCell(ClauseCell):
    """A text, on MySQL and MariaDB of a collation that may take other texts for equal."""

    __slots__ = ()

    def among(self, values: Sequence[Any], negated: bool) -> Expression:
        comparison = super().among(values, negated)
        assert isinstance(comparison, BinaryExpression)
        return same_text(comparison, all(value.isascii() for value in values))


class TimestampClauseCell(ClauseCell):
    """A timestamp, in SQLite a text that others than SQLAlchemy may have written."""

    __slots__ = ()

    def among(self, values: Sequence[Any], negated: bool) -> Expression:
        if len(values) > 1:
            return ClauseCell(self.line, timestamp(self.x), self.type_of).among(values, negated)
        return timestamp_comparison(self.x, "ne" if negated else "eq", self._bound(values[0]))

    def ordered(self, operator: OrderOperator, value: Any) -> Expression:
        return timestamp_comparison(self.x, operator, self._bound(value))


class JsonClauseCell(JsonCell[Expression], ClauseCell):
    """A value of any kind in JSON."""

    __slots__ = ("path",)

    def __init__(self, x: Expression, path: JsonPath | None) -> None:
        ClauseCell.__init__(self, Line(), x, _bound_as(x.type))
        self.path = path

    def null(self, negated: bool) -> Expression:
        if negated:
            return json_kind(self.x) != _JSON_NULL
        return func.coalesce(json_kind(self.x), _JSON_NULL) == _JSON_NULL

    def seen_as(self, view: View) -> ClauseCell:
        return JsonViewCell(self.x, self.path, view)


def _json_cell(kind: FieldKind, x: Expression, path: JsonPath | None, context: Context) -> Testable[Expression]:
    """A value in JSON as that of a field of one kind."""
    cells: list[Testable[Expression]] = []
    for view in JSON_VIEWS_OF[kind]:
        if view == "day" or view == "wall" or view == "instant":
            line = line_of(kind, JSON_STORAGE[view], context)
            assert line is not None
            cells.append(JsonMomentCell(line, x, view))
        else:
            cells.append(JsonViewCell(x, path, view))
    return EitherCell(cells, LOGIC) if len(cells) > 1 else cells[0]


class JsonMomentCell(Testable[Expression]):
    """A date or timestamp that a text in JSON writes in one form, else null."""

    __slots__ = ("cell", "said", "value")

    def __init__(self, line: Line, value: Expression, view: MomentView) -> None:
        self.said, type = _MOMENTS[view]
        self.cell = ClauseCell(line, literal_column(JSON_SEEN, type), _bound_as(type))
        self.value = value

    def passes(self, test: ColumnTest) -> Condition:
        return self._of_seen(self.cell.passes(test))

    def passes_joined(self, tests: Iterable[ColumnTest], either: bool) -> Condition:
        return self._of_seen(self.cell.passes_joined(tests, either))

    def _of_seen(self, condition: Condition) -> Condition:
        return condition if isinstance(condition, bool) else self.said(self.value, condition)


_MOMENTS: Final[dict[MomentView, tuple[type[json_moment_test], AnyType]]] = {
    "day": (json_day_test, Date()),
    "wall": (json_wall_test, DateTime()),
    "instant": (json_instant_test, DateTime(timezone=True)),
}


class JsonPath(NamedTuple):
    """Where a value is in a column of JSON: behind these keys, at least one."""

    column: Expression
    keys: Sequence[str]


class JsonViewCell(ClauseCell):
    """A value in JSON where it is of one kind, else null. With a path it is a value in a column, and else one of the caller's expressions.

    What is asked of it is said twice: of its view, which is null where the value is of another kind, and of the value as it is.
    """

    __slots__ = ("bare", "path", "value", "view", "viewed")

    def __init__(self, value: Expression, path: JsonPath | None, view: View) -> None:
        made, construct, type = _VIEWS[view]
        line = JSON_STORAGE[view]
        assert isinstance(line, Line)
        self.viewed = made(line, construct(value), _bound_as(type))
        bare = (made, json_text(value)) if view != "boolean" else (JsonTruthCell, json_kind(value))
        self.bare = bare[0](line, bare[1], _bound_as(type))
        self.value = value
        self.path = path
        self.view = view
        super().__init__(line, self.viewed.x, self.viewed.type_of)

    def null(self, negated: bool) -> Expression:
        if self.view != "number":
            return super().null(negated)
        # On some engines a number is a row, which cannot be null.
        given = func.coalesce(
            json_kind(self.value).in_([literal_column(f"'{kind}'") for kind in NUMBER_KINDS]), false()
        )
        return given if negated else not_(given)

    def equal(self, constants: Iterable[Constant], negated: bool) -> Condition:
        constants = list(constants)
        if negated and self.view == "number":
            return LOGIC.all_of([self.null(True), LOGIC.untrue(self.equal(constants, False))])
        found = self._said(lambda cell: cell.equal(constants, negated))
        held = [constant for constant in constants if self.line.points(constant)]
        if isinstance(found, bool) or self.path is None or negated or len(held) > MAX_CONTAINED:
            return found
        numbers = [
            int(text)
            for text in map(str, held)
            if self.view == "id" and len(text) < 40 and text.removeprefix("-").isdecimal()
        ]
        said = json_may_contain if numbers else json_contains
        return said(self.path.column, found, json_objects(self.path.keys, [*held, *numbers]))

    def order(self, operator: OrderOperator, constant: Constant) -> Condition:
        return self._said(lambda cell: cell.order(operator, constant))

    def text(self, test: Text) -> Condition:
        return self._said(lambda cell: cell.text(test))

    def _said(self, asked: Callable[[ClauseCell], Condition]) -> Condition:
        found = asked(self.viewed)
        if isinstance(found, bool) or self.view == "id":
            return found
        bare = asked(self.bare)
        assert not isinstance(bare, bool)
        return _SAID[self.view](self.value, found, bare)


class JsonNumberCell(ClauseCell):
    """A value in a JSON column where it is a number, else null."""

    __slots__ = ()

    def among(self, values: Sequence[Any], negated: bool) -> Expression:
        if len(values) == 1:
            return super().among(values, negated)
        several = [self._bound(value) for value in values]
        return self.x.not_in(several) if negated else self.x.in_(several)

    def _bound(self, value: Any) -> Expression:
        return exact_number(super()._bound(value))


class JsonTruthCell(ClauseCell):
    """The kind of a value in JSON, of which there is one for each boolean."""

    __slots__ = ()

    def among(self, values: Sequence[Any], negated: bool) -> Expression:
        kinds = [kind for kind, truth in (("true", True), ("false", False)) if (truth in values) is not negated]
        return self.x.in_([literal_column(f"'{kind}'") for kind in kinds])


_SAID: Final[dict[View, type[json_test]]] = {
    "text": json_text_test,
    "number": json_number_test,
    "boolean": json_boolean_test,
}

_JSON_NULL: Final = literal_column("'null'", String())

_VIEWS: Final[dict[View, tuple[type[ClauseCell], Callable[[Expression], Expression], AnyType]]] = {
    "text": (TextClauseCell, json_text_value, _STRING),
    "id": (TextClauseCell, json_id, _STRING),
    "number": (JsonNumberCell, json_number, ExactNumber()),
    "boolean": (ClauseCell, json_boolean, Boolean()),
}
