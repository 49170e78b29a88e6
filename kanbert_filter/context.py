"""The evaluation context: the time, the time zones and the user that give `now`, `today`, `me.id` and days their meaning."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum
from numbers import Integral
from typing import TYPE_CHECKING, Final, Literal

from .errors import ContextError, quoted
from .immutable import Immutable

if TYPE_CHECKING:
    from uuid import UUID

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS: Final = range(date.min.toordinal(), date.max.toordinal() + 1)
_MICROSECOND: Final = timedelta(microseconds=1)
_UTC_MIDNIGHT: Final = time(tzinfo=UTC)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_SOME_TIME: Final = datetime(2000, 1, 1)
_MACHINES_OWN: Final = "localtime"
"""The name under which some systems list the zone that they are set to."""

WeekDay = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Edge(Enum):
    """A moment outside the calendar: before the year 1, or after the year 9999."""

    BEFORE = "before"
    AFTER = "after"


Instant = datetime | Edge
Day = date | Edge


class Context(Immutable):
    """The time, the time zones and the user for which a filter is compiled.

    `now` is an aware datetime (default: the moment of compiling). `timezone` gives days, specials and filter timestamps without an
    offset their meaning, `storage_timezone` stored timestamps without one; both are IANA names or `tzinfo` objects, by default
    UTC, never the machine's zone; a zone of pytz means the IANA zone of its name. `me` is the id of the current user (a text, an
    integer or a UUID), `week_start` the week's first day.

    Raises `ValueError` for a naive `now` or one outside the calendar in UTC, and for an unknown zone or day; `TypeError` for
    objects of other classes.

    >>> from datetime import UTC, datetime
    >>> from kanbert_filter import Context
    >>> Context(now=datetime(2024, 5, 1, 22, 30, tzinfo=UTC), timezone="Europe/Vienna").today()
    datetime.date(2024, 5, 2)
    """

    __slots__ = ("me", "now", "storage_timezone", "timezone", "week_start")

    now: datetime | None
    timezone: tzinfo
    storage_timezone: tzinfo
    me: str | None
    week_start: WeekDay

    def __init__(
        self,
        *,
        now: datetime | None = None,
        timezone: str | tzinfo = UTC,
        storage_timezone: str | tzinfo = UTC,
        me: str | int | UUID | Enum | None = None,
        week_start: WeekDay = "monday",
    ) -> None:
        _check_now(now)
        if week_start not in _WEEKDAYS:
            raise ValueError(f"week_start is {week_start!r}, expected one of {', '.join(_WEEKDAYS)}")
        self._fill(
            now=now,
            timezone=_time_zone(timezone),
            storage_timezone=_time_zone(storage_timezone),
            me=_id_text(me),
            week_start=week_start,
        )

    def at_now(self) -> Context:
        """This context with its `now` settled: the same one if it has one, else one of this moment."""
        return self if self.now is not None else self.replace(now=datetime.now(UTC))

    def replace(self, **changes: object) -> Context:
        """A context with some of its parts exchanged."""
        parts = {name: getattr(self, name) for name in self.__slots__}
        return Context(**(parts | changes))

    def now_instant(self) -> datetime:
        """`now`, in UTC, and of class `datetime` even where `now` is of a subclass, as pandas and test tools have them."""
        return _FIRST + ((self.now or datetime.now(UTC)) - _FIRST)

    def today(self, days: int = 0) -> Day:
        """The calendar date in `timezone`, moved by whole days."""
        return moved(local_date(self.now_instant(), self.timezone), days)

    def week(self, weeks: int = 0) -> Day:
        """The first day of the current week, moved by whole weeks."""
        today = local_date(self.now_instant(), self.timezone)
        since = (today.weekday() - _WEEKDAYS.index(self.week_start)) % 7
        return moved(today, 7 * weeks - since)

    def month(self, months: int = 0) -> Day:
        """The first day of the current month, moved by whole months."""
        today = local_date(self.now_instant(), self.timezone)
        year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
        return date(year, month + 1, 1) if year <= date.max.year else Edge.AFTER

    def _key(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__slots__])

    def __reduce__(self) -> tuple[object, ...]:
        return _restored_context, self._key()

    def __repr__(self) -> str:
        return f"Context({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


def context_or_default(context: Context | None) -> Context:
    """The context that a caller gave, or without one the default: now, in UTC, for nobody. Raises `TypeError` for anything else."""
    if context is None:
        return _DEFAULT
    if not isinstance(context, Context):
        raise TypeError(
            f"expected a Context, not {type(context).__name__}; make one, as in Context(timezone='Europe/Vienna')"
        )
    return context


def _restored_context(*parts: object) -> Context:
    return Context(**dict(zip(Context.__slots__, parts, strict=True)))  # type: ignore[arg-type]


class Moment:
    """A context for one compilation: the present moment is settled when a value first needs it, and then stays."""

    __slots__ = ("context",)

    context: Context

    def __init__(self, context: Context) -> None:
        self.context = context

    def now(self) -> Context:
        """The context with its `now` settled."""
        if self.context.now is None:
            self.context = self.context.at_now()
        return self.context

    def user_id(self, path: str) -> str:
        """The user's id, for the field of this path. Raises `ContextError` if the context has none."""
        if self.context.me is None:
            remedy = "give the user's id, as in Context(me='u-1')"
            raise ContextError(f"The filter compares {quoted(path)} with me.id; {remedy}")
        return self.context.me


