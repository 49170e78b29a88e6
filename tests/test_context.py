"""Days, weeks and months at one moment, in one place of the world."""

import pickle
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, strategies as st

import kanbert_filter as kf
from kanbert_filter.context import Edge, first_instant, instant_of, just_before, local_date, moved


class Nowhere(tzinfo):
    """A zone that does not know where it is."""

    def utcoffset(self, dt: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


ZONES = ["UTC", "Europe/Vienna", "America/Sao_Paulo", "Pacific/Apia", "America/St_Johns", "Asia/Gaza", "Africa/Cairo"]


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(ZONES))
@example(date(2018, 11, 4), "America/Sao_Paulo")  # midnight is skipped
@example(date(2011, 12, 30), "Pacific/Apia")  # the whole day is skipped
@example(date(2024, 4, 26), "Africa/Cairo")
@example(date(2018, 2, 18), "America/Sao_Paulo")  # the day before ends twice
def test_a_day_begins_at_its_first_instant(day: date, name: str) -> None:
    zone = ZoneInfo(name)
    instant = first_instant(day, zone)
    assert isinstance(instant, datetime)
    assert local_date(instant, zone) >= day
    assert local_date(instant - timedelta(microseconds=1), zone) < day


def test_a_skipped_day_is_empty_and_a_skip_across_midnight_begins_at_the_skip() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert first_instant(date(2011, 12, 30), apia) == first_instant(date(2011, 12, 31), apia)
    toronto = ZoneInfo("America/Toronto")  # 1919-03-30 23:30 was followed by 1919-03-31 00:30
    assert first_instant(date(1919, 3, 31), toronto) == datetime(1919, 3, 31, 4, 30, tzinfo=UTC)


def test_the_calendar_has_edges() -> None:
    east, west = timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))
    assert first_instant(date.min, east) is Edge.BEFORE
    assert first_instant(Edge.AFTER, UTC) is Edge.AFTER
    assert instant_of(datetime.max, west) is Edge.AFTER
    assert moved(date.max, 1) is Edge.AFTER
    assert moved(date.min, -1) is Edge.BEFORE
    assert moved(Edge.BEFORE, 5) is Edge.BEFORE
    assert just_before(Edge.AFTER) is Edge.AFTER
    assert local_date(datetime.min.replace(tzinfo=UTC), west) == date.min
    assert local_date(datetime.max.replace(tzinfo=UTC), east) == date.max
    assert kf.Context(now=datetime(9999, 12, 31, tzinfo=UTC)).month(1) is Edge.AFTER


def test_wall_times_shown_twice_or_skipped_take_the_earlier_offset() -> None:
    vienna = ZoneInfo("Europe/Vienna")
    assert instant_of(datetime(2024, 10, 27, 2, 30), vienna) == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert instant_of(datetime(2024, 3, 31, 2, 30), vienna) == datetime(2024, 3, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("week_start", "first"),
    [("monday", date(2024, 4, 29)), ("sunday", date(2024, 4, 28)), ("saturday", date(2024, 4, 27))],
)
def test_weeks_begin_where_the_context_says(week_start: str, first: date) -> None:
    context = kf.Context(now=datetime(2024, 5, 1, tzinfo=UTC), week_start=week_start)  # type: ignore[arg-type]
    assert context.week() == first
    assert context.week(1) == first + timedelta(days=7)


def test_today_is_the_zone_s_today() -> None:
    now = datetime(2024, 12, 31, 23, 30, tzinfo=UTC)
    context = kf.Context(now=now, timezone="Europe/Vienna")
    assert context.today() == date(2025, 1, 1)
    assert context.today(-1) == date(2024, 12, 31)
    assert context.month() == date(2025, 1, 1)
    assert context.month(1) == date(2025, 2, 1)
    assert kf.Context(now=now).month(1) == date(2025, 1, 1)
    assert kf.Context(now=now.astimezone(ZoneInfo("Asia/Tokyo"))).now_instant() == now


def test_now_is_settled_once() -> None:
    context = kf.Context().at_now()
    assert context.now is not None
    assert context.at_now() is context
    assert kf.Context().now is None
    assert kf.Context().now_instant().tzinfo is UTC


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"now": datetime(2024, 1, 1)}, "aware datetime"),
        ({"timezone": "Europe/Wien"}, "IANA name"),
        ({"now": datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))}, "between the years 1 and 9999 in UTC"),
        ({"now": datetime.min.replace(tzinfo=timezone(timedelta(hours=5)))}, "between the years 1 and 9999 in UTC"),
        ({"now": datetime(2024, 1, 1, tzinfo=Nowhere())}, "aware datetime"),
        ({"timezone": "../etc/passwd"}, "IANA name"),
        ({"timezone": "localtime"}, "IANA name"),
        ({"storage_timezone": "posix/localtime"}, "IANA name"),
        ({"timezone": Nowhere()}, "no offset from UTC"),
        ({"storage_timezone": ""}, "IANA name"),
        ({"week_start": "Monday"}, "monday, tuesday"),
    ],
)
def test_a_wrong_context_is_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        kf.Context(**wrong)  # type: ignore[arg-type]


