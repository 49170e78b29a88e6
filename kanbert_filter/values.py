"""The values of a filter: texts, exact numbers, booleans and specials, and how each is read and written."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Integral, Rational, Real
from typing import Final

from . import messages
from .context import Context, Day, Edge, Instant, first_instant, just_before, moved
from .errors import FilterSyntaxError, quoted, syntax_error
from .immutable import Immutable
from .limits import MAX_DAY_OFFSET, MAX_EXPONENT, Limits

PLAIN_DIGITS: Final = 40
"""A number is written in plain decimal up to this many digits, and with an exponent beyond."""

_INTEGER_DIGITS: Final = 65
"""A whole number is held as an int up to this many digits: those of an exponent of 64, the limit."""

NUMBER: Final = re.compile(r"(-?)((?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:[eE]([+-]?[0-9]+))?")
"""How a number is written in every notation."""

_DAYS_FROM_TODAY: Final = re.compile(r"today([+-](?:0|[1-9][0-9]*))d")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-5][0-9])?"
)


class Special(Immutable):
    """A value that depends on the evaluation context: `me.id`, `now`, `today±Nd`, the first or last instant of the week or month.

    The tree keeps it as a symbol. Whole days can be added to `TODAY` alone.

    >>> import kanbert_filter as kf
    >>> str(kf.TODAY + 5), str(kf.TODAY - 30), str(kf.ME)
    ('today+5d', 'today-30d', 'me.id')
    """

    __slots__ = ("days", "name")
    __match_args__ = ("name", "days")

    name: str
    days: int

    def __init__(self, name: str, days: int = 0) -> None:
        if not isinstance(name, str) or not isinstance(days, int) or isinstance(days, bool):
            found = f"{type(name).__name__} and {type(days).__name__}"
            raise TypeError(f"expected a special's name as str and whole days as int, not {found}")
        if name not in SPECIALS or (days and name != "today"):
            raise syntax_error(
                "invalid_special",
                f"Found {quoted(name)}, expected one of {', '.join(SPECIALS)}; days go with 'today'",
            )
        if abs(days) > MAX_DAY_OFFSET:
            raise FilterSyntaxError(messages.day_offset_too_large(MAX_DAY_OFFSET))
        self._fill(name=str.__str__(name), days=days)

    def __add__(self, days: int | timedelta) -> Special:
        return self._moved(_whole_days(days))

    __radd__ = __add__

    def __sub__(self, days: int | timedelta) -> Special:
        return self._moved(-_whole_days(days))

    def _moved(self, days: int) -> Special:
        if self.name != "today":
            raise TypeError(f"{self} does not move; TODAY alone does, by whole days, as in TODAY + 5")
        return Special("today", self.days + days)

    def __str__(self) -> str:
        return f"{self.name}{self.days:+d}d" if self.days else self.name

    def __repr__(self) -> str:
        return f"Special({str(self)!r})"


def _whole_days(days: object) -> int:
    if isinstance(days, timedelta) and days == timedelta(days=days.days):
        return days.days
    if isinstance(days, Integral) and not isinstance(days, bool):
        return int(days)
    found = days if isinstance(days, (float, timedelta)) else type(days).__name__
    raise TypeError(f"TODAY moves by whole days, as in TODAY + 5, not by {found}")


class SpecialMeaning(Immutable):
    """What the special of this name means, in words and in a context.

    `day` gives the calendar date it means on date fields, for the context and the special's offset in days; the special
    that means the user has none. `instant` gives what it means on datetime fields; without one that is the whole day.
    """

    __slots__ = ("day", "description", "instant", "name")

    name: str
    description: str
    day: Callable[[Context, int], Day] | None
    instant: Callable[[Context], Instant] | None

    def __init__(
        self,
        name: str,
        description: str,
        day: Callable[[Context, int], Day] | None = None,
        instant: Callable[[Context], Instant] | None = None,
    ) -> None:
        self._fill(name=name, description=description, day=day, instant=instant)


def _start(name: str, description: str, first: Callable[[Context, int], Day]) -> SpecialMeaning:
    """The special for the beginning of the current period; `first` gives the first day of it, or of one so many later."""
    return SpecialMeaning(name, description, first, lambda context: first_instant(first(context, 0), context.timezone))


def _end(name: str, description: str, first: Callable[[Context, int], Day], days: int) -> SpecialMeaning:
    """The special for the end of the current period, which has this many days where the next one is beyond the calendar."""

    def day(context: Context, _: int) -> Day:
        following = first(context, 1)
        return moved(first(context, 0), days - 1) if isinstance(following, Edge) else moved(following, -1)

    return SpecialMeaning(
        name, description, day, lambda context: just_before(first_instant(first(context, 1), context.timezone))
    )


SPECIALS: Final[dict[str, SpecialMeaning]] = {
    special.name: special
    for special in (
        SpecialMeaning("me.id", "the id of the current user"),
        SpecialMeaning("now", "the present moment; on a date field, today", Context.today, Context.now_instant),
        SpecialMeaning("today", "the current day; today+5d is five days later", Context.today),
        _start("sow", "the start of the current week", Context.week),
        _end("eow", "the end of the current week", Context.week, 7),
        _start("som", "the start of the current month", Context.month),
        _end("eom", "the end of the current month", Context.month, 31),
    )
}
"""Every special by its name. `today` alone takes an offset."""

ME: Final = Special("me.id")
NOW: Final = Special("now")
TODAY: Final = Special("today")
SOW: Final = Special("sow")
EOW: Final = Special("eow")
SOM: Final = Special("som")
EOM: Final = Special("eom")

_PLAIN_SPECIALS: Final = {name: Special(name) for name in SPECIALS}


class UntypedText(Immutable):
    """A value of a form before its field's type decides what it is: a form cannot tell `5` from `"5"`.

    Raises `TypeError` for anything but a `str`, and `FilterSyntaxError` for half of a surrogate pair.

    >>> import kanbert_filter as kf
    >>> f = kf.field("budget") == kf.UntypedText("5")
    >>> kf.to_dsl(kf.Endpoint("projects", {"budget": "number"}).check(f))
    'budget = 5'
    """

    __slots__ = ("text",)
    __match_args__ = ("text",)

    text: str

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"untyped text is a str, not {type(text).__name__}")
        self._fill(text=sound_text(text))

    def __str__(self) -> str:
        return self.text


Number = int | Decimal
Constant = str | int | Decimal | bool | date | datetime
"""What a value of the tree means at a moment, to compare with: text, an exact number, a boolean, the date of a date field,
the instant (UTC) of a datetime field."""

Value = str | int | Decimal | bool | Special | UntypedText
"""A value of the tree. Dates and timestamps are texts as in RFC 3339."""


def value_of(operand: object) -> Value:
    """The value of the tree for a Python object: dates, datetimes, UUIDs and enum members become what the language writes for them.

    Numbers and booleans of other libraries, such as NumPy's, are numbers and booleans.

    Raises `FilterSyntaxError` for what the language cannot write (NaN, half a surrogate pair, None) and `TypeError` for a type
    it does not know.
    """
    if isinstance(operand, Enum):
        operand = operand.value
    match operand:
        case bool() | Special() | UntypedText():
            return operand
        case str():
            return sound_text(operand)
        case int() | Decimal() | float():
            number = exact(operand)
            if isinstance(number, Decimal) and abs(number.adjusted()) > MAX_EXPONENT:
                raise FilterSyntaxError(messages.number_too_long(1, number.adjusted(), Limits.lifted()))
            return number
        case datetime():
            return timestamp_text(operand)
        case date():
            return operand.isoformat()
        case None:
            raise syntax_error(
                "null_comparison", "Found None, expected a value; test for null with is_null() or is_not_null()"
            )
    from uuid import UUID

    if isinstance(operand, UUID):
        return str(operand)
    if is_boolean(operand):
        return bool(operand)
    if isinstance(operand, Integral):
        return value_of(int(operand))
    if isinstance(operand, Real) and not isinstance(operand, Rational):
        return value_of(shown_decimal(operand))
    message = (
        f"expected a str, number, bool, date, datetime, UUID, enum member or special, not {type(operand).__name__}"
    )
    if isinstance(operand, (list, tuple, set, frozenset)):
        message += "; in_() and not_in() compare with several values"
    raise TypeError(message)


def sound_text(text: str) -> str:
    """The text itself; of an instance of a subclass, its text as a plain `str`.

    Raises `FilterSyntaxError` for half of a surrogate pair, which no notation can carry.
    """
    text = str.__str__(text)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise FilterSyntaxError(messages.half_a_surrogate_pair(text)) from error
    return text


def is_boolean(value: object) -> bool:
    """Whether a value is a boolean, of Python or of NumPy: whoever has one of those has imported NumPy."""
    if isinstance(value, bool):
        return True
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, getattr(numpy, "bool_", ()))


# numbers


def shown_decimal(number: Real) -> Decimal:
    """The decimal that a float of another width shows, such as NumPy's float32; not the one of its 64 bits."""
    return Decimal(str(number))


