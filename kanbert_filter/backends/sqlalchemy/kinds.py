"""Which domain a field's kind and a column's type make together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Date, DateTime, Enum, Float, Integer, Numeric, String, Uuid
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from ...context import Context
from .domains import (
    BOOLEANS,
    TEXTS,
    Booleans,
    Domain,
    Floats,
    IntegerIds,
    Integers,
    JsonValues,
    Members,
    Numbers,
    ShownAsText,
    Texts,
    Uuids,
)
from .moments import CutMoments, Moments, Walls, days_as_instants, days_as_walls, instants_as_days

AnyType = TypeEngine[Any]


def domain_of(kind: str, type: AnyType, context: Context) -> Domain | None:
    """What a column of this type holds for a field of this kind; None if it cannot hold the field's values.

    A column whose type is not known is taken to hold them. A decorated type converts what is bound itself.
    """
    plain = type
    while isinstance(plain, TypeDecorator):
        plain = plain.impl_instance
    converting = None if plain is type else type
    match kind:
        case "string" | "enum":
            return _texts(plain, type, converting)
        case "id":
            return _ids(plain, type, converting)
        case "number":
            return _numbers(plain, converting)
        case "currency":
            numbers = _numbers(plain, converting)
            return None if numbers is None else ShownAsText(numbers)
        case "boolean":
            return _booleans(plain, type)
        case "date":
            return _dates(plain, type, context)
        case "datetime":
            return _instants(plain, type, context)
    return _custom(plain, type, converting)


def _texts(plain: AnyType, type: AnyType, converting: AnyType | None) -> Domain | None:
    if isinstance(plain, Enum):
        return Members(type, _members(plain))
    if isinstance(plain, String | NullType):
        return TEXTS if converting is None else Texts(converting)
    return None


def _members(type: Enum) -> dict[str, object]:
    """What may be bound, by the texts it stands for: an enumeration's members by their values."""
    if type.enum_class is None:
        return {text: text for text in type.enums}
    return {str(member.value): member for member in type.enum_class}


def _ids(plain: AnyType, type: AnyType, converting: AnyType | None) -> Domain | None:
    if isinstance(plain, Uuid):
        return Uuids(type, plain.as_uuid)
    return IntegerIds(converting) if isinstance(plain, Integer) else _texts(plain, type, converting)


def _numbers(plain: AnyType, converting: AnyType | None) -> Domain | None:
    if isinstance(plain, Integer):
        return Integers(converting)
    if isinstance(plain, Float):
        return Floats(converting)
    return Numbers(converting) if isinstance(plain, Numeric | NullType) else None


def _booleans(plain: AnyType, type: AnyType) -> Domain | None:
    if isinstance(plain, NullType):
        return BOOLEANS
    return Booleans(type) if isinstance(plain, Boolean) else None


def _dates(plain: AnyType, type: AnyType, context: Context) -> Domain | None:
    if isinstance(plain, DateTime):
        return CutMoments(
            _unrounded(plain, type), days_as_instants(context.timezone) if plain.timezone else days_as_walls
        )
    if isinstance(plain, NullType):
        return Moments(Date())
    return Moments(type) if isinstance(plain, Date) else None


def _instants(plain: AnyType, type: AnyType, context: Context) -> Domain | None:
    if isinstance(plain, Date):
        return CutMoments(type, instants_as_days(context.storage_timezone))
    if isinstance(plain, DateTime) and not plain.timezone:
        return Walls(_unrounded(plain, type), context.storage_timezone)
    if isinstance(plain, NullType):
        return Moments(DateTime(timezone=True))
    return Moments(_unrounded(plain, type)) if isinstance(plain, DateTime) else None


def _unrounded(plain: AnyType, type: AnyType) -> AnyType:
    """The type without a precision, to which engines would round what is bound."""
    if plain is type and isinstance(plain, DateTime) and getattr(plain, "precision", None) is not None:
        return DateTime(timezone=plain.timezone)
    return type


def _custom(plain: AnyType, type: AnyType, converting: AnyType | None) -> Domain | None:
    if isinstance(plain, JSON):
        return JsonValues()
    if isinstance(plain, NullType):
        return None
    return _texts(plain, type, converting) or _numbers(plain, converting) or _booleans(plain, type) or Domain()
