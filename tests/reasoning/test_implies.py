"""What follows from a filter: single questions, and random pairs held against the predicate."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from typing import assert_never

import pytest

import kanbert_filter as kf
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.reasoning.implies import (
    Answer,
    Proved,
    Refuted,
    Undecided,
    disjoint,
    equivalent,
    example,
    implies,
    satisfiable,
)
from tests.reasoning.pairs import CONTEXT, PROJECTS, pair, records


def parse(text: str) -> CheckedFilter:
    return PROJECTS.parse(text)


IMPLICATIONS = [
    ("budget > 5", "budget >= 5"),
    ("budget > 5", "budget is not null"),
    ("budget = 5", "budget in [4, 5]"),
    ("budget nin [4, 5]", "budget != 5"),
    ("budget in []", "budget = 1"),
    ("title startsWith 'abc'", "title startsWith 'ab'"),
    ("title = 'ABC'", "title contains 'b'"),
    ("title contains 'abc'", "title contains 'B'"),
    ("title endsWith 'abc' and title startsWith 'x'", "title endsWith 'c'"),
    ("title startsWith 'a' and title startsWith 'b'", "budget = 1"),
    ("status nin ['ACTIVE', 'DONE']", "status = 'PAUSED'"),
    ("done != true", "done = false"),
    ("due = today", "due < today+1d"),
    ("at = '2024-05-01'", "at < '2024-05-02'"),
    ("at = '2024-05-01'", "at >= '2024-04-30T22:00:00Z'"),
    ("custom.x > 'a' and custom.x != 'b'", "custom.x is not null"),
    ("tasks any (hours > 5)", "tasks any (hours > 4)"),
    ("tasks any (hours > 5)", "tasks.count > 0"),
    ("tasks all (hours > 5)", "tasks none (hours = 5)"),
    ("tasks all (hours > 5) and tasks any", "tasks any (hours > 4)"),
    (
        "tasks.count = 1 and tasks any (hours = 1) and tasks any (status = 'DONE')",
        "tasks any (hours = 1 and status = 'DONE')",
    ),
    ("tasks none", "tasks.count < 1"),
    ("tasks any (parts all (size > 1) and parts.count = 2)", "tasks any (parts any (size > 0))"),
    ("budget = 1 and (title = 'a' or title = 'b')", "title in ['a', 'b', 'c'] and budget < 2"),
]
"""Each holds, and its converse does not, but for what can never match."""


@pytest.mark.parametrize(("a", "b"), IMPLICATIONS)
def test_a_filter_implies_a_wider_one_and_not_the_other_way_around(a: str, b: str) -> None:
    assert implies(parse(a), parse(b), CONTEXT) == Proved()
    back = implies(parse(b), parse(a), CONTEXT)
    assert isinstance(back, Refuted) or equivalent(parse(a), parse(b), CONTEXT) == Proved()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("budget > 5", "budget > 5.000001"),
        ("budget != 5", "budget < 5 or budget is null"),
        ("title startsWith 'ab'", "title = 'ab'"),
        ("title contains 'ab'", "title startsWith 'a'"),
        ("tasks any (hours = 1) and tasks any (status = 'DONE')", "tasks any (hours = 1 and status = 'DONE')"),
        ("tasks all (hours > 5)", "tasks any (hours > 5)"),
        ("tasks.count > 1 and tasks.count < 4", "tasks.count = 2"),
        ("at != '2024-05-01'", "at < '2024-05-01'"),
        ("custom.x != 1", "custom.x > 1 or custom.x < 1"),
    ],
)
def test_a_refutation_shows_a_record(a: str, b: str) -> None:
    answer = implies(parse(a), parse(b), CONTEXT)
    assert isinstance(answer, Refuted)
    assert answer.record is not None
    assert kf.compile_predicate(parse(a), CONTEXT)(answer.record)
    assert not kf.compile_predicate(parse(b), CONTEXT)(answer.record)


def test_what_a_role_may_ask_stays_in_its_tenant() -> None:
    endpoint = kf.Endpoint("projects", {"tenant.id": "id", "title": "string", "budget": "number"})
    own = endpoint.parse("tenant.id = 't-1'")
    asked = endpoint.only("title", "budget").parse("title contains 'Acme' or budget > 5")
    assert implies(own & asked, own) == Proved()
    assert isinstance(implies(asked, own), Refuted)


def test_the_other_questions() -> None:
    assert disjoint(parse("budget < 1"), parse("budget > 1")) == Proved()
    assert isinstance(disjoint(parse("budget <= 1"), parse("budget >= 1")), Refuted)
    assert equivalent(parse("budget = 1 or budget = 2"), parse("budget in [2, 1]")) == Proved()
    assert isinstance(equivalent(parse("budget = 1"), parse("budget <= 1")), Refuted)
    assert satisfiable(parse("budget < 1 and budget > 1")) == Refuted()
    assert satisfiable(parse("tasks.count = 2 and tasks any (name = 'x')")) == Proved({"tasks": [{"name": "x"}, {}]})
    assert example(parse("budget < 1 and budget > 1")) is None
    assert example(parse("title like 'a_%' and owner.id = 'u-1'")) == {"title": "ax", "owner": {"id": "u-1"}}


@pytest.mark.parametrize(
    "text",
    [
        "budget > 1 and budget < 2",
        "budget > 1.5 and budget < 1.6 and budget nin [1.55, 1.575]",
        "budget > -0.2 and budget < -0.1",
        "custom.x > 'b'",
        "custom.x > '􏿿~'",
        "custom.x < 'b' and custom.x != ''",
        "custom.x > 'a' and custom.x < 'b' and custom.x != 'aa'",
        "tasks any (hours > 0.1 and hours < 0.2)",
        "due > '2024-05-01' and due < '2024-05-03'",
        "at > '2024-05-01T00:00:00.000001' and at < '2024-05-01T00:00:00.000003'",
    ],
)
def test_a_value_is_found_between_bounds(text: str) -> None:
    checked = parse(text)
    found = example(checked, CONTEXT)
    assert found is not None
    assert kf.compile_predicate(checked, CONTEXT)(found)


def test_type_checkers_know_all_answers() -> None:
    def word(answer: Answer) -> str:
        match answer:
            case kf.Proved() | kf.Refuted():
                return "certain"
            case kf.Undecided(reason):
                return reason
            case _:
                assert_never(answer)

    assert word(kf.satisfiable(PROJECTS.parse("budget > 5"))) == "certain"
    assert word(kf.satisfiable(PROJECTS.parse("budget > 5"), steps=0)).startswith("more than 0 ways")


def test_an_answer_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="isinstance"):
        bool(implies(parse("budget = 1"), parse("budget = 1")))


# without a context


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("due < today", "due <= today"),
        ("due = today", "due <= today and due >= today"),
        ("at = today and budget = 1", "at >= today"),
        ("owner.id = me.id", "owner.id in [me.id, 'u-1']"),
        ("owner.id nin [me.id, 'u-1']", "owner.id != me.id"),
        ("tasks any (hours > 1) and due > eom", "due > eom and tasks any (hours > 0)"),
    ],
)
def test_equal_specials_decide_without_a_context(a: str, b: str) -> None:
    assert implies(parse(a), parse(b)) == Proved()


@pytest.mark.parametrize(
    ("a", "b"),
    [("due < today", "due < today+1d"), ("owner.id = me.id", "owner.id = 'u-1'"), ("at = today", "at > '2024-01-01'")],
)
def test_different_specials_need_a_context(a: str, b: str) -> None:
    answer = implies(parse(a), parse(b))
    assert isinstance(answer, Undecided)
    assert "give a context" in answer.reason


def test_the_conditions_of_scopes_decide() -> None:
    scope = kf.types.Scope({"all": kf.EVERYTHING, "late": kf.field("due") < kf.TODAY})
    endpoint = kf.Endpoint("projects", {"due": "date", "view": scope})
    assert implies(endpoint.parse("view = 'late'"), endpoint.parse("due <= today")) == Proved()
    assert implies(endpoint.parse("due < today"), endpoint.parse("view = 'all'")) == Proved()


# where it stops


def test_a_budget_of_steps_bounds_every_question() -> None:
    names = [f"f{index}" for index in range(16)]
    endpoint = kf.Endpoint("e", dict.fromkeys(names, "number"))
    hard = " and ".join(f"({a} = 1 or {b} = 2 or {c} = 3)" for a in names for b in names for c in names if a < b < c)
    answer = implies(endpoint.parse(hard, limits=kf.Limits.lifted()), endpoint.parse("f0 = 7"), steps=50)
    assert isinstance(answer, Undecided)
    assert "50" in answer.reason


def test_fields_that_share_their_data_are_not_guessed_about() -> None:
    endpoint = kf.Endpoint("e", {"a": "number", "b": kf.types.String(source="a")})
    assert isinstance(satisfiable(endpoint.parse("a = 1 and b = 'x'")), Undecided)
    assert satisfiable(endpoint.parse("a = 1 and b is null and a is null")) == Refuted()


def test_a_record_holds_what_fields_of_several_endpoints_say() -> None:
    one = kf.Endpoint("one", {"a": "number"})
    other = kf.Endpoint("other", {"a": "number", "b": "string"})
    assert implies(one.parse("a = 1") & other.parse("b = 'x'"), other.parse("a < 2")) == Proved()


# random pairs


@pytest.mark.parametrize("like", [True, False])
def test_answers_agree_with_the_predicate(like: bool) -> None:
    count = check_pairs(range(400), like=like)
    assert count["Proved"] > 50
    assert count["Refuted"] > 50


@pytest.mark.heavy
def test_a_hundred_thousand_answers_agree_with_the_predicate() -> None:
    for like in (True, False):
        count = check_pairs(range(50_000), like=like)
        assert count["Undecided"] < (2_000 if like else 500)


def check_pairs(seeds: range, *, like: bool) -> Counter[str]:
    """The kinds of the answers on these pairs, each of which a record or many records confirm."""
    count: Counter[str] = Counter()
    for seed in seeds:
        a, b = pair(random.Random(seed), like=like)
        answer = implies(a, b, CONTEXT)
        count[type(answer).__name__] += 1
        matches_a, matches_b = kf.compile_predicate(a, CONTEXT), kf.compile_predicate(b, CONTEXT)
        shown = f"{kf.to_dsl(a)} => {kf.to_dsl(b)}: {answer}"
        if isinstance(answer, Refuted):
            assert answer.record is not None, shown
            assert matches_a(answer.record), shown
            assert not matches_b(answer.record), shown
        elif isinstance(answer, Proved):
            assert not [record for record in records(a, b) if matches_a(record) and not matches_b(record)], shown
    return count


@pytest.mark.parametrize("now", [datetime(2024, 5, 1, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, tzinfo=UTC)])
def test_what_is_proved_without_a_context_holds_in_each(now: datetime) -> None:
    context = CONTEXT.replace(now=now, me="u-2")
    for seed in range(300):
        a, b = pair(random.Random(seed))
        answer = implies(a, b)
        if isinstance(answer, Proved):
            assert not isinstance(implies(a, b, context), Refuted)
        elif isinstance(answer, Refuted):
            assert not isinstance(implies(a, b, context), Proved)