def exact(number: int | float | Decimal) -> Number:
    """The number by value: an int where it is whole and has at most 65 digits, else a Decimal without trailing zeros.

    A float means its shortest decimal.

    >>> from kanbert_filter.values import exact
    >>> exact(0.1), exact(1e0), exact(-0.0)
    (Decimal('0.1'), 1, 0)
    """
    if isinstance(number, int):
        if -(10**_INTEGER_DIGITS) < number < 10**_INTEGER_DIGITS:
            return int(number)
        decimal = Decimal(number)
    else:
        decimal = Decimal(repr(float(number))) if isinstance(number, float) else number
        if not decimal.is_finite():
            raise FilterSyntaxError(messages.no_finite_number(str(number)))
    sign, digits, exponent = decimal.as_tuple()
    assert isinstance(exponent, int)  # finite
    text = "".join(map(str, digits)).rstrip("0")
    if not text:
        return 0
    exponent += len(digits) - len(text)
    if exponent >= 0 and len(text) + exponent <= _INTEGER_DIGITS:
        return int(decimal)
    return Decimal((sign, tuple(map(int, text)), exponent))


def number_text(number: Number) -> str:
    """The number in plain decimal without trailing zeros; with an exponent where plain would pass 40 digits.

    >>> from kanbert_filter.values import exact, number_text
    >>> [number_text(exact(x)) for x in (1000, 0.5, -1e63, 1e-60)]
    ['1000', '0.5', '-1e63', '1e-60']
    """
    if number.__class__ is int and -(10**PLAIN_DIGITS) < number < 10**PLAIN_DIGITS:
        return str(number)
    sign, digits, exponent = Decimal(number).as_tuple()
    assert isinstance(exponent, int)  # finite
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    exponent += len(text) - len(stripped)
    text = stripped
    if not text:
        return "0"
    point = len(text) + exponent
    if point <= 0 and 1 - exponent <= PLAIN_DIGITS:
        plain = f"0.{'0' * -point}{text}"
    elif 0 < point <= PLAIN_DIGITS and max(point, len(text)) <= PLAIN_DIGITS:
        plain = text[:point].ljust(point, "0") + (f".{text[point:]}" if text[point:] else "")
    else:
        plain = f"{text[0]}.{text[1:]}".rstrip(".") + f"e{point - 1}"
    return f"-{plain}" if sign else plain


