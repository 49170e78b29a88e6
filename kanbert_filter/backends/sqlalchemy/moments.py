"""Dates and instants in columns of dates, of timestamps with offset, and of wall times.

All arithmetic is done here; the database compares a column with constants. Where the column's values are finer than the field's (a date
field in a column of timestamps) or coarser, each constant becomes the cut between the stored values before it and the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.types import TypeEngine

from ...context import Day, Edge, Instant, first_instant, instant_of, local_date, moved
from ...meaning.tests import Constant, OrderOperator
from .connectives import all_true, any_true
from .domains import Domain, ordered, parameter

Expression = ColumnElement[Any]
Condition = ColumnElement[bool]
Moment = date | datetime
Cut = Callable[[Any], Moment | Edge]

_DAY: Final = timedelta(days=1)
_SECOND_DAY: Final = date.min + _DAY
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Moments(Domain):
    """Dates in a column of dates, or instants in one of timestamps with offset: compared as they are."""

    def held(self, constant: Constant) -> object:
        return constant

    def between(self, x: Expression, low: datetime, high: datetime, negated: bool) -> Condition:
        """The instant is in `low <= instant < high`; negated: present and outside."""
        if negated:
            return or_(self.order(x, "lt", low), self.order(x, "gte", high))
        return and_(self.order(x, "gte", low), self.order(x, "lt", high))


class CutMoments(Moments):
    """Dates or instants in a column of another grain. `cut` gives the first stored value that is not before a constant."""

    def __init__(self, bound: TypeEngine[Any], cut: Cut) -> None:
        super().__init__(bound)
        self.cut = cut

    def equal(self, x: Expression, constants: Iterable[Constant], negated: bool) -> Condition:
        moments = cast("Iterable[datetime]", constants)
        tests = [self.between(x, moment, cast("datetime", _next(moment)), negated) for moment in moments]
        return all_true(tests) if negated else any_true(tests)

    def order(self, x: Expression, operator: OrderOperator, constant: Constant | Edge) -> Condition:
        if operator in ("lte", "gt"):
            constant = _next(cast("Moment", constant))
        cut = constant if isinstance(constant, Edge) else self.cut(constant)
        before = operator in ("lt", "lte")
        if isinstance(cut, Edge):
            return self.null(x, True) if (cut is Edge.AFTER) is before else false()
        return ordered(x, "lt" if before else "gte", parameter(cut, self.bound))


def _next(moment: Moment) -> Moment | Edge:
    if not isinstance(moment, datetime):
        return moved(moment, 1)
    return moment + _MICROSECOND if moment < _LAST else Edge.AFTER


def days_as_instants(zone: tzinfo) -> Cut:
    """For a date field in a column of timestamps with offset, which stand for their dates in the zone."""
    return lambda day: first_instant(day, zone)


def days_as_walls(day: date) -> datetime:
    """For a date field in a column of wall times, which stand for their own dates."""
    return datetime(day.year, day.month, day.day)


def instants_as_days(zone: tzinfo) -> Cut:
    """For a datetime field in a column of dates, which stand for their first instant in the zone."""

    def cut(instant: datetime) -> Day:
        day: Day = max(local_date(instant, zone), _SECOND_DAY) - _DAY
        while not isinstance(day, Edge) and _is_before(first_instant(day, zone), instant):
            day = moved(day, 1)
        return day

    return cut


def _is_before(instant: Instant, other: datetime) -> bool:
    return instant is Edge.BEFORE if isinstance(instant, Edge) else instant < other


class Walls(Moments):
    """Instants in a column of wall times of one zone.

    A wall time means one instant, the earlier one where the clock shows it twice. So most instants have one wall time; those of an hour's
    second run have none, and those after a gap of the clock have two: their own, and the skipped one that means the same.
    """

    def __init__(self, bound: TypeEngine[Any], zone: tzinfo) -> None:
        super().__init__(bound)
        self.zone = zone

    def equal(self, x: Expression, constants: Iterable[Constant], negated: bool) -> Condition:
        walls = [wall for instant in constants for wall in walls_of(cast("datetime", instant), self.zone)]
        return super().equal(x, walls, negated)

    def order(self, x: Expression, operator: OrderOperator, constant: Constant) -> Condition:
        instant = cast("datetime", constant)
        walls = walls_of(instant, self.zone)
        if len(walls) == 1:
            return ordered(x, operator, parameter(walls[0], self.bound))
        before = operator in ("lt", "lte")
        reached = _next(instant) if operator in ("lte", "gt") else instant
        rows = reached if isinstance(reached, Edge) else walls_before(cast("datetime", reached), self.zone)
        if isinstance(rows, Edge):
            return self.null(x, True) if (rows is Edge.AFTER) is before else false()
        tests = [self.row(x, low, high, before) for low, high in rows]
        return any_true(tests) if before else all_true(tests)

    def row(self, x: Expression, low: datetime | None, high: datetime, inside: bool) -> Condition:
        """The wall time is in `low <= wall < high`; not `inside`: it is not."""
        if low is not None:
            return Moments(self.bound).between(x, low, high, not inside)
        return ordered(x, "lt" if inside else "gte", parameter(high, self.bound))


def walls_of(instant: datetime, zone: tzinfo) -> list[datetime]:
    """The wall times that mean an instant.

    >>> from datetime import UTC, datetime
    >>> from zoneinfo import ZoneInfo
    >>> from kanbert_filter.backends.sqlalchemy.moments import walls_of
    >>> [str(wall) for wall in walls_of(datetime(2024, 3, 31, 1, 30, tzinfo=UTC), ZoneInfo("Europe/Vienna"))]
    ['2024-03-31 03:30:00', '2024-03-31 02:30:00']
    >>> walls_of(datetime(2024, 10, 27, 1, 30, tzinfo=UTC), ZoneInfo("Europe/Vienna"))
    []
    """
    if zone is UTC:
        return [instant.replace(tzinfo=None)]
    shown = [_wall(instant, zone, at) for at in (instant, max(instant, _FIRST + _DAY) - _DAY)]
    return [wall for wall in dict.fromkeys(shown) if isinstance(wall, datetime) and instant_of(wall, zone) == instant]


def walls_before(instant: datetime, zone: tzinfo) -> list[tuple[datetime | None, datetime]] | Edge:
    """The wall times that mean earlier instants, as rows from one (None: from the first) up to, not including, another.

    An edge of the calendar if these are all there are, or none.
    """
    wall = _wall(instant, zone, instant)
    if isinstance(wall, Edge):
        return wall
    walls = walls_of(instant, zone)
    if not walls:
        first = cast("datetime", instant_of(wall, zone))
        return [(None, wall + (_change(first, instant, zone) + (instant - first) - instant))]
    if len(walls) == 1:
        return [(None, wall)]
    after_gap = wall - (instant - _change(instant - _DAY, instant, zone))
    return [(None, walls[1]), (after_gap, wall)]


def _wall(instant: datetime, zone: tzinfo, at: datetime) -> datetime | Edge:
    """What the clock shows at an instant, if it is set as it is at another."""
    try:
        return instant.replace(tzinfo=None) + cast("timedelta", at.astimezone(zone).utcoffset())
    except OverflowError:
        return Edge.BEFORE if instant.year == 1 else Edge.AFTER


def _change(earlier: datetime, later: datetime, zone: tzinfo) -> datetime:
    """The instant between the two at which the clock was changed."""
    offset = later.astimezone(zone).utcoffset()
    while later - earlier > _MICROSECOND:
        middle = earlier + (later - earlier) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            later = middle
        else:
            earlier = middle
    return later
