"""How typed columns hold what fields mean: the stored values that compare so with a constant.

A column's values lie on a line. `cuts` gives the places where to cut it, so that the values less than a constant lie
below; `points` gives the values that equal it. What the column cannot hold lies beyond an end of the line, so a test of it
comes out the same for every value. Whatever depends on time zones, precision or rounding is settled here, and engines
only compare.

A back end describes what a column stores (`Storage`); `line_of` gives the line of a kind of field in such a column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, Context as Arithmetic, Decimal
from typing import Any, Final, NamedTuple, TypeGuard, cast
from uuid import UUID

from ...context import Context, Edge, first_instant, inside, instant_of, local_date, moved
from ...kinds import FieldKind, ValueKind, exhaustive
from ...meaning.tests import Constant, OrderOperator
from ...values import for_floats

Stored = str | int | float | Decimal | bool | date | datetime
"""A value of a column: timestamps are naive or aware as the column is."""

Cut = Stored | Edge

_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_EXACT: Final = Arithmetic(prec=200)


class Line:
    """How a column holds the values of its field. This one holds none that a constant could be compared with."""

    comparing: frozenset[type] = frozenset()
    """The classes of constants that compare with the values."""

    def points(self, constant: Constant) -> Sequence[Stored] | None:
        """The values that equal the constant; None if these are all that lie between the two `cuts`."""
        return ()

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        """Where the values less than the constant end; with `after`, those not greater.

        These are all below the first cut, and, if there are more, from the second up to the third.
        """
        raise NotImplementedError

    def direct(self, operator: OrderOperator, constant: Constant) -> tuple[OrderOperator, Stored] | None:
        """The comparison of stored values that means the comparison with the constant; None if only `cuts` can express it."""
        points = self.points(constant)
        return (operator, points[0]) if points else None


class Booleans(Line):
    """Booleans."""

    comparing = frozenset({bool})

    def points(self, constant: Constant) -> Sequence[Stored]:
        return (cast("bool", constant),)


class Texts(Line):
    """Texts as they are, in the order of their code points."""

    comparing = frozenset({str})

    def points(self, constant: Constant) -> Sequence[Stored]:
        return (str(constant),)


class SoundTexts(Texts):
    """Texts without NUL, which PostgreSQL's columns do not hold.

    >>> from kanbert_filter.backends.columns.lines import SoundTexts
    >>> SoundTexts().points("a\\0b"), SoundTexts().direct("lt", "a\\0b")
    ((), ('lte', 'a'))
    """

    def points(self, constant: Constant) -> Sequence[Stored]:
        return () if "\0" in str(constant) else (str(constant),)

    def direct(self, operator: OrderOperator, constant: Constant) -> tuple[OrderOperator, Stored]:
        sound, nul, _ = str(constant).partition("\0")
        if nul:  # no text lies between this one and the one that goes on with NUL
            operator = "lte" if operator in ("lt", "lte") else "gt"
        return operator, sound


class Uuids(Line):
    """UUIDs, which compare by their text: lower-case, with hyphens. `stored` makes what the engine holds of one."""

    comparing = frozenset({str})

    def __init__(self, stored: Callable[[UUID], Any] = lambda found: found) -> None:
        self.stored = stored

    def points(self, constant: Constant) -> Sequence[Stored]:
        try:
            found = UUID(str(constant))
        except ValueError:
            return ()
        return (self.stored(found),) if str(found) == constant else ()


class Floats(Line):
    """Binary numbers; each means its shortest decimal."""

    comparing = frozenset({int, Decimal})

    def points(self, constant: Constant) -> Sequence[Stored]:
        nearest = for_floats(cast("Decimal", constant), "eq")
        if not nearest:
            return (0.0, -0.0)  # Arrow, looking in a list, tells them apart
        return (nearest,) if math.isfinite(nearest) else ()

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        number = cast("Decimal", constant)
        return (math.nextafter(for_floats(number, "lte"), math.inf) if after else for_floats(number, "lt"),)


class AnyNumbers(Line):
    """Exact numbers of any size and any number of decimals."""

    comparing = frozenset({int, Decimal})

    def points(self, constant: Constant) -> Sequence[Stored]:
        return (Decimal(cast("Decimal", constant)),)


class Numbers(Line):
    """Exact numbers from `low` to `high` with a fixed number of decimals.

    >>> from decimal import Decimal
    >>> from kanbert_filter.backends.columns.lines import Numbers
    >>> cents = Numbers.decimals(precision=4, scale=2)
    >>> cents.cuts(Decimal("1.234"), after=False), cents.cuts(100, after=False), cents.points(Decimal("1.234"))
    ((Decimal('1.24'),), (<Edge.AFTER: 'after'>,), ())
    """

    comparing = frozenset({int, Decimal})

    def __init__(self, low: int | Decimal, high: int | Decimal, unit: Decimal) -> None:
        self.low = low
        self.high = high
        self.unit = unit

    @classmethod
    def integers(cls, bits: int, *, signed: bool) -> Numbers:
        """What so many bits hold."""
        return cls(-(2 ** (bits - 1)) if signed else 0, 2 ** (bits - signed) - 1, Decimal(1))

    @classmethod
    def decimals(cls, precision: int, scale: int) -> Numbers:
        """What so many digits hold, some of them decimals."""
        largest = Decimal((0, (9,) * precision, -scale))
        return cls(largest.copy_negate(), largest, Decimal((0, (1,), -scale)))

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        assert isinstance(constant, (int, Decimal))
        if constant < self.low or (constant == self.low and not after):
            return (Edge.BEFORE,)
        if constant > self.high or (constant == self.high and after):
            return (Edge.AFTER,)
        if after:
            return (self.stored(_EXACT.add(self.rounded(constant, ROUND_FLOOR), self.unit)),)
        return (self.stored(self.rounded(constant, ROUND_CEILING)),)

    def points(self, constant: Constant) -> Sequence[Stored]:
        assert isinstance(constant, (int, Decimal))
        if not self.low <= constant <= self.high:
            return ()
        nearest = self.rounded(constant, ROUND_FLOOR)
        return (self.stored(nearest),) if nearest == constant else ()

    def rounded(self, number: int | Decimal, rounding: str) -> Decimal:
        return Decimal(number).quantize(self.unit, rounding, _EXACT)

    def stored(self, number: Decimal) -> Stored:
        return int(number) if self.unit == 1 and isinstance(self.low, int) else number


INT64: Final = Numbers.integers(64, signed=True)
"""Whole numbers as databases hold them, counts included."""


class NumberIds(Line):
    """Ids held as numbers (by pandas as floats, where some are missing); only a text that writes one can equal it."""

    comparing = frozenset({str})

    def __init__(self, numbers: Line) -> None:
        self.numbers = numbers

    def points(self, constant: Constant) -> Sequence[Stored] | None:
        text = str(constant)
        if len(text) > 40 or not text.removeprefix("-").isdecimal() or str(int(text)) != text:
            return ()
        return self.numbers.points(int(text))


class Days(Line):
    """Dates, each standing for itself."""

    comparing = frozenset({date})

    def points(self, constant: Constant) -> Sequence[Stored]:
        return (cast("date", constant),)


class FirstInstants(Line):
    """Dates, each standing for its first instant in a zone."""

    comparing = frozenset({datetime})

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        assert isinstance(constant, datetime)
        day: date | Edge = self.early(constant)
        while not isinstance(day, Edge) and (self.first(day) < constant or (self.first(day) == constant and after)):
            day = moved(day, 1)
        return (day,)

    def direct(self, operator: OrderOperator, constant: Constant) -> None:
        return None

    def points(self, constant: Constant) -> Sequence[Stored]:
        assert isinstance(constant, datetime)
        days = [moved(self.early(constant), later) for later in range(2)]
        return [day for day in days if not isinstance(day, Edge) and self.first(day) == constant]

    def early(self, constant: datetime) -> date:
        """The day before the one the constant lies in: where a zone skips it, it has the same first instant."""
        day = local_date(constant, self.zone)
        return max(day, date.min + _DAY) - _DAY

    def first(self, day: date) -> datetime:
        return inside(first_instant(day, self.zone))


class Timestamps(NamedTuple):
    """A column of timestamps: aware or wall times, `step` microseconds fine, from `low` to `high`."""

    aware: bool
    step: int = 1
    low: datetime = datetime.min
    high: datetime = datetime.max


class Moments(Line):
    """Timestamps that stand for what `reading` says: instants, or the wall times that give a date.

    Columns of aware timestamps hold instants, others wall times.
    """

    comparing = frozenset({date, datetime})

    def __init__(self, reading: Callable[[datetime], datetime] | None, stored: Timestamps) -> None:
        self.reading = reading
        self.stored = stored

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        goal = self.goal(constant, after)
        if isinstance(goal, Edge):
            return (goal,)
        if self.reading is None:
            return (self.cut(goal),)
        before, jump, since = _jump(self.reading, goal)
        early, late = _shifted(goal, -before), _shifted(goal, -since)
        if jump is None:
            return (self.cut(early),)
        reaches_early = not isinstance(early, Edge) and early < jump
        reaches_late = not isinstance(late, Edge) and late > jump
        if reaches_early and reaches_late:
            return self.cut(early), self.cut(jump), self.cut(late)
        return (self.cut(early if reaches_early else late if reaches_late else jump),)

    def points(self, constant: Constant) -> Sequence[Stored] | None:
        if not isinstance(constant, datetime):
            return None
        goal = constant.replace(tzinfo=None)
        if self.reading is None:
            found = [goal]
        elif goal in (datetime.min, datetime.max):
            return None
        else:
            before, _, since = _jump(self.reading, goal)
            shifted = [_shifted(goal, -distance) for distance in sorted({before, since}, reverse=True)]
            found = [m for m in shifted if not isinstance(m, Edge) and self.reading(m) == goal]
        _, step, low, high = self.stored
        return [self.written(m) for m in found if low <= m <= high and m.microsecond % step == 0]

    def direct(self, operator: OrderOperator, constant: Constant) -> tuple[OrderOperator, Stored] | None:
        return None if self.reading is not None else super().direct(operator, constant)

    def goal(self, constant: Constant, after: bool) -> datetime | Edge:
        """The first moment that is not less than the constant (with `after`: greater), as `reading` gives it."""
        if isinstance(constant, datetime):
            goal = _shifted(constant.replace(tzinfo=None), _MICROSECOND if after else timedelta())
        else:
            day = moved(cast("date", constant), int(after))
            goal = day if isinstance(day, Edge) else datetime(day.year, day.month, day.day)
        return Edge.BEFORE if goal == datetime.min else goal

    def cut(self, moment: datetime | Edge) -> Cut:
        if not isinstance(moment, Edge):
            moment = _shifted(moment, -moment.microsecond % self.stored.step * _MICROSECOND)
        if isinstance(moment, Edge):
            return moment
        if moment <= self.stored.low:
            return Edge.BEFORE
        return Edge.AFTER if moment > self.stored.high else self.written(moment)

    def written(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC) if self.stored.aware else moment


def instants_of_walls(zone: tzinfo) -> Callable[[datetime], datetime] | None:
    """Reads wall times in a zone as instants, both without offset; None where they are the same."""
    if zone is UTC:
        return None
    return lambda wall: inside(instant_of(wall, zone)).replace(tzinfo=None)


def walls_of_instants(zone: tzinfo) -> Callable[[datetime], datetime] | None:
    """Reads instants as wall times in a zone, both without offset; None where they are the same."""
    if zone is UTC:
        return None
    return lambda instant: instant.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def _jump(reading: Callable[[datetime], datetime], goal: datetime) -> tuple[timedelta, datetime | None, timedelta]:
    """How far readings are ahead around the goal: before a jump, the moment of the jump if there is one, and since.

    Clocks jump rarely, so at most one jump is near. Within a day of the calendar's ends there is none.
    """
    early = min(max(goal, datetime.min + 2 * _DAY), datetime.max - 2 * _DAY) - _DAY
    late = early + 2 * _DAY
    before, since = reading(early) - early, reading(late) - late
    if before == since:
        return before, None, since
    while late - early > _MICROSECOND:
        middle = early + (late - early) / 2
        if reading(middle) - middle == before:
            early = middle
        else:
            late = middle
    return before, late, since


def _shifted(moment: datetime, distance: timedelta) -> datetime | Edge:
    try:
        return moment + distance
    except OverflowError:
        return Edge.AFTER if distance > timedelta() else Edge.BEFORE


# which line a kind of field has in what a column stores


Storage = Line | Timestamps | None
"""What a column stores, whatever field it holds: the line of its own values, for dates `Days()`; or timestamps; None for others."""

_Reading = Callable[[Storage, Context], Line | None]


def line_of(kind: FieldKind, storage: Storage, context: Context) -> Line | None:
    """How a column that stores such values holds those of a field of this kind; None if it cannot.

    >>> from kanbert_filter import Context
    >>> from kanbert_filter.backends.columns.lines import Texts, line_of
    >>> type(line_of("string", Texts(), Context())).__name__, line_of("number", Texts(), Context())
    ('Texts', None)
    """
    return _READINGS[kind](storage, context)


def _text_line(storage: Storage, context: Context) -> Line | None:
    return storage if isinstance(storage, Texts) else None


def _id_line(storage: Storage, context: Context) -> Line | None:
    if isinstance(storage, Texts | Uuids):
        return storage
    return NumberIds(storage) if _holds_numbers(storage) else None


def _number_line(storage: Storage, context: Context) -> Line | None:
    return storage if _holds_numbers(storage) else None


def _holds_numbers(storage: Storage) -> TypeGuard[Line]:
    return isinstance(storage, Line) and int in storage.comparing


def _boolean_line(storage: Storage, context: Context) -> Line | None:
    return storage if isinstance(storage, Booleans) else None


def _date_line(storage: Storage, context: Context) -> Line | None:
    if isinstance(storage, Timestamps):
        return Moments(walls_of_instants(context.timezone) if storage.aware else None, storage)
    return storage if isinstance(storage, Days) else None


def _datetime_line(storage: Storage, context: Context) -> Line | None:
    if isinstance(storage, Timestamps):
        return Moments(None if storage.aware else instants_of_walls(context.storage_timezone), storage)
    return FirstInstants(context.storage_timezone) if isinstance(storage, Days) else None


def _custom_line(storage: Storage, context: Context) -> Line:
    return storage if isinstance(storage, Texts | Booleans) or _holds_numbers(storage) else Line()


_READINGS: Final[dict[FieldKind, _Reading]] = exhaustive(
    ValueKind,
    {
        "string": _text_line,
        "enum": _id_line,
        "id": _id_line,
        "number": _number_line,
        "currency": _number_line,
        "boolean": _boolean_line,
        "date": _date_line,
        "datetime": _datetime_line,
        "custom": _custom_line,
    },
)
"""By kinds of fields, how a column that stores such values is read."""