def _id_text(me: object) -> str | None:
    """The text of an id, as records hold ids. A whole user, or anything else that has a text, is not taken for one."""
    plain = me.value if isinstance(me, Enum) else me
    if plain is None:
        return None
    if isinstance(plain, str):
        return str.__str__(plain)
    if isinstance(plain, Integral) and not isinstance(plain, bool):
        return str(int(plain))
    from uuid import UUID

    if isinstance(plain, UUID):
        return str(plain)
    raise TypeError(f"me is a {type(me).__name__}, expected the user's id: a text, an integer or a UUID")


def _check_now(now: datetime | None) -> None:
    if now is None:
        return
    if not isinstance(now, datetime):
        raise TypeError(f"now is a {type(now).__name__}, expected an aware datetime")
    if not _has_offset(now):
        raise ValueError(f"now is {now!r}, expected an aware datetime: give it a tzinfo")
    try:
        now.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"now is {now!r}, expected an instant between the years 1 and 9999 in UTC") from None


def _has_offset(moment: datetime) -> bool:
    """Whether it is an instant. What libraries have for "no time" (NaT), and incomplete time zones, raise when they are asked."""
    try:
        return moment.utcoffset() is not None
    except Exception:
        return False


def _time_zone(zone: str | tzinfo) -> tzinfo:
    if zone is UTC:
        return zone
    if isinstance(zone, tzinfo):
        # A zone of pytz gives a wall time the zone's first offset, local mean time, unless its own `localize` is asked.
        name = getattr(zone, "zone", None) if hasattr(zone, "localize") else None
        if name is not None:
            return _time_zone(name)
        if not _has_offset(_SOME_TIME.replace(tzinfo=zone)):
            raise ValueError(f"{zone!r} has no offset from UTC; expected a time zone that has one")
        return zone
    if not isinstance(zone, str):
        raise TypeError(f"expected a time zone's IANA name or a tzinfo, not {type(zone).__name__}")
    if zone.upper() == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        if zone.lower().endswith(_MACHINES_OWN):
            raise ValueError("the machine's own zone")
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{zone!r} is no time zone; expected an IANA name such as 'Europe/Vienna'") from error


def moved(day: Day, days: int) -> Day:
    """The day that many days later, or the edge of the calendar."""
    if isinstance(day, Edge):
        return day
    ordinal = day.toordinal() + days
    if ordinal in _DAYS:
        return date.fromordinal(ordinal)
    return Edge.AFTER if days > 0 else Edge.BEFORE


def local_date(instant: datetime, zone: tzinfo) -> date:
    """The calendar date at an instant in a zone; at the calendar's edges, its first or last day."""
    try:
        return instant.astimezone(zone).date()
    except OverflowError:
        return date.min if instant.year == 1 else date.max


def instant_of(wall: datetime, zone: tzinfo) -> Instant:
    """The instant of a wall time: the earlier offset where the clock shows it twice or skips it.

    >>> from datetime import datetime
    >>> from zoneinfo import ZoneInfo
    >>> from kanbert_filter.context import instant_of
    >>> instant_of(datetime(2024, 10, 27, 2, 30), ZoneInfo("Europe/Vienna")).isoformat()
    '2024-10-27T00:30:00+00:00'
    """
    if zone is UTC:
        return wall.replace(tzinfo=UTC, fold=0)
    try:
        return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError:
        return Edge.BEFORE if wall.year == 1 else Edge.AFTER


def first_instant(day: Day, zone: tzinfo) -> Instant:
    """The first instant of a day: the earliest at which the zone's calendar shows that day or a later one.

    Mostly midnight; where the clock skips midnight, the instant of the skip.

    >>> from datetime import date
    >>> from zoneinfo import ZoneInfo
    >>> from kanbert_filter.context import first_instant
    >>> first_instant(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")).isoformat()
    '2018-11-04T03:00:00+00:00'
    """
    if not isinstance(day, date):
        return day
    if zone is UTC:
        return datetime.combine(day, _UTC_MIDNIGHT)
    midnight = datetime(day.year, day.month, day.day)
    instant = instant_of(midnight, zone)
    if isinstance(instant, Edge):
        return instant
    if local_date(instant, zone) == day and instant.astimezone(zone).replace(tzinfo=None) == midnight:
        return instant
    # Midnight is skipped. The skip lies at most a day before the instant the old offset gives.
    earlier, later = instant - timedelta(days=1), instant
    while later - earlier > _MICROSECOND:
        middle = earlier + (later - earlier) / 2
        if local_date(middle, zone) >= day:
            later = middle
        else:
            earlier = middle
    return later


def just_before(instant: Instant) -> Instant:
    """One microsecond earlier."""
    return instant if isinstance(instant, Edge) else instant - _MICROSECOND


def inside(instant: Instant) -> datetime:
    """The instant itself; of an edge of the calendar, the calendar's first or last instant."""
    if isinstance(instant, Edge):
        return _FIRST if instant is Edge.BEFORE else _LAST
    return instant


_DEFAULT: Final = Context()
