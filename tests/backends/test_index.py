"""An index of filters against the same filters asked one by one."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

import kanbert_filter as kf
from kanbert_filter.backends.index import FilterIndex
from kanbert_filter.errors import ContextError, RecordError
from tests.reasoning.pairs import CONTEXT, PROJECTS, pair, records

LATER = CONTEXT.replace(now=datetime(2024, 5, 31, 21, 59, tzinfo=UTC), timezone="Pacific/Kiritimati", me="u-2")


def one_by_one(
    index: FilterIndex[Any], record: Any, context: kf.Context, access: Any = "mapping"
) -> tuple[list[Any], set[Any]]:
    """The keys of the filters that match, and of those that raise."""
    matching, raising = [], set()
    for key, checked in index.items():
        try:
            if kf.compile_predicate(checked, context, access=access)(record):
                matching.append(key)
        except RecordError:
            raising.add(key)
    return matching, raising


SAMPLES: list[dict[str, Any]] = [
    record
    for number, record in enumerate(
        records(*[PROJECTS.parse(text) for text in ("title = 'a'", "at = now", "tasks any")])
    )
    if number % 5 == 0
] + [*records(*[PROJECTS.parse(text) for text in ("code = 'a'", "custom.x = 1", "price = 1", "owner.id = me.id")])][::7]


def test_an_index_finds_what_its_filters_match_one_by_one() -> None:
    choose = random.Random(1)
    index: FilterIndex[int] = FilterIndex()
    for step in range(600):
        if index and choose.random() < 0.3:
            del index[choose.choice([*index])]
        else:
            index[choose.randrange(300)] = pair(choose)[0]
        if step % 20 == 0:
            for record in choose.sample(SAMPLES, 5):
                for context in (CONTEXT, LATER):
                    assert index.matching(record, context) == one_by_one(index, record, context)[0]


def test_what_is_deleted_leaves_nothing() -> None:
    choose = random.Random(2)
    index: FilterIndex[int] = FilterIndex()
    for key in range(200):
        index[key] = pair(choose)[0]
    for key in range(200):
        del index[key]
    postings = index._postings.values()
    assert not index._always
    assert not [
        held
        for one in postings
        for held in (one.equal, one.grams, one.needles, one.above, one.below, one.present)
        if held
    ]


def test_keys_come_in_the_order_of_their_insertion() -> None:
    index: FilterIndex[str] = FilterIndex()
    for key in ("c", "a", "b"):
        index[key] = PROJECTS.parse("budget > 1")
    index["a"] = PROJECTS.parse("budget > 0")
    assert index.matching({"budget": 2}) == ["c", "a", "b"]
    assert [*index] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("text", "matching", "other"),
    [
        ("title contains 'CM'", {"title": "ACME"}, {"title": "ACNE"}),
        ("title contains 'reconciliation'", {"title": "A Reconciliation"}, {"title": "reconciliatio"}),
        ("title contains 'a'", {"title": "A"}, {"title": "B"}),
        ("title contains ''", {"title": ""}, {"title": None}),
        ("title like '%b_d%'", {"title": "abxd"}, {"title": "abd"}),
        ("code startsWith 'AB'", {"code": "ABC"}, {"code": "abc"}),
        ("budget = 0.1", {"budget": 0.1}, {"budget": 0.2}),
        ("budget >= 1.5", {"budget": 1.5}, {"budget": 1.4}),
        ("price endsWith '.5'", {"price": 1.50}, {"price": 1.55}),
        ("done = true", {"done": True}, {"done": False}),
        ("custom.x = true", {"custom": {"x": True}}, {"custom": {"x": 1}}),
        ("custom.x = 1", {"custom": {"x": 1.0}}, {"custom": {"x": "1"}}),
        ("custom.x > 'a'", {"custom": {"x": "b"}}, {"custom": {"x": 5}}),
        ("owner.id = 7", {"owner": {"id": 7}}, {"owner": {"id": 8}}),
        ("due <= '2024-05-01'", {"due": "2024-05-01"}, {"due": "2024-05-02"}),
        ("due = today", {"due": "2024-05-02"}, {"due": "2024-05-01"}),
        ("at = '2024-05-02'", {"at": "2024-05-01T22:00:00Z"}, {"at": "2024-05-01T21:59:59Z"}),
        ("owner.id = me.id", {"owner": {"id": "u-1"}}, {"owner": {"id": "u-2"}}),
        ("tasks any (hours > 5)", {"tasks": [{"hours": 1}, {"hours": 6}]}, {"tasks": [{"hours": 5}]}),
        ("tasks all (hours > 5)", {"tasks": []}, {"tasks": [{"hours": 5}]}),
        ("tasks.count = 0", {}, {"tasks": [{}]}),
        ("budget is null", {}, {"budget": 0}),
        ("budget != 1", {"budget": 2}, {"budget": 1}),
        ("budget = 1 or title = 'a'", {"title": "a"}, {"title": "b"}),
    ],
)
def test_single_filters(text: str, matching: dict[str, Any], other: dict[str, Any]) -> None:
    index: FilterIndex[str] = FilterIndex()
    index["it"] = PROJECTS.parse(text)
    assert index.matching(matching, CONTEXT) == ["it"]
    assert index.matching(other, CONTEXT) == []


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "=", "!="])
def test_the_ends_of_the_calendar_are_in_no_zone_for_all(operator: str) -> None:
    """In some zones nothing is before the first day, or after the last moment. An index does not know the zone beforehand."""
    endpoint = kf.Endpoint("e", {"at": "datetime", "title": "string"})
    ends = ("0001-01-01", "9999-12-31", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999")
    index = kf.FilterIndex[str]()
    for end in ends:
        for text in (f"at {operator} '{end}'", f"at {operator} '{end}' or title = 'a'"):
            index[text] = endpoint.parse(text)
    records = [*ends, *(f"{end}{offset}" for end in ends[2:] for offset in ("Z", "+05:00", "-05:00"))]
    for zone, storage in product(("UTC", "America/Havana", "Asia/Tehran"), repeat=2):
        context = kf.Context(timezone=zone, storage_timezone=storage, now=datetime(2024, 1, 1, tzinfo=UTC))
        for at in records:
            found = index.matching({"at": at}, context)
            assert (found, {*found.errors}) == one_by_one(index, {"at": at}, context)


def test_a_filter_that_cannot_read_the_record_does_not_match_and_is_listed() -> None:
    index: FilterIndex[str] = FilterIndex()
    index["number"] = PROJECTS.parse("budget > 1")
    index["title"] = PROJECTS.parse("title = 'a'")
    matches = index.matching({"budget": "many", "title": "a"})
    assert matches == ["title"]
    assert {key: (error.field, error.value) for key, error in matches.errors.items()} == {"number": ("budget", "many")}


def test_objects_are_read_by_their_attributes() -> None:
    @dataclass
    class Project:
        title: str
        tasks: list[Any]

    index: FilterIndex[str] = FilterIndex()
    index["it"] = PROJECTS.parse("title = 'a' and tasks any (hours = 1)")
    assert index.matching(Project("a", [{"hours": 1}]), access="attribute") == ["it"]
    assert index.matching(Project("a", [{"hours": 2}]), access="attribute") == []


def test_a_filter_about_the_user_needs_one_whatever_the_record_holds() -> None:
    index: FilterIndex[str] = FilterIndex()
    index["mine"] = PROJECTS.parse("owner.id = me.id and title = 'a'")
    with pytest.raises(ContextError, match="me='u-1'"):
        index.matching({"title": "b"})
    del index["mine"]
    assert index.matching({"title": "b"}) == []


@pytest.mark.parametrize(
    "text",
    [
        "owner.id = me.id and title in []",
        "owner.id = me.id or title = 'a'",
        "due = today and title in []",
    ],
)
def test_a_filter_is_compiled_anew_for_what_it_asks_even_where_that_does_not_matter(text: str) -> None:
    index = FilterIndex[str]()
    index["x"] = PROJECTS.parse(text)
    for me in ("u-1", "u-2"):
        context = CONTEXT.replace(me=me)
        for record in ({"owner": {"id": "u-1"}}, {"title": "a"}, {}):
            assert (index.matching(record, context), set()) == one_by_one(index, record, context)


def test_only_checked_filters_come_in() -> None:
    index: FilterIndex[str] = FilterIndex()
    with pytest.raises(TypeError, match="check it"):
        index["it"] = kf.field("title") == "a"  # type: ignore[assignment]
    assert "it" not in index
    with pytest.raises(KeyError):
        del index["it"]


def test_an_index_is_read_and_changed_from_many_threads() -> None:
    index: FilterIndex[int] = FilterIndex()
    checked = [pair(random.Random(seed))[0] for seed in range(50)]
    stays = PROJECTS.parse("title = 'a'")
    index[-1] = stays

    def change(thread: int) -> None:
        for number, one in enumerate(checked):
            index[thread * 1000 + number] = one
        for number in range(len(checked)):
            del index[thread * 1000 + number]

    def read(thread: int) -> None:
        for record in SAMPLES[thread * 10 : thread * 10 + 60]:
            assert (-1 in index.matching(record, CONTEXT)) is (record.get("title") == "a")

    with ThreadPoolExecutor(8) as pool:
        for done in [*pool.map(change, range(4)), *pool.map(read, range(4))]:
            assert done is None
    assert [*index] == [-1]