def test_the_machine_s_zone_is_refused_where_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.ZoneInfo", lambda name: UTC)
    for name in ("localtime", "LOCALTIME", "posix/localtime"):
        with pytest.raises(ValueError, match="is no time zone"):
            kf.Context(timezone=name)


class Later(datetime):
    """A subclass as pandas and test tools have them."""


def test_a_now_of_a_subclass_is_taken_for_the_instant_it_is() -> None:
    now = Later(2024, 5, 1, 22, 30, 0, 5, tzinfo=ZoneInfo("Europe/Vienna"))
    context = kf.Context(now=now)
    assert context.now_instant() == now
    assert type(context.now_instant()) is datetime
    assert type(context.today()) is date
    endpoint = kf.Endpoint("e", {"at": "datetime", "on": "date"})
    for text in ("at >= now", "at = now", "at in [now, today]", "on = now", "at <= eow"):
        assert kf.compile_predicate(endpoint.parse(text), context)({"at": now, "on": now.date()})


def test_a_zone_of_pytz_means_the_zone_of_its_name() -> None:
    pytz = pytest.importorskip("pytz")
    context = kf.Context(timezone=pytz.timezone("Europe/Vienna"), storage_timezone=pytz.timezone("Asia/Tokyo"))
    assert context == kf.Context(timezone="Europe/Vienna", storage_timezone="Asia/Tokyo")
    assert kf.Context(timezone=pytz.utc).timezone is UTC
    assert kf.Context(timezone=pytz.FixedOffset(90)).timezone.utcoffset(None) == timedelta(minutes=90)
    assert first_instant(date(2024, 1, 1), context.timezone) == datetime(2023, 12, 31, 23, tzinfo=UTC)


class Foreign(Nowhere):
    """A zone that looks like one of pytz and has a name nobody knows."""

    zone = "Mars/Olympus"

    def localize(self, moment: datetime) -> datetime:
        return moment


def test_a_zone_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="'Mars/Olympus' is no time zone"):
        kf.Context(timezone=Foreign())


class Abstract(Nowhere):
    """A zone that implements nothing."""

    utcoffset = tzinfo.utcoffset  # type: ignore[assignment]


class Silent(datetime):
    """What libraries have for "no time" (NaT): a datetime that raises when it is asked."""

    def utcoffset(self) -> timedelta:
        raise ValueError("there is none")


def test_what_is_no_instant_is_refused_as_a_naive_now() -> None:
    for wrong in (Silent(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=Abstract())):
        with pytest.raises(ValueError, match="expected an aware datetime"):
            kf.Context(now=wrong)
        with pytest.raises(kf.FilterSyntaxError, match="expected a timestamp; test for null with is_null"):
            kf.field("at") == wrong
    with pytest.raises(ValueError, match="no offset from UTC"):
        kf.Context(timezone=Abstract())


class Users(Enum):
    FIRST = "u-1"


WRONG_USERS = [{"me": me} for me in (object(), True, 7.0, b"u-1", ["u-1"], {"id": "u-1"}, date)]
"""Whoever gives a whole user would compare ids with the text of that object."""


@pytest.mark.parametrize(
    ("me", "text"), [("u-1", "u-1"), (7, "7"), (UUID(int=7), str(UUID(int=7))), (Users.FIRST, "u-1"), (None, None)]
)
def test_the_user_is_given_by_an_id(me: Any, text: str | None) -> None:
    assert kf.Context(me=me).me == text


@pytest.mark.parametrize(
    "wrong", [{"now": "2024"}, {"now": date(2024, 1, 1)}, {"timezone": 5}, {"timezone": None}, *WRONG_USERS]
)
def test_an_object_of_a_wrong_class_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected"):
        kf.Context(**wrong)


def test_contexts_are_values() -> None:
    context = kf.Context(now=datetime(2024, 1, 1, tzinfo=UTC), timezone="Europe/Vienna", me=7)
    assert pickle.loads(pickle.dumps(context)) == context
    assert hash(pickle.loads(pickle.dumps(context))) == hash(context)
    assert context.me == "7"
    assert context.replace(me="8") != context
    assert "Europe/Vienna" in repr(context)
    assert kf.Context(timezone="utc").timezone is UTC
