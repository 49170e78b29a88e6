"""What the values of records mean: how each type of field reads what a record holds.

Generated predicates look at a value's class themselves and call these functions only for what is not yet in its final form:
members of enumerations, subclasses, floats and Decimals, other libraries' numbers, dates and ISO text. Each returns the value to
compare, never None, or raises `RecordError`.

Decisions where the language's contract is silent:

- An enumeration's member is present even if its value is None, and then it is no value of any type.
- In mappings a path through anything but a mapping is an error, on custom fields null; in objects every value has attributes, and one
  it lacks is null.
- A relation is a list, a tuple or another iterable of records; text, a mapping or an iterator (which could be looked at once only) is
  an error.
- A time outside the calendar in UTC, such as the end of the year 9999 west of Greenwich, is the calendar's last (or first) instant.
- On custom fields NaN and infinities are of another kind than numbers.
- A fraction that no decimal writes, such as a third, counts as the decimal of its first 200 digits.
- A date or timestamp is what its own class says it is. If its methods raise, as those of `pandas.NaT` do, it is none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import MAX_EMAX, MIN_EMIN, Context as DecimalContext, Decimal
from enum import Enum
from numbers import Integral, Rational, Real
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from ...context import first_instant, inside, instant_of, local_date
from ...errors import RecordError
from ...kinds import ValueKind, exhaustive
from ...meaning.tests import Column
from ...values import exact, is_boolean, number_text, read_date, shown_decimal

__all__ = [
    "NUMBERS",
    "OBJECTS",
    "as_boolean",
    "as_custom",
    "as_day",
    "as_identifier",
    "as_instant",
    "has_attributes",
    "iso_instant",
    "mapping",
    "mapping_or_none",
    "no_mapping",
    "as_number",
    "decimal_text",
    "related_mappings",
    "related_objects",
    "as_text",
]
"""What generated code may call."""

EXACT_FLOATS: Final = 2**53
"""Up to here a float that is whole is exactly the integer it shows, so floats and integers compare as they are."""

NUMBERS: Final = frozenset({int, float, Decimal})
"""The classes of a number once it is read."""


FieldOfError = tuple[str, str]
"""A field as an error names it: its path, and the type its values are to have."""


def holder_of(column: Column, position: int) -> FieldOfError:
    """What an error calls the object at a position of the way to a column's value: inside a relation with the relation's path."""
    whole = ".".join(column.source)
    before = column.path[: -len(whole)] if column.path.endswith(f".{whole}") else ""
    return before + ".".join(column.source[: position + 1]), "object"


class Unordered(Enum):
    """What a value of a custom field is that compares with no text and no number."""

    TRUE = True
    FALSE = False
    OTHER = "other"


_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_from_iso: Final = datetime.fromisoformat


# values


def as_text(value: object, field: FieldOfError) -> str:
    """A text. Raises `RecordError` for anything else."""
    plain = value.value if isinstance(value, Enum) else value
    if isinstance(plain, str):
        return str.__str__(plain)
    raise RecordError(*field, value)


def as_number(value: Any, field: FieldOfError) -> int | float | Decimal:
    """A finite number, exact or binary. Raises `RecordError` for anything else, booleans included."""
    kind = value.__class__
    if (kind is float and math.isfinite(value)) or (kind is Decimal and value.is_finite()):
        return value  # type: ignore[no-any-return]  # the usual ones, without another call
    found = _finite(value)
    if found is None and isinstance(value, Enum):
        found = _finite(value.value)
    if found is None:
        raise RecordError(*field, value)
    return found


def as_boolean(value: object, field: FieldOfError) -> bool:
    """A boolean. Raises `RecordError` for anything else."""
    plain = value.value if isinstance(value, Enum) else value
    if is_boolean(plain):
        return bool(plain)
    raise RecordError(*field, value)


def as_identifier(value: object, field: FieldOfError) -> str:
    """The text of an id: `7`, `"7"` and a UUID compare by it. Raises `RecordError` for anything else."""
    plain = value.value if isinstance(value, Enum) else value
    if isinstance(plain, str):
        return str.__str__(plain)
    if isinstance(plain, UUID):
        return str(plain)
    if isinstance(plain, Integral) and not is_boolean(plain):
        try:
            return str(int(plain))
        except ValueError:  # an integer of more digits than Python writes
            pass
    raise RecordError(*field, value)


def as_day(value: object, field: FieldOfError, zone: tzinfo) -> date:
    """A calendar date: of a timestamp with offset its date in the zone, without offset its own.

    Raises `RecordError` for anything else.
    """
    plain = value.value if isinstance(value, Enum) else value
    if isinstance(plain, str):
        plain = read_date(plain) or stored_timestamp(plain)
    if isinstance(plain, datetime):
        plain = _plain_datetime(plain, value, field)
        return plain.date() if plain.tzinfo is None else local_date(plain, zone)
    if isinstance(plain, date):
        return plain
    raise RecordError(*field, value)


def iso_instant(value: object) -> datetime | None:
    """The instant of ISO text as most write it, `2024-01-31T12:00:00Z` or with `+00:00`. None for anything else, which is not judged.

    With the signs in their places only digits are left, and `fromisoformat` refuses all else there. That is much cheaper than to
    look at every character first.
    """
    if value.__class__ is str and (
        (value[4:20:3] == "--T::Z" and len(value) == 20) or (value[4:20:3] == "--T::+" and value[19:] == "+00:00")
    ):
        try:
            return _from_iso(value)
        except ValueError:
            return None
    return None


def as_instant(value: object, field: FieldOfError, zone: tzinfo) -> datetime:
    """An instant in UTC: a timestamp without offset is a wall time in the zone, a date its first instant there.

    Raises `RecordError` for anything else.
    """
    plain = value.value if isinstance(value, Enum) else value
    if isinstance(plain, str):
        plain = stored_timestamp(plain) or read_date(plain)
    if isinstance(plain, datetime):
        plain = _plain_datetime(plain, value, field)
        return plain if plain.tzinfo is not None else inside(instant_of(plain, zone))
    if isinstance(plain, date):
        return inside(first_instant(plain, zone))
    raise RecordError(*field, value)


def _plain_datetime(moment: datetime, value: object, field: FieldOfError) -> datetime:
    """A datetime of Python's own class, in UTC where it has an offset; what libraries know beyond microseconds is cut off.

    Raises `RecordError` where the moment or its time zone raises anything.
    """
    if moment.tzinfo is None and moment.__class__ is datetime:
        return moment
    try:
        if moment.utcoffset() is None:
            return datetime.combine(moment.date(), moment.time())
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            return _FIRST if moment.year == 1 else _LAST
        return datetime.combine(moment.date(), moment.time(), UTC)
    except Exception as error:  # these are methods of anybody's classes
        raise RecordError(*field, value) from error


_STORED_TIMESTAMP: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):\d\d(?::\d\d(?:[.,]\d{1,9})?)?)([Zz]|[+-]\d\d(?::?[0-5]\d)?)?", re.ASCII
)


def stored_timestamp(text: str) -> datetime | None:
    """The timestamp that stored text writes, aware if it has an offset and naive if not; None if it is none.

    It is read as other systems write it, more generously than a filter's own timestamps: `z`, `+02` and `+0200` are offsets, a comma
    may be before the fraction, and of up to nine digits those beyond the microsecond are cut off.

    >>> from kanbert_filter.backends.predicate.records import stored_timestamp
    >>> stored_timestamp("2024-01-01 10:30:00,123456789+02").isoformat()
    '2024-01-01T10:30:00.123456+02:00'
    """
    match = _STORED_TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    day, time, offset = match.groups()
    try:
        return _from_iso(f"{day}T{time}{(offset or '').upper()}")
    except ValueError:
        return None


def as_custom(value: object) -> str | int | float | Decimal | Unordered:
    """A text, a number, or an `Unordered` for what compares with neither."""
    plain = value.value if isinstance(value, Enum) else value
    if isinstance(plain, str):
        return str.__str__(plain)
    if is_boolean(plain):
        return Unordered(bool(plain))
    found = _finite(plain)
    return Unordered.OTHER if found is None else found


def decimal_text(value: int | float | Decimal) -> str:
    """The text a currency field's text operators see."""
    return number_text(exact(value))


