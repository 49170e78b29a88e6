"""The meaning of filters, written down naively: no lowering, no generated code, every condition and every value looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from numbers import Integral, Real
from typing import Any, cast
from uuid import UUID

from kanbert_filter.checked import CheckedFilter
from kanbert_filter.context import Context
from kanbert_filter.endpoints.field_table import FieldTable
from kanbert_filter.errors import RecordError
from kanbert_filter.nodes import And, Comparison, Everything, Filter, Membership, NullCheck, Or, RelationTest
from kanbert_filter.types import Count, FieldType, Relation, Scope
from kanbert_filter.values import Special, exact as exact_number, number_text, read_date

try:
    from numpy import bool_ as numpy_boolean
except ImportError:  # it is an optional package
    BOOLEANS: tuple[type, ...] = (bool,)
else:
    BOOLEANS = (bool, numpy_boolean)

ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
}
COUNTS: dict[str, Callable[[Any, Any], bool]] = {"eq": lambda a, b: a == b, "ne": lambda a, b: a != b, **ORDERS}


def evaluate(checked: CheckedFilter, record: object, context: Context) -> bool:
    """Whether the record, a mapping or an object, matches. Every condition is looked at, so every bad value raises."""
    held = [_holds(part.filter, cast("FieldTable", part.table), record, context) for part in checked.parts]
    return all(held)


def _holds(node: Filter, fields: FieldTable, record: object, context: Context) -> bool:
    match node:
        case And(items) | Or(items):
            held = [_holds(item, fields, record, context) for item in items]
            return all(held) if isinstance(node, And) else any(held)
        case Everything():
            return True
        case RelationTest(field, operator, inner):
            row = fields.field_type(field)
            assert isinstance(row, Relation)
            related = _related(fields, field, record)
            if inner is None:
                return bool(related) is (operator == "any")
            held = [_holds(inner, row.related, other, context) for other in related]
            return {"any": any(held), "none": not any(held), "all": all(held)}[operator]
        case NullCheck(field, operator):
            return (_raw(fields, field, record) is None) is (operator == "isnull")
        case Comparison(field, operator, value):
            row = fields.field_type(field)
            assert row is not None
            if isinstance(row, Count):
                return COUNTS[operator](len(_related(fields, field, record)), value)
            if isinstance(row, Scope):
                assert row.conditions is not None
                return evaluate(cast("CheckedFilter", row.conditions[str(value)]), record, context)
            raw = _raw(fields, field, record)
            return raw is not None and _compares(row, field, raw, operator, value, context)
        case Membership(field, operator, values):
            row = fields.field_type(field)
            assert row is not None
            raw = _raw(fields, field, record)
            if raw is None:
                return False
            found = [_compares(row, field, raw, "eq", value, context) for value in values]
            return any(found) is (operator == "in")


# records


def _step(holder: object, name: str, wild: bool) -> Any:
    if name.startswith("__") or holder is None:
        return None
    if isinstance(holder, Mapping):
        return holder.get(name)
    return None if wild else getattr(holder, name, None)


def _raw(fields: FieldTable, path: str, record: object) -> Any:
    row = fields.field_type(path)
    source, wild = fields.source_of(path), fields.wild_segments(path)
    value: Any = record
    for position, name in enumerate(source):
        strict = row is not None and row.kind != "custom" and not wild[position]
        if position and strict and isinstance(value, (str, int, list)):
            raise RecordError(path, "object", value)
        value = _step(value, name, wild[position])
    return value


def _related(fields: FieldTable, path: str, record: object) -> list[Any]:
    related = _raw(fields, path, record)
    if related is None:
        return []
    if isinstance(related, (str, int, Mapping)) or any(isinstance(other, (str, int)) for other in related):
        raise RecordError(path, "relation", related)
    return [{} if other is None else other for other in related]


# values


def _compares(row: FieldType, path: str, raw: Any, operator: str, value: Any, context: Context) -> bool:
    """Whether a value that is there compares so with the filter's."""
    if operator == "ne":
        return not _compares(row, path, raw, "eq", value, context)
    plain = raw.value if isinstance(raw, Enum) else raw
    match row.kind:
        case "datetime":
            return _instants(_instant(path, plain, context.storage_timezone), operator, value, context)
        case "date":
            return _ordered(_date(path, plain, context.timezone), operator, _day_meant(value, context))
        case "custom":
            stored = _custom(plain)
            if operator in ("contains", "startswith", "endswith", "like"):
                return isinstance(stored, str) and _texts(row, stored, operator, value)
            return _kind(stored) == _kind(value) != "other" and _ordered(stored, operator, value)
        case "number" | "currency":
            number = _number(plain)
            if number is None:
                raise RecordError(path, row.kind, raw)
            if operator in ("contains", "startswith", "endswith", "like"):
                return _texts(
                    row, number_text(exact_number(Decimal(number.numerator) / number.denominator)), operator, value
                )
            return _ordered(number, operator, value)
        case "boolean":
            if not isinstance(plain, BOOLEANS):
                raise RecordError(path, row.kind, raw)
            return bool(plain) is value
        case "id":
            if not isinstance(plain, (str, Integral, UUID)) or isinstance(plain, BOOLEANS):
                raise RecordError(path, row.kind, raw)
            return str(plain) == (context.me if isinstance(value, Special) else value)
    if not isinstance(plain, str):
        raise RecordError(path, row.kind, raw)
    if operator == "eq":
        return bool(plain == value)
    return _texts(row, plain, operator, value)


