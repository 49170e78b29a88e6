"""Cuts and points of columns, against reading every stored value near them."""

from __future__ import annotations

import operator as op
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, strategies as st

from kanbert_filter.backends.columns.lines import (
    Cut,
    Days,
    FirstInstants,
    Floats,
    Line,
    Moments,
    NumberIds,
    Numbers,
    SoundTexts,
    Texts,
    Timestamps,
    instants_of_walls,
    walls_of_instants,
)
from kanbert_filter.backends.predicate.records import as_day as day_of, as_instant as instant_of
from kanbert_filter.context import Edge
from kanbert_filter.meaning.tests import Constant, OrderOperator

ZONES = (
    "UTC",
    "Europe/Vienna",
    "Europe/Berlin",
    "America/Havana",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "America/St_Johns",
    "Africa/Casablanca",
)
TURNS = (
    "2006-10-29",
    "2011-12-30",
    "2018-02-18",
    "2018-11-04",
    "2024-03-10",
    "2024-03-31",
    "2024-10-27",
    "0001-01-01",
    "9999-12-31",
)


def is_below(value: Any, cuts: Sequence[Cut]) -> bool:
    """Whether a stored value lies below the first cut, or from the second up to the third."""
    first, *others = [cut is Edge.AFTER or (cut is not Edge.BEFORE and value < cut) for cut in cuts]
    return first or (bool(others) and not others[0] and others[1])


ORDERS: dict[OrderOperator, Any] = {"lt": op.lt, "lte": op.le, "gt": op.gt, "gte": op.ge}


def hold(line: Line, constant: Constant, value: Any, meant: Any) -> None:
    """What the line says of a stored value is what the value means."""
    for operator, compare in ORDERS.items():
        direct = line.direct(operator, constant)
        if direct is not None:
            assert ORDERS[direct[0]](value, direct[1]) is compare(meant, constant)
    points = line.points(constant)
    if isinstance(line, (Texts, Days)):
        assert (meant == constant) is (points is not None and value in points)
        return
    cuts, later_cuts = line.cuts(constant, False), line.cuts(constant, True)
    assert is_below(value, cuts) is (meant < constant)
    assert is_below(value, later_cuts) is (meant <= constant)
    assert (meant == constant) is (
        value in points if points is not None else is_below(value, later_cuts) > is_below(value, cuts)
    )


def shift(moment: datetime, minutes: int, microseconds: int) -> datetime:
    try:
        return moment + timedelta(minutes=minutes, microseconds=microseconds)
    except OverflowError:
        return datetime.min if minutes < 0 else datetime.max


zones = st.sampled_from(ZONES).map(lambda name: UTC if name == "UTC" else ZoneInfo(name))
near = st.integers(-200, 200).map(lambda quarters: 15 * quarters) | st.integers(-2000, 2000)
moments = st.builds(
    shift, st.sampled_from(TURNS).map(datetime.fromisoformat) | st.just(datetime.max), near, st.sampled_from([0, 1, -1])
)
days = st.builds(
    lambda text, days: shift(datetime.fromisoformat(text), 1440 * days, 0).date(),
    st.sampled_from(TURNS),
    st.integers(-2, 2),
)


@given(zones, moments, moments)
def test_wall_times_stand_for_instants(zone: Any, constant: datetime, wall: datetime) -> None:
    line = Moments(instants_of_walls(zone), Timestamps(aware=False))
    hold(line, constant.replace(tzinfo=UTC), wall, instant_of(wall, ("at", "datetime"), zone))


@given(zones, days, moments)
def test_instants_stand_for_dates(zone: Any, constant: date, moment: datetime) -> None:
    stored = moment.replace(tzinfo=UTC)
    hold(
        Moments(walls_of_instants(zone), Timestamps(aware=True)), constant, stored, day_of(stored, ("at", "date"), zone)
    )


@pytest.mark.parametrize(
    ("name", "jump"),
    [
        ("Europe/Vienna", "2024-03-31T01:00Z"),
        ("Europe/Vienna", "2024-10-27T01:00Z"),
        ("America/Sao_Paulo", "2018-02-18T02:00Z"),
        ("America/Sao_Paulo", "2018-11-04T03:00Z"),
        ("America/St_Johns", "2006-10-29T02:31Z"),
        ("Pacific/Apia", "2011-12-30T10:00Z"),
    ],
)
def test_around_a_jump_of_the_clock(name: str, jump: str) -> None:
    zone, center = ZoneInfo(name), datetime.fromisoformat(jump)
    near = [timedelta(minutes=minutes) for minutes in range(-180, 181, 45)]
    walls_line = Moments(instants_of_walls(zone), Timestamps(aware=False))
    dates_line = Moments(walls_of_instants(zone), Timestamps(aware=True))
    for wall in [center.astimezone(zone).replace(tzinfo=None) + distance for distance in near]:
        for constant in [center + distance for distance in near]:
            hold(walls_line, constant, wall, instant_of(wall, ("at", "datetime"), zone))
    for instant in [center + distance for distance in near]:
        for constant_day in [center.astimezone(zone).date() + timedelta(days=days) for days in range(-2, 2)]:
            hold(dates_line, constant_day, instant, day_of(instant, ("at", "date"), zone))


