"""How typed columns hold what fields mean: the stored values that compare so with a constant.

A column's values lie on a line. `cuts` says where to cut it so that below lie the values that are less than a
constant; `points` which values equal it. What the column cannot hold lies beyond an end of the line, so a test of it
comes out the same for every value. Whatever depends on time zones, precision or rounding is settled here, and engines
only compare.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, Context as Arithmetic, Decimal
from typing import Final, Protocol, cast

from ...context import Edge, first_instant, inside, instant_of, local_date, moved
from ...meaning.tests import Constant
from ...values import for_floats

Stored = str | int | float | Decimal | bool | date | datetime
"""A value of a column: timestamps are naive or aware as the column is."""

Cut = Stored | Edge

_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_EXACT: Final = Arithmetic(prec=200)


class Line(Protocol):
    """How a column holds the values of its field."""

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        """Where the values less than the constant end; with `after`, those not greater.

        These are all below the first cut, and, if there are more, from the second up to the third.
        """

    def points(self, constant: Constant) -> Sequence[Stored] | None:
        """The values that equal the constant; None if these are all that lie between the two `cuts`."""


class Texts:
    """Texts as they are, in the order of their code points."""

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        return (f"{constant}\0" if after else str(constant),)

    def points(self, constant: Constant) -> Sequence[Stored]:
        return (str(constant),)


class Booleans:
    """Booleans, which have no order."""

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        raise NotImplementedError

    def points(self, constant: Constant) -> Sequence[Stored]:
        return (bool(constant),)


class Floats:
    """Binary numbers; each means its shortest decimal."""

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        assert isinstance(constant, (int, Decimal))
        if after:
            return (math.nextafter(for_floats(constant, "lte"), math.inf),)
        return (for_floats(constant, "lt"),)

    def points(self, constant: Constant) -> Sequence[Stored]:
        assert isinstance(constant, (int, Decimal))
        nearest = for_floats(constant, "eq")
        if not nearest:
            return (0.0, -0.0)  # Arrow, looking in a list, tells them apart
        return (nearest,) if math.isfinite(nearest) else ()


class Numbers:
    """Exact numbers from `low` to `high` with a fixed number of decimals.

    >>> from decimal import Decimal
    >>> from kanbert_filter.backends.columns.lines import Numbers
    >>> cents = Numbers.decimals(precision=4, scale=2)
    >>> cents.cuts(Decimal("1.234"), after=False), cents.cuts(100, after=False), cents.points(Decimal("1.234"))
    ((Decimal('1.24'),), (<Edge.AFTER: 'after'>,), ())
    """

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


class NumberIds:
    """Ids held as integers (by pandas as floats, where some are missing); only a text that writes one can equal it."""

    def __init__(self, numbers: Line) -> None:
        self.numbers = numbers

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        raise NotImplementedError

    def points(self, constant: Constant) -> Sequence[Stored] | None:
        text = str(constant)
        if len(text) > 40 or not text.removeprefix("-").isdecimal() or str(int(text)) != text:
            return ()
        return self.numbers.points(int(text))


class Days:
    """Dates, each standing for itself."""

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        assert isinstance(constant, date)
        return (moved(constant, int(after)),)

    def points(self, constant: Constant) -> Sequence[Stored]:
        assert isinstance(constant, date)
        return (constant,)


class FirstInstants:
    """Dates, each standing for its first instant in a zone."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone

    def cuts(self, constant: Constant, after: bool) -> Sequence[Cut]:
        assert isinstance(constant, datetime)
        day: date | Edge = self.early(constant)
        while not isinstance(day, Edge) and (self.first(day) < constant or (self.first(day) == constant and after)):
            day = moved(day, 1)
        return (day,)

    def points(self, constant: Constant) -> Sequence[Stored]:
        assert isinstance(constant, datetime)
        days = [moved(self.early(constant), later) for later in range(3)]
        return [day for day in days if not isinstance(day, Edge) and self.first(day) == constant]

    def early(self, constant: datetime) -> date:
        """The day before the one the constant lies in: where a zone skips it, it has the same first instant."""
        day = local_date(constant, self.zone)
        return max(day, date.min + _DAY) - _DAY

    def first(self, day: date) -> datetime:
        return inside(first_instant(day, self.zone))


class Moments:
    """Timestamps that stand for what `reading` says: instants, or the wall times that give a date.

    `aware` columns hold instants, others wall times; `step` is their precision in microseconds, `low` and `high` are
    their ends.
    """

    def __init__(
        self,
        reading: Callable[[datetime], datetime] | None,
        *,
        aware: bool,
        step: int = 1,
        low: datetime = datetime.min,
        high: datetime = datetime.max,
    ) -> None:
        self.reading = reading
        self.aware = aware
        self.step = step
        self.low = low
        self.high = high

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
        return [self.stored(m) for m in found if self.low <= m <= self.high and m.microsecond % self.step == 0]

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
            moment = _shifted(moment, -moment.microsecond % self.step * _MICROSECOND)
        if isinstance(moment, Edge):
            return moment
        if moment <= self.low:
            return Edge.BEFORE
        return Edge.AFTER if moment > self.high else self.stored(moment)

    def stored(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC) if self.aware else moment


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