def _ordered(stored: Any, operator: str, value: Any) -> bool:
    if isinstance(stored, Fraction):
        value = Fraction(value)
    return bool(stored == value if operator == "eq" else ORDERS[operator](stored, value))


def _number(value: Any) -> Fraction | None:
    """The number exactly; a float, of whatever width, as the decimal it shows."""
    if isinstance(value, BOOLEANS) or not isinstance(value, (Real, Decimal)) or not math.isfinite(value):
        return None
    if isinstance(value, (Integral, Fraction)):
        return Fraction(int(value.numerator), int(value.denominator))
    return Fraction(str(value))


def _custom(value: object) -> object:
    number = _number(value)
    return bool(value) if isinstance(value, BOOLEANS) else value if number is None else number


def _kind(value: object) -> str:
    if isinstance(value, BOOLEANS):
        return "boolean"
    if _number(value) is not None:
        return "number"
    return "text" if isinstance(value, str) else "other"


def _texts(row: Any, stored: str, operator: str, needle: str) -> bool:
    if not row.case_sensitive:
        stored, needle = stored.lower(), needle.lower()
    match operator:
        case "contains":
            return needle in stored
        case "startswith":
            return stored.startswith(needle)
        case "endswith":
            return stored.endswith(needle)
    return like(needle, stored)


def like(pattern: str, text: str) -> bool:
    """Whether the text matches the pattern, character by character."""

    @cache
    def fits(p: int, t: int) -> bool:
        if p == len(pattern):
            return t == len(text)
        if pattern[p] == "%":
            return fits(p + 1, t) or (t < len(text) and fits(p, t + 1))
        if t == len(text):
            return False
        if pattern[p] == "\\":
            return pattern[p + 1] == text[t] and fits(p + 2, t + 1)
        return pattern[p] in ("_", text[t]) and fits(p + 1, t + 1)

    return fits(0, 0)


# days and instants, for times well inside the calendar


def _stored_timestamp(text: str) -> datetime | None:
    """What a stored text writes: `2024-01-31T10:30`, then perhaps seconds with up to nine digits behind `.` or `,`, then perhaps an offset."""
    day, time = text[:10], text[11:]
    if not text.isascii() or read_date(day) is None or text[10:11] not in ("T", "t", " "):
        return None
    start = max(time.find(sign) for sign in "Zz+-")
    time, offset = (time[:start], time[start:]) if start >= 0 else (time, "")
    time, _, fraction = time.replace(",", ".").partition(".")
    clock = [*time.split(":"), *(["00"] if time.count(":") == 1 and "." not in text and "," not in text else [])]
    away = offset[1:].replace(":", "") + "00" * (len(offset) == 3)
    if (
        [len(part) for part in clock] != [2, 2, 2]
        or not "".join([*clock, fraction, away]).isdigit()
        or len(fraction) > 9
    ):
        return None
    if offset.lower() != "z" and offset and (len(away) != 4 or int(away[2:]) > 59 or len(offset) not in (3, 5, 6)):
        return None
    if (len(offset) == 6 and offset[3] != ":") or (("." in text or "," in text) and not fraction):
        return None
    hours, minutes, seconds = map(int, clock)
    try:
        moment = datetime.fromisoformat(day).replace(hour=hours, minute=minutes, second=seconds)
    except ValueError:
        return None
    moment += timedelta(microseconds=int(fraction.ljust(6, "0")[:6]) if fraction else 0)
    if not offset:
        return moment
    if offset in ("Z", "z"):
        return moment.replace(tzinfo=UTC)
    east = timedelta(hours=int(away[:2]), minutes=int(away[2:])) * (1 if offset[0] == "+" else -1)
    return moment.replace(tzinfo=timezone(east)) if abs(east) < timedelta(days=1) else None