def read_number(text: str, limits: Limits) -> Number:
    """The number that a text writes, exact.

    Raises `FilterSyntaxError` for a text that is no number, and for a number beyond the limits.

    >>> from kanbert_filter.limits import Limits
    >>> from kanbert_filter.values import read_number
    >>> read_number("1.50e2", Limits())
    150
    """
    size = number_size(text)
    if size is None:
        raise FilterSyntaxError(messages.no_finite_number(text))
    digits, exponent = size
    if digits > limits.max_number_digits or abs(exponent) > limits.max_exponent:
        raise FilterSyntaxError(messages.number_too_long(digits, exponent, limits))
    return exact(Decimal(text))


def number_size(text: str) -> tuple[int, int] | None:
    """The digits and the adjusted exponent of a number as written, or None if the text is not a number."""
    match = NUMBER.fullmatch(text)
    if match is None:
        return None
    mantissa, exponent = match.group(2, 3)
    whole, _, fraction = mantissa.partition(".")
    power = (exponent or "").lstrip("+-0") or "0"
    if len(power) > 18:
        return len(whole) + len(fraction), 10**18
    lead = (
        len(whole) - 1
        if whole != "0"
        else -1 - (len(fraction) - len(fraction.lstrip("0")))
        if fraction.strip("0")
        else 0
    )
    return len(whole) + len(fraction), lead + (-int(power) if exponent and exponent[0] == "-" else int(power))


