"""What filters are lowered to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

import kanbert_filter as kf
from kanbert_filter import types
from kanbert_filter.builder import field
from kanbert_filter.context import Context
from kanbert_filter.endpoints.endpoint import Endpoint
from kanbert_filter.errors import ContextError
from kanbert_filter.meaning.lowering import MAX_WILDCARD_COLUMNS, column_of, lower, related_column
from kanbert_filter.meaning.tests import (
    ALWAYS,
    NEVER,
    AllOf,
    Always,
    AnyOf,
    Between,
    Column,
    Counted,
    Equal,
    Null,
    OneOf,
    Order,
    Related,
    Test,
    Text,
)
from kanbert_filter.nodes import EVERYTHING

SECRETS = Endpoint("secrets", {"level": "number", "switch": types.Scope({"on": field("level") > 3, "off": EVERYTHING})})
PROJECTS = Endpoint(
    "projects",
    {
        "title": "string",
        "code": types.String(case_sensitive=True),
        "budget": "number",
        "due": "date",
        "at": "datetime",
        "owner.id": types.Id(source="owner_id"),
        "custom.*": types.Custom(source="data.custom.*.value"),
        "state": types.Scope({"open": SECRETS.parse("switch = 'on'"), "all": EVERYTHING}),
        "archived": "enum: with, only, without",
        "tasks": {"hours": "number", "subtasks": types.Relation({"done": "boolean"}, source="children")},
    },
)
NOW = datetime(2024, 5, 1, 22, 30, tzinfo=UTC)
VIENNA = Context(now=NOW, timezone="Europe/Vienna", me="u-1")


def column(path: str) -> Column:
    return column_of(PROJECTS, path)


def lowered(text: str, context: Context = VIENNA) -> Test:
    return lower(PROJECTS.parse(text), context)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


TITLE, CODE, BUDGET, DUE, AT = map(column, ["title", "code", "budget", "due", "at"])
SIZE, TASKS = column("custom.size"), column("tasks")

CASES: list[tuple[str, Test]] = [
    # groups in their shortest form
    (
        "title = 'a' or budget = 1 or title in ['b', 'a']",
        AnyOf((OneOf(TITLE, ("a", "b"), False), Equal(BUDGET, 1, False))),
    ),
    ("title != 'a' and title nin ['b', 'c']", OneOf(TITLE, ("a", "b", "c"), True)),
    ("title = 'a' and title = 'b'", AllOf((Equal(TITLE, "a", False), Equal(TITLE, "b", False)))),
    ("title != 'a' or title != 'b'", AnyOf((Equal(TITLE, "a", True), Equal(TITLE, "b", True)))),
    ("title contains 'A' or title contains 'b'", Text(TITLE, "contains", ("a", "b"))),
    (
        "title contains 'A' and title contains 'b'",
        AllOf((Text(TITLE, "contains", ("a",)), Text(TITLE, "contains", ("b",)))),
    ),
    ("title contains 'a' or title like 'a'", AnyOf((Text(TITLE, "contains", ("a",)), Text(TITLE, "like", ("a",))))),
    ("title in ['a', 'a']", Equal(TITLE, "a", False)),
    ("title in [] or budget > 1", Order(BUDGET, "gt", 1)),
    ("title in [] and budget > 1", NEVER),
    ("title in [] or budget in []", NEVER),
    ("title nin []", Null(TITLE, True)),
    ("code contains 'A'", Text(CODE, "contains", ("A",))),
    # custom fields
    (
        "custom.size in [1, true, 'a', 1.5]",
        AnyOf((OneOf(SIZE, (1, Decimal("1.5")), False), Equal(SIZE, True, False), Equal(SIZE, "a", False))),
    ),
    ("custom.size nin [1, 'a']", AllOf((Equal(SIZE, 1, True), Equal(SIZE, "a", True)))),
    (
        "custom.size = 1 or custom.size = true or custom.size = 2",
        AnyOf((OneOf(SIZE, (1, 2), False), Equal(SIZE, True, False))),
    ),
    ("custom.size nin []", Null(SIZE, True)),
    ("custom.size in []", NEVER),
    # days and instants
    ("due = today", Equal(DUE, date(2024, 5, 2), False)),
    (
        "due in [sow, eow, som, eom]",
        OneOf(DUE, (date(2024, 4, 29), date(2024, 5, 5), date(2024, 5, 1), date(2024, 5, 31)), False),
    ),
    ("at = today", Between(AT, utc("2024-05-01T22:00"), utc("2024-05-02T22:00"), False)),
    ("at != '2024-05-02'", Between(AT, utc("2024-05-01T22:00"), utc("2024-05-02T22:00"), True)),
    ("at < today+1d", Order(AT, "lt", utc("2024-05-02T22:00"))),
    ("at <= eow", Order(AT, "lte", utc("2024-05-05T21:59:59.999999"))),
    ("at > som", Order(AT, "gt", utc("2024-04-30T22:00"))),
    ("at >= eom", Order(AT, "gte", utc("2024-05-31T21:59:59.999999"))),
    ("at = now", Equal(AT, NOW, False)),
    ("at = '2024-05-02T10:00'", Equal(AT, utc("2024-05-02T08:00"), False)),
    (
        "at in [today, now, '2024-05-02T10:00Z']",
        AnyOf(
            (
                Between(AT, utc("2024-05-01T22:00"), utc("2024-05-02T22:00"), False),
                OneOf(AT, (NOW, utc("2024-05-02T10:00")), False),
            )
        ),
    ),
    (
        "at nin [today, now]",
        AllOf((Between(AT, utc("2024-05-01T22:00"), utc("2024-05-02T22:00"), True), Equal(AT, NOW, True))),
    ),
    # beyond the calendar
    ("at < '0001-01-01'", NEVER),
    ("at >= '0001-01-01'", Null(AT, True)),
    ("at = '0001-01-01'", Order(AT, "lt", utc("0001-01-01T22:54:39"))),
    ("at != '0001-01-01'", Order(AT, "gte", utc("0001-01-01T22:54:39"))),
    ("at = '9999-12-31'", Order(AT, "gte", utc("9999-12-30T23:00"))),
    ("at != '9999-12-31'", Order(AT, "lt", utc("9999-12-30T23:00"))),
    ("at = '0001-01-01T00:00'", NEVER),
    ("at != '0001-01-01T00:00'", Null(AT, True)),
    ("at in ['0001-01-01T00:00', now]", Equal(AT, NOW, False)),
    # ids, relations, scopes
    ("owner.id = me.id", Equal(column("owner.id"), "u-1", False)),
    ("owner.id in [me.id, 7]", OneOf(column("owner.id"), ("u-1", "7"), False)),
    ("tasks.count >= 2", Counted(TASKS, "gte", 2)),
    ("tasks any", Related(TASKS, "any", None)),
    ("tasks any (hours nin [])", Related(TASKS, "any", Null(related_column(TASKS, "hours"), True))),
    ("tasks any (hours in [])", NEVER),
    ("tasks none (hours in [])", ALWAYS),
    ("tasks all (hours in [])", Related(TASKS, "none", None)),
    (
        "tasks all (hours in [] or subtasks none (done = true))",
        Related(
            TASKS,
            "all",
            Related(
                related_column(TASKS, "subtasks"),
                "none",
                Equal(related_column(related_column(TASKS, "subtasks"), "done"), True, False),
            ),
        ),
    ),
    ("state = 'all'", ALWAYS),
]


@pytest.mark.parametrize(("text", "test"), CASES, ids=[text for text, _ in CASES])
def test_lowering(text: str, test: Test) -> None:
    assert lowered(text) == test


ABSENT = kf.Endpoint("e", {"x.*": "custom", "y.*": types.Relation({"n": "number"}), "n": "number"})


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("x.__class__ is null", True),
        ("x.__class__ is not null", False),
        ("x.__class__ = 1", False),
        ("x.__class__ != 1", False),
        ("x.__class__ < 'a' or x.__class__ like '%'", False),
        ("x.__class__ in [1]", False),
        ("x.__class__ nin []", False),
        ("y.__class__ any", False),
        ("y.__class__ any (n = 1)", False),
        ("y.__class__ none (n is null)", True),
        ("y.__class__ all (n = 1)", True),
        ("y.__class__.count = 0", True),
        ("y.__class__.count > 0", False),
        ("y.__class__.count <= 1", True),
    ],
)
def test_names_that_belong_to_python_are_null_under_a_wildcard(text: str, holds: bool) -> None:
    checked = ABSENT.parse(text)
    assert lower(checked) == Always(holds)
    record = {"x": {"__class__": 1}, "y": {"__class__": [{"n": 1}]}}
    assert kf.compile_predicate(checked)(record) is holds


def test_everything_and_parts() -> None:
    assert lower(PROJECTS.check(EVERYTHING)) == ALWAYS
    both = SECRETS.parse("level < 9") & PROJECTS.parse("title = 'a'")
    assert lower(both) == AllOf((Order(column_of(SECRETS, "level"), "lt", 9), Equal(TITLE, "a", False)))


@pytest.mark.parametrize(
    ("text", "now", "test"),
    [
        ("due <= eom", "9999-12-15", Order(DUE, "lte", date(9999, 12, 31))),
        ("due = eow", "9999-12-30", NEVER),
        ("due <= eow", "9999-12-30", Null(DUE, True)),
        ("due > today+1d", "9999-12-31", NEVER),
        ("due != today+1d", "9999-12-31", Null(DUE, True)),
        ("due in [today, today+1d]", "9999-12-31", Equal(DUE, date(9999, 12, 31), False)),
        ("at > today+1d", "9999-12-31", NEVER),
        ("at <= eom", "9999-12-15", Null(AT, True)),
        ("at = today-1d", "0001-01-01", NEVER),
        ("at != today-1d", "0001-01-01", Null(AT, True)),
        ("at > today-1d", "0001-01-01", Null(AT, True)),
        ("due >= sow", "0001-01-02", Null(DUE, True)),
        ("due = eow", "0001-01-02", Equal(DUE, date(1, 1, 6), False)),
    ],
)
def test_specials_at_the_edge_of_the_calendar(text: str, now: str, test: Test) -> None:
    assert lowered(text, Context(now=utc(now), week_start="sunday")) == test


def test_the_end_of_the_last_week_may_be_the_calendars_last_day() -> None:
    context = Context(now=utc("9999-12-30"), week_start="saturday")
    assert lowered("due = eow", context) == Equal(DUE, date(9999, 12, 31), False)


def test_a_scope_is_lowered_with_fields_of_its_own() -> None:
    test = lowered("state = 'open'")
    assert isinstance(test, Order)
    assert (test.column.path, test.operator, test.constant) == ("level", "gt", 3)


def test_one_now_for_the_whole_filter() -> None:
    test = lowered("at = now or at = now", Context())
    assert isinstance(test, Equal)
    assert isinstance(test.constant, datetime)
    assert abs(datetime.now(UTC) - test.constant) < timedelta(minutes=1)


def test_columns_are_made_once_and_know_where_their_data_is() -> None:
    assert column("custom.size") is SIZE
    assert (SIZE.source, SIZE.wild) == (("data", "custom", "size", "value"), (False, False, True, False))
    assert column("owner.id").source == ("owner_id",)
    assert column("tasks.count") is TASKS
    assert related_column(TASKS, "subtasks").path == "tasks.subtasks"
    assert related_column(TASKS, "subtasks").source == ("children",)
    assert repr(TITLE) == "<Column 'title': string>"
    assert (TITLE.case_sensitive, CODE.case_sensitive) == (False, True)


def test_people_cannot_fill_the_memory_with_names() -> None:
    for index in range(3 * MAX_WILDCARD_COLUMNS):
        column_of(PROJECTS, f"custom.x{index}")
    assert len(PROJECTS.columns) <= len(PROJECTS.known) + MAX_WILDCARD_COLUMNS


def test_an_unbound_scope_says_how_to_bind_it() -> None:
    with pytest.raises(ContextError, match=r"Endpoint\.bind\(archived="):
        lowered("archived = 'only'")


def test_me_without_a_user_says_what_to_give() -> None:
    with pytest.raises(ContextError, match=r"Context\(me="):
        lowered("owner.id in ['a', me.id]", Context())


@pytest.mark.parametrize("wrong", [field("title") == "a", EVERYTHING, "title = 'a'", None])
def test_only_checked_filters_are_lowered(wrong: object) -> None:
    with pytest.raises(TypeError, match="check it first"):
        lower(wrong)  # type: ignore[arg-type]


def test_always_is_what_it_says() -> None:
    assert [ALWAYS.value, NEVER.value] == [True, False]


def test_nothing_is_stored_before_the_first_instant_or_after_the_last() -> None:
    events = Endpoint("events", {"at": "datetime"})
    never, present = lower(events.parse("at in []")), lower(events.parse("at is not null"))
    for text, test in {
        "at < '0001-01-01T00:00:00Z'": never,
        "at >= '0001-01-01T00:00:00Z'": present,
        "at > '9999-12-31T23:59:59.999999Z'": never,
        "at <= '9999-12-31T23:59:59.999999Z'": present,
    }.items():
        assert lower(events.parse(text), Context()) == test
