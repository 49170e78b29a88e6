"""What columns of each type hold, and how tests on them are said so that the column itself is compared, bare.

A constant that no row can hold is never sent: what it means is settled here. So no operand becomes an error of the database.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Double,
    Function,
    Integer,
    Numeric,
    String,
    and_,
    false,
    func,
    literal_column,
)
from sqlalchemy.types import TypeEngine

from ...meaning.tests import Constant, OrderOperator, TextOperator
from ..predicate.patterns import like
from .connectives import any_true, untrue
from .dialects import by_code_point, fits, json_boolean, json_kind, json_number, json_text, plain_decimal

Expression = ColumnElement[Any]
Condition = ColumnElement[bool]

_INT32: Final = range(-(2**31), 2**31)
_INT64: Final = range(-(2**63), 2**63)

_INTEGER: Final = Integer()
_BIG_INTEGER: Final = BigInteger()
_NUMERIC: Final = Numeric()
_DOUBLE: Final[TypeEngine[Any]] = Double()


class Domain:
    """What a column holds. This one holds nothing that could be compared: only null and not null.

    `bound` is the type to bind values as, where it is always the same.
    """

    def __init__(self, bound: TypeEngine[Any] | None = None) -> None:
        self.bound = bound

    def held(self, constant: Constant) -> object:
        """The constant as it is bound, or None if no row can hold it."""
        return None

    def type(self, held: Sequence[Any]) -> TypeEngine[Any] | None:
        """The type to bind these values as."""
        return self.bound

    def null(self, x: Expression, negated: bool) -> Condition:
        """The value is null; negated: is not."""
        return x.is_not(None) if negated else x.is_(None)

    def equal(self, x: Expression, constants: Iterable[Constant], negated: bool) -> Condition:
        """The value equals one of the constants; negated: is present and equals none."""
        held = list(dict.fromkeys([value for value in map(self.held, constants) if value is not None]))
        if not held:
            return self.null(x, True) if negated else false()
        if len(held) == 1:
            value = parameter(held[0], self.type(held))
            return x != value if negated else x == value
        values = BindParameter(None, held, self.type(held), unique=True, expanding=True)
        return x.not_in(values) if negated else x.in_(values)

    def order(self, x: Expression, operator: OrderOperator, constant: Constant) -> Condition:
        """The value is less (or greater, or equal) than the constant."""
        value = self.held(constant)
        return false() if value is None else ordered(x, operator, parameter(value, self.type([value])))

    def text(self, x: Expression, operator: TextOperator, needles: Iterable[str], case_sensitive: bool) -> Condition:
        """The text holds, begins with, ends with, or matches one of the needles."""
        return false()


def parameter(value: object, type: TypeEngine[Any] | None) -> Expression:
    """A value as a parameter of its own."""
    return BindParameter(None, value, type, unique=True)


def ordered(x: Expression, operator: OrderOperator, value: Any) -> Condition:
    """The comparison of two expressions."""
    return cast("Condition", _ORDERS[operator](x, value))


_ORDERS: Final = {"lt": lt, "lte": le, "gt": gt, "gte": ge}


# text


class Texts(Domain):
    """Text. A null character, which PostgreSQL's text cannot hold, is taken to be in none."""

    def held(self, constant: Constant) -> object:
        return constant if isinstance(constant, str) and "\0" not in constant else None

    def order(self, x: Expression, operator: OrderOperator, constant: Constant) -> Condition:
        if isinstance(constant, str) and "\0" in constant:
            # Right behind the text before the null character, and before all that goes on from there.
            constant = constant.partition("\0")[0]
            operator = "lte" if operator in ("lt", "lte") else "gt"
        return super().order(by_code_point(x), operator, constant)

    def text(self, x: Expression, operator: TextOperator, needles: Iterable[str], case_sensitive: bool) -> Condition:
        seen = x if case_sensitive else Function("lower", x)
        return any_true([fits(seen, pattern_of(operator, needle)) for needle in needles if "\0" not in needle])


TEXTS: Final = Texts(String())


def pattern_of(operator: TextOperator, needle: str) -> str:
    r"""The `like` pattern that says what a text operator says.

    >>> from kanbert_filter.backends.sqlalchemy.domains import pattern_of
    >>> print(pattern_of("contains", "50%"))
    %50\%%
    """
    if operator == "like":
        return needle
    escaped = "".join([f"\\{c}" if c in "%_\\" else c for c in needle])
    return {"contains": f"%{escaped}%", "startswith": f"{escaped}%", "endswith": f"%{escaped}"}[operator]


class Members(Domain):
    """One of a few texts, each bound as the type wants it: what is asked of the text is settled here, member by member."""

    def __init__(self, bound: TypeEngine[Any], members: dict[str, object]) -> None:
        super().__init__(bound)
        self.members = members

    def held(self, constant: Constant) -> object:
        return self.members.get(constant) if isinstance(constant, str) else None

    def order(self, x: Expression, operator: OrderOperator, constant: Constant) -> Condition:
        if not isinstance(constant, str):
            return false()
        return self.equal(x, [m for m in self.members if ordered(cast("Any", m), operator, constant)], False)

    def text(self, x: Expression, operator: TextOperator, needles: Iterable[str], case_sensitive: bool) -> Condition:
        tests = [like(pattern_of(operator, needle)) for needle in needles]
        chosen = [m for m in self.members if any(test(m if case_sensitive else m.lower()) for test in tests)]
        return self.equal(x, chosen, False)


