"""Which wall times and dates mean earlier instants: what is worked out against the definition, in zones of all kinds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, strategies as st
from hypothesis.strategies import SearchStrategy

from kanbert_filter.backends.sqlalchemy.moments import instants_as_days, walls_before, walls_of
from kanbert_filter.context import Edge, first_instant, instant_of

ZONES = st.sampled_from(
    [
        "Europe/Vienna",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "UTC",
        "Africa/Monrovia",
    ]
).map(ZoneInfo)
CHANGES = [
    datetime.fromisoformat(text) for text in ("2024-03-31", "2024-10-27", "2018-11-04", "2011-12-30", "2010-11-07")
]
CHANGES += [
    datetime.fromisoformat(text) for text in ("2024-04-06 15:00", "1972-01-07", "0001-01-02", "9999-12-30 23:00")
]
NEAR: SearchStrategy[datetime] = st.builds(
    lambda moment, offset: moment + timedelta(minutes=15 * offset), st.sampled_from(CHANGES), st.integers(-90, 90)
) | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))


@given(wall=NEAR, instant=NEAR, zone=ZONES)
@example(datetime(2024, 3, 31, 2, 30), datetime(2024, 3, 31, 1, 30), ZoneInfo("Europe/Vienna"))
@example(datetime(2024, 10, 27, 2, 59), datetime(2024, 10, 27, 1, 30), ZoneInfo("Europe/Vienna"))
@example(datetime(9999, 12, 31), datetime(9999, 12, 31, 23, 30), ZoneInfo("Europe/Vienna"))
@example(datetime(1, 1, 1), datetime(1, 1, 1, 0, 30), ZoneInfo("America/Sao_Paulo"))
def test_walls(wall: datetime, instant: datetime, zone: ZoneInfo) -> None:
    instant = instant.replace(tzinfo=UTC)
    meant = instant_of(wall, zone)
    rows = walls_before(instant, zone)
    if isinstance(rows, Edge):
        before = rows is Edge.AFTER
    else:
        before = any((low is None or low <= wall) and wall < high for low, high in rows)
    assert before == (meant is Edge.BEFORE or (meant is not Edge.AFTER and meant < instant))
    assert (wall in walls_of(instant, zone)) == (meant == instant)


@given(day=NEAR.map(datetime.date), instant=NEAR, zone=ZONES)
@example(date.max, datetime.max, ZoneInfo("America/Sao_Paulo"))
@example(date.min, datetime.min, ZoneInfo("Europe/Vienna"))
def test_days(day: date, instant: datetime, zone: ZoneInfo) -> None:
    instant = instant.replace(tzinfo=UTC)
    first, cut = first_instant(day, zone), instants_as_days(zone)(instant)
    before = cut is Edge.AFTER if isinstance(cut, Edge) else day < cut
    assert before == (first is Edge.BEFORE or (first is not Edge.AFTER and first < instant))