_PRECISION: Final = DecimalContext(prec=200, Emax=MAX_EMAX, Emin=MIN_EMIN)


def _finite(value: object) -> int | float | Decimal | None:
    """A number as it compares, or None for what is no finite number."""
    if value.__class__ is float:
        return value if math.isfinite(value) else None
    if value.__class__ is Decimal:
        return value if value.is_finite() else None
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return Decimal(value) if value.is_finite() else None
    if isinstance(value, Integral):
        return None if is_boolean(value) else int(value)
    return _other_real(value) if isinstance(value, Real) else None


def _other_real(value: Real) -> Decimal | None:
    """A number of another library as a decimal, or None if it is not finite or no number after all."""
    try:
        if isinstance(value, Rational):
            return _PRECISION.divide(Decimal(int(value.numerator)), Decimal(int(value.denominator)))
        shown = shown_decimal(value)
    except Exception:  # these are methods of anybody's classes
        return None
    return shown if shown.is_finite() else None


# paths and relations


def mapping(value: object, field: FieldOfError) -> Mapping[str, Any]:
    """A record on the way to a value. Raises `RecordError` for anything else."""
    if isinstance(value, Mapping):
        return value
    raise RecordError(*field, value)


def no_mapping(record: object, error: AttributeError) -> Exception:
    """What to raise in place of an error that may come from a record that is no mapping; else the error itself."""
    return error if hasattr(record, "get") else not_a_mapping(record)


