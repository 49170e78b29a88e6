"""How a model's field holds the values of an endpoint's field: which line its values lie on, and what is bound."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from django.conf import settings
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    Field,
    FloatField,
    IntegerField,
    JSONField,
    TextField,
    UUIDField,
)

from ...context import Context
from ...meaning.tests import Constant
from ..columns.lines import (
    Booleans,
    Cut,
    Days,
    FirstInstants,
    Floats,
    Line,
    Moments,
    NumberIds,
    Numbers,
    Texts,
    instants_of_walls,
    walls_of_instants,
)

AnyField: TypeAlias = "Field[Any, Any]"

_INTEGERS: Final = Numbers.integers(64, signed=True)
_KINDS: Final = frozenset({str, int, Decimal, bool, date, datetime})


class Holding(NamedTuple):
    """The line of a column's values, the field that binds them, and the classes of constants that compare with them.

    Without a line the column holds JSON, values of any kind.
    """

    line: Line | None
    field: AnyField
    comparing: frozenset[type] = _KINDS

    def compares(self, constant: Constant) -> bool:
        """Whether the constant is of a kind that the column's values are of."""
        return constant.__class__ in self.comparing


def holding_of(kind: str, field: AnyField, context: Context) -> Holding | None:
    """How a model's field holds an endpoint's field of this kind; None if it cannot."""
    line: Line | None = None
    match kind:
        case "string":
            line = _texts(field)
        case "enum":
            line = _texts(field) or (NumberIds(_INTEGERS) if isinstance(field, IntegerField) else None)
        case "id" if isinstance(field, IntegerField):
            line = NumberIds(_INTEGERS)
        case "id":
            line = _Uuids() if isinstance(field, UUIDField) else _texts(field)
        case "number" | "currency":
            line = _numbers(field)
        case "boolean" if isinstance(field, BooleanField):
            line = Booleans()
        case "date" | "datetime" if isinstance(field, DateField):
            line = _moments(kind, field, context)
        case "custom":
            return _custom(field)
    return None if line is None else Holding(line, field)


def _custom(field: AnyField) -> Holding:
    if isinstance(field, JSONField):
        return Holding(None, field)
    for line, comparing in (
        (_texts(field), frozenset({str})),
        (_numbers(field), frozenset({int, Decimal})),
        (Booleans() if isinstance(field, BooleanField) else None, frozenset({bool})),
    ):
        if line is not None:
            return Holding(line, field, comparing)
    return Holding(_SoundTexts(), field, frozenset())


def _texts(field: AnyField) -> Line | None:
    return _SoundTexts() if isinstance(field, CharField | TextField) else None


def _numbers(field: AnyField) -> Line | None:
    if isinstance(field, DecimalField):
        return Numbers.decimals(field.max_digits or 130, field.decimal_places or 0)
    if isinstance(field, FloatField):
        return Floats()
    return _INTEGERS if isinstance(field, IntegerField) else None


def _moments(kind: str, field: AnyField, context: Context) -> Line:
    if not isinstance(field, DateTimeField):
        return Days() if kind == "date" else FirstInstants(context.storage_timezone)
    aware = bool(settings.USE_TZ)
    if aware:
        return Moments(walls_of_instants(context.timezone) if kind == "date" else None, aware=True)
    return Moments(None if kind == "date" else instants_of_walls(context.storage_timezone), aware=False)


class _SoundTexts(Texts):
    """Texts without NUL, which PostgreSQL's columns do not hold."""

    def points(self, constant: Constant) -> tuple[str, ...]:
        return () if "\0" in str(constant) else (str(constant),)


class _Uuids:
    """UUIDs, asked for by their text: lower-case, with hyphens."""

    def cuts(self, constant: Constant, after: bool) -> tuple[Cut, ...]:
        raise NotImplementedError

    def points(self, constant: Constant) -> tuple[Any, ...]:
        try:
            found = UUID(str(constant))
        except ValueError:
            return ()
        return (found,) if str(found) == constant else ()