def for_floats(number: int | Decimal, operator: str) -> float:
    """The float to compare floats with in place of an exact number, so that a float means its shortest decimal.

    Every decimal that a float may show rounds to that float. So a float other than the nearest one to the number is on the same
    side of the number as of the nearest float. Only the decimal that the nearest float shows has to be compared, once.

    >>> from decimal import Decimal
    >>> from kanbert_filter.values import for_floats
    >>> for_floats(Decimal("0.1"), "eq"), for_floats(Decimal("0.10000000000000000001"), "eq")
    (0.1, nan)
    """
    nearest = float(number)
    if math.isinf(nearest):
        return nearest
    shown = Decimal(repr(nearest))
    if operator in ("eq", "ne"):
        return nearest if shown == number else math.nan
    if operator in ("lt", "gte"):
        return nearest if shown >= number else math.nextafter(nearest, math.inf)
    return nearest if shown <= number else math.nextafter(nearest, -math.inf)


# dates and timestamps


def read_date(text: str) -> date | None:
    """The calendar date the text writes as `YYYY-MM-DD`, or None."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_timestamp(text: str) -> datetime | None:
    """The timestamp the text writes, aware (in UTC) if it has an offset and naive if not; None for other texts.

    >>> from kanbert_filter.values import read_timestamp
    >>> read_timestamp("2024-01-01T10:30:00.5+02:00")
    datetime.datetime(2024, 1, 1, 8, 30, 0, 500000, tzinfo=datetime.timezone.utc)
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment if match.group(1) is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def timestamp_text(moment: datetime) -> str:
    """The timestamp as the language writes it: an instant in UTC with `Z`, a wall time without offset as it is.

    A datetime whose time zone gives no offset is a wall time.
    """
    try:
        aware = moment.utcoffset() is not None
    except Exception as error:  # what libraries have for "no time", such as NaT, and time zones that give no offset
        raise syntax_error(
            "invalid_timestamp",
            f"Found a {type(moment).__name__} without a time, expected a timestamp; test for null with is_null()",
        ) from error
    try:
        text = moment.astimezone(UTC).isoformat()[:-6] if aware else moment.replace(tzinfo=None).isoformat()
    except OverflowError as error:
        message = f"Found {moment}, expected an instant between the years 1 and 9999 in UTC"
        raise syntax_error("invalid_timestamp", message) from error
    return (text.rstrip("0") if "." in text else text) + ("Z" if aware else "")


# specials


def read_special(text: str) -> Special | None:
    """The special the text writes, lower-case and without blanks, or None.

    An offset beyond every limit, however long its text, is read as one day more than any limit allows.

    >>> from kanbert_filter.values import read_special
    >>> read_special("today-0d") == read_special("today")
    True
    """
    plain = _PLAIN_SPECIALS.get(text)
    if plain is not None:
        return plain
    match = _DAYS_FROM_TODAY.fullmatch(text)
    if match is None:
        return None
    offset = int(match.group(1)[:12])
    if abs(offset) <= MAX_DAY_OFFSET:
        return Special("today", offset)
    beyond = object.__new__(Special)
    beyond._fill(name="today", days=MAX_DAY_OFFSET + 1 if offset > 0 else -MAX_DAY_OFFSET - 1)
    return beyond