def not_a_mapping(record: object) -> TypeError:
    """The error for a record that is no mapping, where one is expected."""
    return TypeError(
        f"expected a mapping as the record, not {type(record).__name__}; for objects, give access='attribute'"
    )


def not_an_object(record: object) -> TypeError:
    """The error for a mapping where an object with attributes is expected as the record."""
    return TypeError(
        f"expected an object as the record, not {type(record).__name__}; for mappings, give access='mapping'"
    )


def mapping_or_none(value: object) -> Mapping[str, Any] | None:
    """A mapping on the way to a custom value; None for anything else, which is null."""
    return value if isinstance(value, Mapping) else None


OBJECTS: Final[set[type]] = set()
"""Classes that are known to be no mappings: looking here is much cheaper than asking `Mapping`. Bounded by `has_attributes`."""


def has_attributes(value: object) -> bool:
    """Whether a value is read by its attributes: everything but mappings is."""
    if isinstance(value, Mapping):
        return False
    if len(OBJECTS) >= 1024:
        OBJECTS.clear()
    OBJECTS.add(value.__class__)
    return True


def related_mappings(value: object, field: FieldOfError) -> Sequence[Any]:
    """The records of a relation, all of them mappings. Raises `RecordError` for anything else."""
    records = _iterated(value, field)
    for record in records:
        if record.__class__ is not dict and not isinstance(record, Mapping):
            if record is not None:
                raise RecordError(*field, record)
            return related_mappings(_without_null(records), field)
    return records


def related_objects(value: object, field: FieldOfError) -> Sequence[Any]:
    """The records of a relation, whatever they are. Raises `RecordError` for what holds none."""
    records = _iterated(value, field)
    return _without_null(records) if any(record is None for record in records) else records


def _without_null(records: Sequence[Any]) -> list[Any]:
    """The records, with empty ones in place of nulls: a null is a record whose fields are null."""
    return [{} if record is None else record for record in records]


def _iterated(value: object, field: FieldOfError) -> Sequence[Any]:
    if value is None:
        return ()
    if value.__class__ is list or value.__class__ is tuple:
        return value
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, Mapping, Iterator)):
        return list(value)
    raise RecordError(*field, value)


# kinds of fields


class Reader(NamedTuple):
    """How the values of one kind of field are read: by which function, from which class on there is nothing to do, in which zone."""

    function: Callable[..., Any]
    final: type
    zone: Literal["timezone", "storage_timezone"] | None = None
    """The time zone of the context that the function takes."""


READERS: Final[dict[ValueKind, Reader]] = exhaustive(
    ValueKind,
    {
        "string": Reader(as_text, str),
        "enum": Reader(as_text, str),
        "number": Reader(as_number, int),
        "currency": Reader(as_number, int),
        "boolean": Reader(as_boolean, bool),
        "id": Reader(as_identifier, str),
        "date": Reader(as_day, date, "timezone"),
        "datetime": Reader(as_instant, datetime, "storage_timezone"),
        "custom": Reader(as_custom, str),
    },
)
"""Every function but that of custom fields takes the field for its error; what compares no value of its own has no reader."""