# numbers


class Integers(Domain):
    """Whole numbers of up to 64 bits, each bound no wider than it needs: so an index on a narrow column serves."""

    def held(self, constant: Constant) -> object:
        return constant if constant.__class__ is int and constant in _INT64 else None

    def type(self, held: Sequence[Any]) -> TypeEngine[Any]:
        return self.bound or (_INTEGER if all(value in _INT32 for value in held) else _BIG_INTEGER)

    def order(self, x: Expression, operator: OrderOperator, constant: Constant) -> Condition:
        if not is_number(constant):
            return false()
        upward = operator in ("gt", "gte")
        whole = math.floor(cast("Decimal", constant))
        if whole != constant:
            operator = "gt" if upward else "lte"
        if whole in _INT64:
            return super().order(x, operator, whole)
        return self.null(x, True) if (whole < 0) is upward else false()


def is_number(constant: Constant) -> bool:
    """Whether a constant is a number; a boolean is none."""
    return constant.__class__ is int or isinstance(constant, Decimal)


class Numbers(Domain):
    """Decimal numbers, bound without a precision, which could round them."""

    def held(self, constant: Constant) -> object:
        return Decimal(cast("Any", constant)) if is_number(constant) else None

    def type(self, held: Sequence[Any]) -> TypeEngine[Any]:
        return self.bound or _NUMERIC


class Floats(Domain):
    """Binary numbers, compared as the engine does."""

    def held(self, constant: Constant) -> object:
        return float(cast("Any", constant)) if is_number(constant) else None

    def type(self, held: Sequence[Any]) -> TypeEngine[Any]:
        return self.bound or _DOUBLE


class ShownAsText(Domain):
    """Numbers whose text operators see them in plain decimal without trailing zeros."""

    def __init__(self, numbers: Domain) -> None:
        super().__init__()
        self.numbers = numbers

    def equal(self, x: Expression, constants: Iterable[Constant], negated: bool) -> Condition:
        return self.numbers.equal(x, constants, negated)

    def order(self, x: Expression, operator: OrderOperator, constant: Constant) -> Condition:
        return self.numbers.order(x, operator, constant)

    def text(self, x: Expression, operator: TextOperator, needles: Iterable[str], case_sensitive: bool) -> Condition:
        return TEXTS.text(plain_decimal(x), operator, needles, True)


class Booleans(Domain):
    """True and false."""

    def held(self, constant: Constant) -> object:
        return constant if isinstance(constant, bool) else None


BOOLEANS: Final = Booleans(Boolean())


# ids, which compare by their text


class IntegerIds(Integers):
    """Whole numbers, asked for by their text: `007` is none's."""

    def held(self, constant: Constant) -> object:
        text = cast("str", constant)
        if len(text) > 20 or not text.removeprefix("-").isdecimal() or not text.isascii():
            return None
        number = int(text)
        return super().held(number) if str(number) == text else None


class Uuids(Domain):
    """UUIDs, asked for by their text: lower-case, with hyphens."""

    def __init__(self, bound: TypeEngine[Any], as_uuid: bool) -> None:
        super().__init__(bound)
        self.as_uuid = as_uuid

    def held(self, constant: Constant) -> object:
        try:
            found = UUID(cast("str", constant))
        except ValueError:
            return None
        if str(found) != constant:
            return None
        return found if self.as_uuid else constant


# custom values in JSON


class JsonValues(Domain):
    """Values of any kind: a text compares with texts, a number with numbers, a boolean with booleans."""

    def null(self, x: Expression, negated: bool) -> Condition:
        if negated:
            return json_kind(x) != _JSON_NULL
        return func.coalesce(json_kind(x), _JSON_NULL) == _JSON_NULL

    def equal(self, x: Expression, constants: Iterable[Constant], negated: bool) -> Condition:
        constants = tuple(constants)
        view, domain = _view(x, constants[0])
        test = domain.equal(view, constants, False)
        return and_(self.null(x, True), untrue(test)) if negated else test

    def order(self, x: Expression, operator: OrderOperator, constant: Constant) -> Condition:
        view, domain = _view(x, constant)
        return domain.order(view, operator, constant)

    def text(self, x: Expression, operator: TextOperator, needles: Iterable[str], case_sensitive: bool) -> Condition:
        return TEXTS.text(json_text(x), operator, needles, case_sensitive)


_JSON_NULL: Final = literal_column("'null'", String())


def _view(x: Expression, constant: Constant) -> tuple[Expression, Domain]:
    """The value of JSON as what it must be to compare with the constant, else null."""
    if isinstance(constant, str):
        return json_text(x), TEXTS
    if isinstance(constant, bool):
        return json_boolean(x), BOOLEANS
    return json_number(x), Numbers()
