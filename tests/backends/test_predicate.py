"""The predicate against the naive evaluator: random checked filters over random records."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import product
from types import MappingProxyType, SimpleNamespace
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import example, given, settings, strategies as st
from hypothesis.strategies import SearchStrategy

from kanbert_filter import types
from kanbert_filter.backends.index import FilterIndex
from kanbert_filter.backends.predicate import Access, Predicate, compile_predicate, raw_value
from kanbert_filter.backends.predicate.code import CONDITIONS, FILTERS
from kanbert_filter.builder import field
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.context import Context
from kanbert_filter.endpoints.endpoint import Endpoint
from kanbert_filter.endpoints.field_table import FieldTable
from kanbert_filter.errors import ContextError, FilterCheckError, RecordError
from kanbert_filter.meaning.lowering import column_of
from kanbert_filter.nodes import EVERYTHING, And, Comparison, Filter, Membership, NullCheck, Or, RelationTest
from kanbert_filter.reasoning.explain import explain
from kanbert_filter.values import EOM, EOW, ME, NOW, SOM, SOW, TODAY, Value, exact, for_floats
from tests import reference_meaning
from tests.strategies import COMMON_PATTERNS, COMMON_TEXTS


class Status(Enum):
    ACTIVE = "ACTIVE"
    DONE = "DONE"


class Title(str):
    __slots__ = ()


PROJECTS = Endpoint(
    "projects",
    {
        "title": "string",
        "code": types.String(case_sensitive=True),
        "status": "enum",
        "budget": "number",
        "price": "currency",
        "done": "boolean",
        "due": "date",
        "created_at": "datetime",
        "owner.id": types.Id(source="owner_id"),
        "client.name": "string",
        "client.address.city": "string",
        "client.since": "date",
        "meta.weight": "custom",
        "custom_field.*": "custom",
        "extra.*": types.Custom(source="client.extra.*"),
        "archived": types.Scope(
            {"with": EVERYTHING, "only": field("archived_at").is_not_null(), "without": field("archived_at").is_null()}
        ),
        "tasks": {
            "title": "string",
            "hours": "number",
            "due": "date",
            "at": "datetime",
            "owner.name": "string",
            "custom.*": "custom",
            "subtasks": {"done": "boolean", "title": "string"},
        },
        "client.contacts": {"title": "string"},
    },
)

TEXTS = (*COMMON_TEXTS, "İ", "Σας", "ΣΑΣ")
PATTERNS = (*COMMON_PATTERNS, "%ας", "İ")
NUMBERS = (
    0,
    1,
    -1,
    7,
    1000,
    2**53,
    2**53 + 1,
    10**23,
    Decimal("0.1"),
    Decimal("-0.5"),
    Decimal("0.3"),
    Decimal("1e-60"),
)
STORED_NUMBERS = (
    *NUMBERS,
    0.1,
    0.3,
    0.1 + 0.2,
    -0.5,
    1e23,
    1.0,
    -0.0,
    float(2**53),
    float(2**53 + 2),
    Decimal("1.00"),
    5e-324,
    Fraction(1, 3),
    Fraction(-1, 2),
)
DAYS = (
    "2018-11-03",
    "2018-11-04",
    "2018-11-05",
    "2024-03-31",
    "2024-10-27",
    "2011-12-30",
    "2011-12-31",
    "2024-05-01",
    "2024-05-02",
)
TIMES = (
    *("2018-11-04T00:30:00", "2018-11-04T03:00:00Z", "2018-11-04T02:59:59.999999Z", "2018-11-03T23:30:00-03:00"),
    *(
        "2024-03-31T02:30:00",
        "2024-10-27T02:30:00",
        "2024-10-27T00:30:00Z",
        "2024-10-27T01:30:00Z",
        "2011-12-30T12:00:00",
    ),
    *(
        "2024-05-01T22:00:00Z",
        "2024-05-01T21:59:59.999999Z",
        "2024-05-02 00:00",
        "2024-05-01T12:00:00.5+02:00",
        "2024-04-28T22:00:00Z",
    ),
)
ZONES = ("UTC", "Europe/Vienna", "America/Sao_Paulo", "Pacific/Apia", "America/St_Johns")
SPECIALS = (NOW, TODAY, TODAY + 1, TODAY - 3, SOW, EOW, SOM, EOM)
KINDS: dict[str, SearchStrategy[Value]] = {
    "string": st.sampled_from(TEXTS),
    "enum": st.sampled_from(["ACTIVE", "DONE", "x"]),
    "number": st.sampled_from(NUMBERS),
    "currency": st.sampled_from(NUMBERS),
    "boolean": st.booleans(),
    "date": st.sampled_from([*DAYS, *SPECIALS]),
    "datetime": st.sampled_from([*DAYS, *TIMES, *SPECIALS]),
    "id": st.sampled_from(["7", "a", "u-1", ME]),
    "custom": st.sampled_from([*TEXTS, *NUMBERS, True, False]),
    "count": st.integers(0, 3),
    "scope": st.sampled_from(["with", "only", "without"]),
}


def filters(
    fields: FieldTable, depth: int = 2, kinds: Mapping[str, SearchStrategy[Value]] = KINDS
) -> SearchStrategy[Filter]:
    """Filters that the fields admit, with these values by the kinds of the fields."""
    conditions: list[SearchStrategy[Filter]] = []
    names = [name.replace("*", "x") for name in fields] + ["tasks.count"] * ("tasks" in fields)
    for name in names:
        row = fields.field_type(name)
        assert row is not None
        if isinstance(row, types.Relation):
            conditions.append(st.builds(RelationTest, st.just(name), st.sampled_from(["any", "none"])))
            if depth:
                inner = filters(row.related, depth - 1, kinds)
                conditions.append(
                    st.builds(RelationTest, st.just(name), st.sampled_from(["any", "none", "all"]), inner)
                )
            continue
        values = kinds[row.kind]
        compared = sorted(row.operators & {"eq", "ne"})
        ordered = sorted(row.operators & {"lt", "lte", "gt", "gte"})
        matched = sorted(row.operators & {"contains", "startswith", "endswith"})
        conditions.append(st.builds(Comparison, st.just(name), st.sampled_from(compared), values))
        if ordered:
            unordered = values.filter(lambda value: not isinstance(value, bool))
            conditions.append(st.builds(Comparison, st.just(name), st.sampled_from(ordered), unordered))
        if matched:
            conditions.append(st.builds(Comparison, st.just(name), st.sampled_from(matched), st.sampled_from(TEXTS)))
            conditions.append(st.builds(Comparison, st.just(name), st.just("like"), st.sampled_from(PATTERNS)))
        if "in" in row.operators:
            listed = st.lists(values, max_size=4)
            conditions.append(st.builds(Membership, st.just(name), st.sampled_from(["in", "nin"]), listed))
        if "isnull" in row.operators:
            conditions.append(st.builds(NullCheck, st.just(name), st.sampled_from(["isnull", "isnotnull"])))

    def grouped(inner: SearchStrategy[Filter]) -> SearchStrategy[Filter]:
        items = st.lists(inner, min_size=2, max_size=5)
        return st.builds(And, items) | st.builds(Or, items)

    return st.recursive(st.one_of(conditions), grouped, max_leaves=10)


def stored_times(texts: tuple[str, ...]) -> list[object]:
    moments = [datetime.fromisoformat(text) for text in texts]
    away = timezone(timedelta(hours=5, minutes=45))
    return [*texts, *moments, *[moment.astimezone(away) for moment in moments if moment.tzinfo]]


TEXT = st.none() | st.sampled_from(TEXTS) | st.sampled_from(TEXTS).map(Title)
NUMBER = st.none() | st.sampled_from(STORED_NUMBERS)
BOOLEAN = st.sampled_from([None, True, False])
DAY = st.none() | st.sampled_from([*DAYS, *map(date.fromisoformat, DAYS), *stored_times(TIMES)])
CUSTOM = st.none() | st.sampled_from(
    [*TEXTS, *STORED_NUMBERS, True, False, float("nan"), [], {}, Decimal("NaN"), Status.DONE]
)


def record(**fields: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


SUBTASK = record(done=BOOLEAN, title=TEXT)
TASK = record(
    title=TEXT,
    hours=NUMBER,
    due=DAY,
    at=DAY,
    owner=st.none() | record(name=TEXT),
    custom=st.none() | record(x=CUSTOM),
    subtasks=st.none() | st.lists(SUBTASK, max_size=2),
)
CLIENT = record(
    name=TEXT,
    address=st.none() | record(city=TEXT),
    since=DAY,
    extra=st.sampled_from([None, "text", 5, {}]) | record(x=CUSTOM),
    contacts=st.none() | st.lists(record(title=TEXT), max_size=2),
)
PROJECT = record(
    title=TEXT,
    code=TEXT,
    status=st.none() | st.sampled_from(["ACTIVE", Status.ACTIVE, Status.DONE]),
    budget=NUMBER,
    price=NUMBER,
    done=BOOLEAN,
    due=DAY,
    created_at=DAY,
    owner_id=st.sampled_from([None, 7, "7", "a", UUID(int=7)]),
    client=st.none() | CLIENT,
    meta=st.sampled_from([None, "text", {}]) | record(weight=CUSTOM),
    custom_field=st.sampled_from([None, "text", []]) | record(x=CUSTOM),
    archived_at=DAY,
    tasks=st.none() | st.lists(st.none() | TASK, max_size=3) | st.lists(TASK, max_size=2).map(tuple),
)
CONTEXTS = st.builds(
    Context,
    now=st.sampled_from([datetime.fromisoformat(text).replace(tzinfo=UTC) for text in TIMES]),
    timezone=st.sampled_from(ZONES),
    storage_timezone=st.sampled_from(ZONES),
    me=st.just("u-1"),
    week_start=st.sampled_from(["monday", "sunday", "saturday"]),
)


class Thing:
    """An object whose attributes are the items of a mapping; what wildcards look into stays a mapping."""

    def __init__(self, parts: dict[str, Any]) -> None:
        for name, part in parts.items():
            setattr(self, name, part if name in ("custom_field", "custom", "extra") else as_objects(part))


def as_objects(value: Any) -> Any:
    if isinstance(value, dict):
        return Thing(value)
    return [as_objects(item) for item in value] if isinstance(value, list) else value


CHECKED = filters(PROJECTS).map(PROJECTS.check)


def waiting_and_compiled(
    checked: CheckedFilter, context: Context | None = None, access: Access = "mapping"
) -> list[Predicate]:
    """Predicates of one filter: the first of its shape, which is not compiled as a whole, and another, which is."""
    FILTERS.clear()
    CONDITIONS.clear()
    return [compile_predicate(checked, context, access=access) for _ in range(2)]


def compare(checked: CheckedFilter, records: list[dict[str, Any]], context: Context) -> None:
    expected = [record for record in records if reference_meaning.evaluate(checked, record, context)]
    for matches in waiting_and_compiled(checked, context):
        assert [record for record in records if matches(record) is True] == expected
        assert len([record for record in records if matches(record) is False]) == len(records) - len(expected)
        assert matches.select(records) == expected
    things = [as_objects(record) for record in records]
    answers = [reference_meaning.evaluate(checked, thing, context) for thing in things]
    for matches in waiting_and_compiled(checked, context, access="attribute"):
        assert matches.select(things) == [thing for thing, answer in zip(things, answers, strict=True) if answer]
        assert [matches(thing) for thing in things] == answers


RECORDS = st.lists(PROJECT, min_size=1, max_size=4)


@settings(max_examples=100)
@given(CHECKED, RECORDS, CONTEXTS)
def test_a_predicate_means_what_the_naive_evaluator_means(
    checked: CheckedFilter, records: list[dict[str, Any]], context: Context
) -> None:
    compare(checked, records, context)


@pytest.mark.heavy
def test_predicates_mean_it_in_thousands_of_filters(pytestconfig: pytest.Config) -> None:
    settings(max_examples=pytestconfig.getoption("filters"))(given(CHECKED, RECORDS, CONTEXTS)(compare))()


READ = ("title", "client.name", "client.address.city", "meta.weight", "custom_field.x", "extra.x", "budget", "owner.id")


@given(st.lists(PROJECT, min_size=1, max_size=3))
def test_single_values_are_read_as_predicates_read_them(records: list[dict[str, Any]]) -> None:
    for path in READ:
        column = column_of(PROJECTS, path)
        for access in get_args(Access):
            is_null = compile_predicate(PROJECTS.parse(f"{path} is null"), access=access)
            for record in records:
                read = record if access == "mapping" else as_objects(record)
                assert is_null(read) is (raw_value(column, read, access) is None)


# what is not of its field's type


class Nowhere(tzinfo):
    """A time zone that has no answer."""

    def utcoffset(self, when: datetime | None) -> timedelta:
        raise LookupError("no such place")

    def dst(self, when: datetime | None) -> None:
        return None

    def tzname(self, when: datetime | None) -> str:
        return "nowhere"


WRONG = [
    ("title = 'a'", {"title": 5}),
    ("title = 'a'", {"title": b"a"}),
    ("title contains 'a'", {"title": ["a"]}),
    ("status in ['ACTIVE']", {"status": True}),
    ("budget > 5", {"budget": "7"}),
    ("budget > 5", {"budget": True}),
    ("budget > 5", {"budget": float("nan")}),
    ("budget > 0.5", {"budget": float("-inf")}),
    ("budget = 5", {"budget": Decimal("Infinity")}),
    ("budget = 5", {"budget": Decimal("sNaN")}),
    ("price contains '5'", {"price": "5"}),
    ("done = true", {"done": 1}),
    ("due = '2024-01-01'", {"due": "soon"}),
    ("due = '2024-01-01'", {"due": 20240101}),
    ("due = '2024-01-01'", {"due": "20240101"}),
    ("created_at > today", {"created_at": "2024-W01-1T00:00:00Z"}),
    ("created_at > today", {"created_at": "2024-13-01T00:00:00Z"}),
    ("created_at > today", {"created_at": "2024-01-0xT00:00:00+00:00"}),
    ("created_at > today", {"created_at": "2024-01-01T00:00:00.1234567890Z"}),
    ("created_at > today", {"created_at": "2024-01-01T00:00:00.Z"}),
    ("created_at > today", {"created_at": "2024-01-01T00:00:00+1"}),
    ("created_at > today", {"created_at": "2024-01-01T00:00:00+01:"}),
    ("created_at > today", {"created_at": "2024-01-01T00:00:00+24:00"}),
    ("created_at > today", {"created_at": "2024-01-01T00:00:00 Z"}),
    ("created_at > today", {"created_at": "2024-01-01T00:00:٠٠Z"}),
    ("created_at > today", {"created_at": datetime(2024, 1, 1, tzinfo=Nowhere())}),
    ("due > today", {"due": datetime(2024, 1, 1, tzinfo=Nowhere())}),
    ("created_at > today", {"created_at": "2024-01-01T00:00Z garbage"}),
    ("created_at > today", {"created_at": 1700000000}),
    ("owner.id = 7", {"owner_id": 7.0}),
    ("owner.id = 7", {"owner_id": True}),
    ("owner.id = 7", {"owner_id": 10**5000}),
    ("client.name = 'a'", {"client": "a"}),
    ("client.name is null", {"client": ["a"]}),
    ("tasks any", {"tasks": "abc"}),
    ("tasks any", {"tasks": {"title": "a"}}),
    ("tasks.count > 0", {"tasks": 3}),
    ("tasks none (title = 'a')", {"tasks": ["a"]}),
    ("tasks any (hours > 5)", {"tasks": [{"hours": "7"}]}),
    ("tasks any (subtasks any (done = true))", {"tasks": [{"subtasks": [{"done": "x"}]}]}),
]


@pytest.mark.parametrize(("text", "record"), WRONG)
def test_a_value_of_another_type_is_an_error_with_field_and_type(text: str, record: dict[str, Any]) -> None:
    matches = compile_predicate(PROJECTS.parse(text))
    with pytest.raises(RecordError) as caught:
        matches(record)
    path = caught.value.field
    assert text.replace("any (", "").replace("none (", "").replace(" ", ".").startswith(path.split(".")[0])
    assert caught.value.type in (*KINDS, "object", "relation")
    assert path in str(caught.value)
    with pytest.raises(RecordError):
        matches.select([{}, record])


@pytest.mark.parametrize(
    ("text", "record", "path", "type"),
    [
        (
            "tasks any (subtasks any (done = true))",
            {"tasks": [{"subtasks": [{"done": 0}]}]},
            "tasks.subtasks.done",
            "boolean",
        ),
        ("tasks any (subtasks any)", {"tasks": [{"subtasks": [0]}]}, "tasks.subtasks", "relation"),
        ("client.address.city = 'a'", {"client": 0}, "client", "object"),
        ("client.address.city = 'a'", {"client": {"address": 0}}, "client.address", "object"),
        ("client.address.city = 'a'", {"client": {"address": {"city": 0}}}, "client.address.city", "string"),
        ("tasks any (owner.name = 'a')", {"tasks": [{"owner": 0}]}, "tasks.owner", "object"),
        ("client.contacts any", {"client": 0}, "client", "object"),
        ("owner.id = 'a'", {"owner_id": 0.5}, "owner.id", "id"),
    ],
)
def test_an_error_names_the_full_path_of_what_is_at_fault(text: str, record: Any, path: str, type: str) -> None:
    for matches in waiting_and_compiled(PROJECTS.parse(text)):
        with pytest.raises(RecordError) as caught:
            matches(record)
        assert (caught.value.field, caught.value.type) == (path, type)


LOOKS = [
    *("title = 'a'", "title is null", "budget > 5 or title != 'a'", "client.name = 'a'", "client.name is null"),
    *("tasks any (hours = 1)", "tasks none", "tasks.count = 0", "custom_field.x = 'a'", "custom_field.x is null"),
]
"""A filter of each way to look at a record."""


@pytest.mark.parametrize("text", LOOKS)
def test_a_mapping_among_objects_is_an_error_and_never_an_empty_record(text: str) -> None:
    record, checked = {"title": "a", "client": {"name": "a"}, "tasks": [{"hours": 1}]}, PROJECTS.parse(text)
    index: FilterIndex[str] = FilterIndex()
    index["saved"] = checked
    asked = (lambda: explain(checked, record, access="attribute"), lambda: index.matching(record, access="attribute"))
    for ask in asked:
        with pytest.raises(
            TypeError, match=r"^expected an object as the record, not dict; for mappings, give access='mapping'"
        ):
            ask()


@pytest.mark.parametrize("record", [None, 5, "title", ["title"], SimpleNamespace(title="a", budget=1)])
@pytest.mark.parametrize("text", LOOKS)
def test_a_record_that_is_no_mapping_is_an_error_and_never_an_empty_record(text: str, record: object) -> None:
    checked = PROJECTS.parse(text)
    index: FilterIndex[str] = FilterIndex()
    index["saved"] = checked
    asked: list[Any] = [*waiting_and_compiled(checked), lambda record: explain(checked, record), index.matching]
    asked += [lambda record, matches=matches: matches.select([{}, record]) for matches in waiting_and_compiled(checked)]
    for ask in asked:
        with pytest.raises(
            TypeError, match=r"^expected a mapping as the record, not .*; for objects, give access='attribute'"
        ):
            ask(record)


def test_an_error_of_the_records_own_is_left_as_it_is() -> None:
    class Broken(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            raise AttributeError("its own")

    def records() -> Any:
        raise AttributeError("its own")
        yield

    for matches in waiting_and_compiled(PROJECTS.parse("title = 'a' or budget = 1")):
        with pytest.raises(AttributeError, match="its own"):
            matches(Broken())
        for several in ([Broken()], records()):
            with pytest.raises(AttributeError, match="its own"):
                matches.select(several)


@pytest.mark.parametrize(
    "value", [float("nan"), Decimal("sNaN"), float("inf"), object(), [], {}, b"", None, UUID(int=1), True]
)
@pytest.mark.parametrize("operator", ["=", "!=", "<", "contains", "like", "in"])
@pytest.mark.parametrize("constant", ["'a'", "7", "0.1", "true"])
def test_custom_values_never_are_an_error(value: object, operator: str, constant: str) -> None:
    if (operator == "<" and constant == "true") or (operator in ("contains", "like") and constant != "'a'"):
        return
    operand = f"[{constant}]" if operator == "in" else constant
    matches = compile_predicate(PROJECTS.parse(f"custom_field.x {operator} {operand}"))
    boolean = value is True and constant == "true"
    expected = boolean if operator in ("=", "in") else value is not None and not boolean if operator == "!=" else False
    assert matches({"custom_field": {"x": value}}) is expected


# records


def test_objects_may_hold_mappings_and_mappings_need_not_be_dicts() -> None:
    checked = PROJECTS.parse("client.name = 'a' and custom_field.x = 7 and tasks any (owner.name = 'b')")
    thing = Thing({"custom_field": MappingProxyType({"x": 7}), "client": None, "tasks": None})
    thing.client = MappingProxyType({"name": "a"})  # type: ignore[attr-defined]
    thing.tasks = {1: {"owner": Thing({"name": "b"})}}.values()  # type: ignore[attr-defined]
    assert compile_predicate(checked, access="attribute")(thing)
    plain = {"client": {"name": "a"}, "custom_field": {"x": 7}, "tasks": [{"owner": {"name": "b"}}]}
    assert compile_predicate(checked)(MappingProxyType(plain))


def test_a_mapping_in_an_object_is_read_by_key_even_where_it_has_such_an_attribute() -> None:
    endpoint = Endpoint("e", {"client.items": "string"})
    matches = compile_predicate(endpoint.parse("client.items = 'a'"), access="attribute")
    assert matches(Thing({"client": Thing({"items": "a"})}))
    thing = Thing({"client": None})
    thing.client = {"items": "a"}  # type: ignore[attr-defined]
    assert matches(thing)


@pytest.mark.parametrize("name", ["__class__", "__len__", "__dict__", "__x"])
@pytest.mark.parametrize("place", ["custom_field", "extra"])
def test_names_with_two_leading_underscores_are_nowhere(place: str, name: str) -> None:
    field = f"{place}.{name}"
    checked = PROJECTS.parse(f"{field} is not null or {field} != 'a' or {field} in ['b']")
    record = {"custom_field": {name: "b"}, "client": {"extra": {name: "b"}}}
    assert not compile_predicate(checked)(record)
    assert not reference_meaning.evaluate(checked, record, Context())
    for thing in (Thing(record), SimpleNamespace(custom_field=Thing({}), client=Thing({"extra": Thing({})}))):
        assert not compile_predicate(checked, access="attribute")(thing)


def test_wildcards_do_not_look_into_objects() -> None:
    matches = compile_predicate(PROJECTS.parse("custom_field.x is null"), access="attribute")
    thing = Thing({"custom_field": None})
    thing.custom_field = Thing({"x": 1})  # type: ignore[attr-defined]
    assert matches(thing)


def test_only_what_a_wildcard_looks_into_may_be_anything() -> None:
    endpoint = Endpoint("e", {"client.extra.*": "number", "code.*.name": "string"})
    for matches in waiting_and_compiled(endpoint.parse("client.extra.x > 1 or client.extra.x is null")):
        assert matches({"client": {"extra": "text"}})
        assert matches({"client": {"extra": {"x": 2}}})
        assert not matches({"client": {"extra": {"x": 1}}})
        with pytest.raises(RecordError, match="'client' holds"):
            matches({"client": "text"})
    for matches in waiting_and_compiled(endpoint.parse("code.a.name = 'b'")):
        assert not matches({"code": ["a"]})
        assert matches({"code": {"a": {"name": "b"}}})
        with pytest.raises(RecordError, match=r"'code\.a' holds"):
            matches({"code": {"a": "b"}})


@pytest.mark.parametrize("operator", ["like", "contains", "startswith", "endswith"])
@pytest.mark.parametrize("count", [2, 8, 9])
def test_each_alternative_of_a_text_operator_is_looked_for(operator: str, count: int) -> None:
    text = " or ".join([f"title {operator} 'n{number}'" for number in range(count)])
    for matches in waiting_and_compiled(PROJECTS.parse(text)):
        assert [matches({"title": f"N{number}"}) for number in range(count + 1)] == [True] * count + [False]


def test_needles_of_scopes_that_stand_side_by_side_are_looked_for_together() -> None:
    begins = {letters: [field("title").startswith(letter) for letter in letters] for letters in ("ab", "bc")}
    scope = types.Scope({"some": Or(begins["ab"]), "others": Or(begins["bc"]), "all": EVERYTHING})
    projects = Endpoint("projects", {"title": "string", "shown": scope})
    for text, expected in (
        ("shown = 'some' or shown = 'others'", [True, True, True, False]),
        ("shown = 'some' or title = 'z' or shown = 'some'", [True, True, False, False]),
    ):
        for matches in waiting_and_compiled(projects.parse(text)):
            assert [matches({"title": title}) for title in ("a", "B", "c", "d")] == expected


def test_a_wildcard_at_the_very_top_does_not_look_into_objects() -> None:
    fields = Endpoint("projects", {"custom_field.*": types.Custom(source="*")})
    present = fields.parse("custom_field.x is not null or custom_field.x = 1")
    assert compile_predicate(present, access="attribute")({"x": 1})
    assert not compile_predicate(present, access="attribute")(Thing({"x": 1}))


def test_members_of_enumerations_and_subclasses_stand_for_their_values() -> None:
    class Size(Enum):
        SMALL = 7

    class Real(float):
        pass

    checked = PROJECTS.parse("budget >= 7 and title = 'a' and owner.id = 7 and custom_field.x = 7")
    record = {"budget": Size.SMALL, "title": Title("a"), "owner_id": Size.SMALL, "custom_field": {"x": Real(7)}}
    assert compile_predicate(checked)(record)


def test_everything_matches_everything() -> None:
    matches = compile_predicate(PROJECTS.check(EVERYTHING))
    assert matches({}) is True
    assert matches.select([{}, {}]) == [{}, {}]


@pytest.mark.parametrize("access", ["mappings", None, ""])
def test_unknown_access_is_refused(access: Any) -> None:
    checked = PROJECTS.check(EVERYTHING)
    for ask in (
        lambda: compile_predicate(checked, access=access),
        lambda: explain(checked, {}, access=access),
        lambda: FilterIndex[str]().matching({}, access=access),
    ):
        with pytest.raises(ValueError, match="expected 'mapping' or 'attribute'"):
            ask()


def test_what_was_not_checked_is_refused() -> None:
    with pytest.raises(TypeError, match="check it first"):
        compile_predicate(field("title") == "a")  # type: ignore[arg-type]


def test_the_user_is_needed_only_where_the_filter_speaks_of_them() -> None:
    with pytest.raises(ContextError, match="me"):
        compile_predicate(PROJECTS.parse("owner.id = me.id"))
    assert compile_predicate(PROJECTS.parse("owner.id = me.id"), Context(me=7))({"owner_id": "7"})


# numbers and moments


@pytest.mark.parametrize("stored", [0.1, Decimal("0.1"), 1, 1.0, 2**53 + 1, Decimal(2**53 + 1)])
@pytest.mark.parametrize("field", ["budget", "price", "custom_field.x"])
def test_lists_of_numbers_hold_each_number_exactly(field: str, stored: Any) -> None:
    record = {"budget": stored, "price": stored, "custom_field": {"x": stored}}
    others = (0.5, float(2**53), 0.1 + 0.2, 2)
    for matches in waiting_and_compiled(PROJECTS.parse(f"{field} in [1, 0.1, {2**53 + 1}]")):
        assert matches(record)
        assert not any(matches({"budget": n, "price": n, "custom_field": {"x": n}}) for n in others)
    for matches in waiting_and_compiled(PROJECTS.parse(f"{field} nin [1, 0.1, {2**53 + 1}]")):
        assert not matches(record)


@given(
    st.floats(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False, allow_infinity=False) | st.integers()
)
@example(1e23, 10**23)
@example(5e-324, Decimal("1e-400"))
@example(sys.float_info.max, Decimal("1e400"))
def test_a_float_means_its_shortest_decimal(stored: float, number: int | Decimal) -> None:
    for constant in (exact(number), exact(stored)):
        meant = Decimal(repr(stored))
        assert (stored == for_floats(constant, "eq")) is (meant == constant)
        assert (stored < for_floats(constant, "lt")) is (meant < constant)
        assert (stored <= for_floats(constant, "lte")) is (meant <= constant)
        assert (stored > for_floats(constant, "gt")) is (meant > constant)
        assert (stored >= for_floats(constant, "gte")) is (meant >= constant)


def test_stored_times_outside_the_calendar_count_as_its_first_and_last_instant() -> None:
    context = Context(storage_timezone="America/St_Johns")
    after = compile_predicate(PROJECTS.parse("created_at >= '9999-12-31T23:59:59.999999Z'"), context)
    assert after({"created_at": "9999-12-31T23:59:59"})
    assert after({"created_at": datetime(9999, 12, 31, 22, tzinfo=timezone(timedelta(hours=-5)))})
    before = compile_predicate(
        PROJECTS.parse("created_at <= '0001-01-01T00:00:00Z'"), Context(storage_timezone="Europe/Vienna")
    )
    assert before({"created_at": date(1, 1, 1)})
    assert before({"created_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))})


def test_members_of_enumerations_of_every_kind() -> None:
    class Part(Enum):
        NUMBER = 0.5
        YES = True
        DAY = date(2024, 5, 1)
        TEXT = "2024-05-01"
        NOTHING = None

    checked = PROJECTS.parse(
        "budget = 0.5 and done = true and due = '2024-05-01' and created_at = '2024-05-01' and custom_field.x = true"
    )
    record = {
        "budget": Part.NUMBER,
        "done": Part.YES,
        "due": Part.DAY,
        "created_at": Part.TEXT,
        "custom_field": {"x": Part.YES},
    }
    assert compile_predicate(checked)(record)
    with pytest.raises(RecordError, match="NOTHING"):
        compile_predicate(PROJECTS.parse("budget = 1"))({"budget": Part.NOTHING})


@pytest.mark.parametrize("access", ["mapping", "attribute"])
def test_a_relation_that_could_be_looked_at_once_only_is_an_error(access: Access) -> None:
    record: Any = {"tasks": (task for task in [{"title": "a"}])}
    matches = compile_predicate(PROJECTS.parse("tasks.count = 1 and tasks any (title = 'a')"), access=access)
    with pytest.raises(RecordError, match="tasks"):
        matches(record if access == "mapping" else SimpleNamespace(**record))


@pytest.mark.parametrize("access", ["mapping", "attribute"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tasks any", True),
        ("tasks none", False),
        ("tasks.count = 2", True),
        ("tasks any (title is null)", True),
        ("tasks any (custom.x is null and owner.name is null)", True),
        ("tasks all (title = 'a')", False),
        ("tasks all (title is null or title = 'a')", True),
        ("tasks any (subtasks any)", False),
    ],
)
def test_a_null_among_the_records_of_a_relation_is_a_record_without_values(
    text: str, expected: bool, access: Access
) -> None:
    record: Any = {"tasks": [{"title": "a"}, None]}
    matches = compile_predicate(PROJECTS.parse(text), access=access)
    assert matches(record if access == "mapping" else as_objects(record)) is expected


STORED_TEXTS = (
    "2024-05-01T22:00:00z",
    "2024-05-01t22:00",
    "2024-05-01 22:00:00,5",
    "2024-05-01T22:00:00.123456789+02",
    "2024-05-01T22:00:00.1234567-0230",
    "2024-05-01 22:00:00.999999999Z",
    "2024-05-01T22:00:00.0000009Z",
    "2024-05-01T23:59+0000",
    "2024-05-02T00:00:00,000001-00:00",
)


@pytest.mark.parametrize("text", STORED_TEXTS)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Vienna"])
def test_stored_timestamps_are_read_as_other_systems_write_them(text: str, zone: str) -> None:
    context = Context(timezone=zone, storage_timezone=zone)
    for value in ("2024-05-01", "2024-05-01T22:00:00Z", "2024-05-01T20:00:00.123456Z", "2024-05-02T00:30:00.123456Z"):
        for name in ("created_at", "due"):
            for operator in ("<", "<=", "=", ">"):
                if name == "created_at" or len(value) == 10:
                    checked = PROJECTS.parse(f"{name} {operator} '{value}'")
                    expected = reference_meaning.evaluate(checked, {name: text}, context)
                    assert compile_predicate(checked, context)({name: text}) is expected


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tehran", "America/Havana"])
@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+05:00",
        "0001-01-01T04:59:59.999999+05:00",
        "9999-12-31T19:00:00-0500",
        "9999-12-31T23:59:59.999999-05",
    ],
)
def test_a_timestamp_that_leaves_the_calendar_is_its_end_as_text_and_as_object(text: str, zone: str) -> None:
    context = Context(timezone=zone)
    for name, value, operator in product(
        ("created_at", "due"), ("0001-01-01", "0001-01-02", "9999-12-31"), ("<", "<=", "=", ">=", ">")
    ):
        matches = compile_predicate(PROJECTS.parse(f"{name} {operator} '{value}'"), context)
        assert matches({name: text}) is matches({name: datetime.fromisoformat(text)})
    end = "'0001-01-01T00:00:00Z'" if text[0] == "0" else "'9999-12-31T23:59:59.999999Z'"
    assert compile_predicate(PROJECTS.parse(f"created_at = {end}"), context)({"created_at": text})


def test_a_filters_own_timestamps_stay_strict() -> None:
    for text in STORED_TEXTS[2:]:
        if text[19:20] != ".":
            with pytest.raises(FilterCheckError):
                PROJECTS.parse(f"created_at > '{text}'")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("budget = 0.5", Fraction(1, 2)),
        ("budget > 0.3333333333", Fraction(1, 3)),
        ("budget < 0.33333333333333333333334", Fraction(1, 3)),
        ("price contains '.5'", Fraction(-1, 2)),
        ("custom_field.x = 0.5", Fraction(1, 2)),
    ],
)
def test_fractions_are_numbers(text: str, value: object) -> None:
    record = {"budget": value, "price": value, "custom_field": {"x": value}}
    assert compile_predicate(PROJECTS.parse(text))(record) is True


def test_an_error_shows_the_value_at_fault_and_no_other() -> None:
    @dataclass
    class Secretive:
        secret: str = "secret"

    for text, record in (
        ("title = 'a'", {"title": {"other": "secret"}}),
        ("title = 'a'", {"title": ["secret"]}),
        ("title = 'a'", {"title": ("secret",)}),
        ("title = 'a'", {"title": Secretive()}),
        ("client.name = 'a'", {"client": ["secret"]}),
        ("tasks any", {"tasks": {"title": "secret"}}),
        ("tasks any", {"tasks": [{"title": "secret"}, 5]}),
    ):
        with pytest.raises(RecordError) as caught:
            compile_predicate(PROJECTS.parse(text))(record)
        assert "secret" not in str(caught.value) + repr(caught.value)
    for value in (5, 0.5, Decimal("0.5"), date(2024, 5, 1), UUID(int=1), b"bytes", Status.DONE):
        with pytest.raises(RecordError) as caught:
            compile_predicate(PROJECTS.parse("done = true"))({"done": value})
        assert repr(value) in str(caught.value)


def test_a_constant_truth_inside_a_relation_in_a_group() -> None:
    checked = PROJECTS.parse("tasks none (title in []) and budget in []")
    assert compile_predicate(checked)({}) is False