@given(zones, moments, days)
@example(ZoneInfo("Pacific/Apia"), datetime(2011, 12, 30, 10), date(2011, 12, 30))
@example(ZoneInfo("Pacific/Apia"), datetime(2011, 12, 30, 10), date(2011, 12, 31))
def test_dates_stand_for_their_first_instants(zone: Any, constant: datetime, day: date) -> None:
    hold(FirstInstants(zone), constant.replace(tzinfo=UTC), day, instant_of(day, ("at", "datetime"), zone))


@given(moments, days, st.sampled_from([1, 1000, 1_000_000]))
def test_coarse_timestamps(constant: datetime, day: date, step: int) -> None:
    stored = datetime(day.year, day.month, day.day, 12, 0, 1)
    line = Moments(None, Timestamps(aware=True, step=step))
    points: Any = line.points(constant.replace(tzinfo=UTC))  # engines may round what a column cannot hold
    assert all(point.microsecond % step == 0 for point in points)
    hold(line, constant.replace(tzinfo=UTC), stored.replace(tzinfo=UTC), stored.replace(tzinfo=UTC))
    hold(Moments(None, Timestamps(aware=False, step=step)), day, stored, stored.date())


def test_timestamps_of_nanoseconds_end_early() -> None:
    line = Moments(None, Timestamps(aware=False, low=datetime(1677, 9, 22), high=datetime(2262, 4, 11)))
    assert line.cuts(datetime(3000, 1, 1, tzinfo=UTC), False) == (Edge.AFTER,)
    assert line.cuts(datetime(1000, 1, 1, tzinfo=UTC), False) == (Edge.BEFORE,)
    assert line.points(datetime(3000, 1, 1, tzinfo=UTC)) == []


NANOSECONDS = (datetime(1677, 9, 22), datetime(2262, 4, 11))
bounds = st.builds(shift, st.sampled_from(NANOSECONDS), st.just(0), st.sampled_from([0, 1, -1]))


@given(bounds, bounds.filter(lambda moment: NANOSECONDS[0] <= moment <= NANOSECONDS[1]))
@example(NANOSECONDS[0], NANOSECONDS[0])
@example(NANOSECONDS[1], NANOSECONDS[1])
def test_the_first_and_the_last_moment_of_a_column(constant: datetime, stored: datetime) -> None:
    hold(
        Moments(None, Timestamps(False, 1, *NANOSECONDS)),
        constant.replace(tzinfo=UTC),
        stored,
        stored.replace(tzinfo=UTC),
    )


@given(days, days)
def test_dates(constant: date, day: date) -> None:
    hold(Days(), constant, day, day)


numbers = st.sampled_from([0, 1, -1, 127, 128, -128, -129, 2**63, 10**60]) | st.decimals(-200, 200, places=3)


@given(numbers, st.integers(-128, 127))
@example(-128, -128)
@example(127, 127)
@example(0, -128)
@example(255, 127)
def test_integers(constant: int | Decimal, value: int) -> None:
    hold(Numbers.integers(8, signed=True), constant, value, value)
    hold(Numbers.integers(8, signed=False), constant, value + 128, value + 128)


@given(numbers, st.decimals("-99.99", "99.99", places=2))
@example(Decimal("-99.99"), Decimal("-99.99"))
@example(Decimal("99.99"), Decimal("99.99"))
def test_decimals(constant: int | Decimal, value: Decimal) -> None:
    hold(Numbers.decimals(4, 2), constant, value, value)


@given(
    st.decimals(allow_nan=False, allow_infinity=False)
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda x: Decimal(repr(x))),
    st.floats(allow_nan=False, allow_infinity=False),
)
@example(Decimal("0.0999999999999999999999"), 0.1)
@example(Decimal("0.1000000000000000000001"), 0.1)
def test_floats(constant: Decimal, value: float) -> None:
    hold(Floats(), constant, value, Decimal(repr(value)))


@given(st.text(max_size=3), st.text(max_size=3))
def test_texts(constant: str, value: str) -> None:
    hold(Texts(), constant, value, value)
    if "\0" not in value:
        hold(SoundTexts(), constant, value, value)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("7", (7,)),
        ("-7", (-7,)),
        ("07", ()),
        ("-0", ()),
        ("+7", ()),
        ("١", ()),
        ("7.0", ()),
        ("", ()),
        ("abc", ()),
        ("9" * 40, ()),
    ],
)
def test_ids_held_as_numbers(text: str, points: tuple[int, ...]) -> None:
    assert NumberIds(Numbers.integers(64, signed=True)).points(text) == points