def _plain(value: Any) -> Any:
    """A moment of Python's own class; those of some libraries know more than microseconds, or are none."""
    if isinstance(value, datetime):
        try:
            offset = value.utcoffset()
        except Exception:
            return None
        zone = None if offset is None else value.tzinfo
        return datetime.combine(value.date(), value.time(), zone)
    return value


def _date(path: str, value: Any, zone: tzinfo) -> date:
    value = _plain(value)
    if isinstance(value, str):
        value = read_date(value) or _stored_timestamp(value)
    if isinstance(value, datetime):
        return value.date() if value.tzinfo is None else value.astimezone(zone).date()
    if isinstance(value, date):
        return value
    raise RecordError(path, "date", value)


def _instant(path: str, value: Any, zone: tzinfo) -> datetime:
    value = _plain(value)
    if isinstance(value, str):
        value = read_date(value) or _stored_timestamp(value)
    if isinstance(value, datetime):
        return (value.replace(tzinfo=zone, fold=0) if value.tzinfo is None else value).astimezone(UTC)
    if isinstance(value, date):
        return first_instant(value, zone)
    raise RecordError(path, "datetime", value)


@cache
def first_instant(day: date, zone: tzinfo) -> datetime:
    """The first minute at which the zone's calendar shows the day or a later one, by looking at every minute around."""
    minute = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while minute.astimezone(zone).date() < day:
        minute += timedelta(minutes=1)
    return minute


def _first_of_week(context: Context) -> date:
    today = context.now_instant().astimezone(context.timezone).date()
    while today.strftime("%A").lower() != context.week_start:
        today -= timedelta(days=1)
    return today


def _first_of_month(context: Context, months: int = 0) -> date:
    first = context.now_instant().astimezone(context.timezone).date().replace(day=1)
    return (first + timedelta(days=31 * months)).replace(day=1)


def _day_meant(value: Any, context: Context) -> date:
    if not isinstance(value, Special):
        return date.fromisoformat(value)
    match value.name:
        case "sow":
            return _first_of_week(context)
        case "eow":
            return _first_of_week(context) + timedelta(days=6)
        case "som":
            return _first_of_month(context)
        case "eom":
            return _first_of_month(context, 1) - timedelta(days=1)
        case "now" | "today":
            return context.now_instant().astimezone(context.timezone).date() + timedelta(days=value.days)
    raise AssertionError(f"{value} means no day")


def _instants(stored: datetime, operator: str, value: Any, context: Context) -> bool:
    zone = context.timezone
    if (isinstance(value, Special) and value.name == "today") or (isinstance(value, str) and len(value) == 10):
        day = _day_meant(value, context)
        first = first_instant(day, zone)
        if operator == "eq":
            return first <= stored < first_instant(day + timedelta(days=1), zone)
        return _ordered(stored, operator, first)
    if not isinstance(value, Special):
        return _ordered(stored, operator, _instant("", value, zone))
    microsecond = timedelta(microseconds=1)
    meant = {
        "now": context.now_instant(),
        "sow": first_instant(_first_of_week(context), zone),
        "eow": first_instant(_first_of_week(context) + timedelta(days=7), zone) - microsecond,
        "som": first_instant(_first_of_month(context), zone),
        "eom": first_instant(_first_of_month(context, 1), zone) - microsecond,
    }
    return _ordered(stored, operator, meant[value.name])
