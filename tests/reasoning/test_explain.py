"""Why a record matches, or does not: what an explanation shows, and that it agrees with the predicate."""

from __future__ import annotations

import copy
import json
import pickle
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

import kanbert_filter as kf
from tests.reasoning.pairs import CONTEXT, PROJECTS, pair, records

RECORD: dict[str, Any] = {
    "title": "Acme Tower",
    "budget": 500,
    "due": "2024-05-01",
    "tasks": [{"status": "TODO", "hours": 2}, {"status": "DONE", "hours": 9}],
}


def explained(text: str, record: Any = RECORD, **options: Any) -> kf.Explanation:
    return kf.explain(PROJECTS.parse(text), record, CONTEXT, **options)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ('title contains "acme"', "✓ title contains \"acme\"  (found 'Acme Tower')"),
        ("budget is null", "✗ budget is null  (found 500)"),
        ("price > 1", "✗ price > 1  (found null)"),
        ("due = today-1d", "✓ due = today-1d  (found '2024-05-01'; compared with 2024-05-01)"),
        ("tasks.count = 3", "✗ tasks.count = 3  (found 2)"),
        ("tasks none", "✗ tasks none  (2 related)"),
        (
            "tasks none (hours > 1)",
            "✗ tasks none  (2 related)\n  ✓ record 1: hours > 1  (found 2)\n  ✓ record 2: hours > 1  (found 9)",
        ),
        (
            'tasks any (status = "DONE" and hours < 5)',
            "✗ tasks any  (2 related)\n"
            "  ✗ record 1: all of\n    ✗ status = \"DONE\"  (found 'TODO')\n    ✓ hours < 5  (found 2)\n"
            "  ✗ record 2: all of\n    ✓ status = \"DONE\"  (found 'DONE')\n    ✗ hours < 5  (found 9)",
        ),
        ("", "✓ no filter"),
    ],
)
def test_an_explanation_is_drawn_as_lines(text: str, drawn: str) -> None:
    assert str(explained(text)) == drawn


def test_records_that_decide_are_drawn_alone() -> None:
    explanation = explained("tasks all (hours < 5)")
    assert explanation.deciding == (1,)
    assert [part.matches for part in explanation.parts] == [True, False]
    assert str(explanation) == "✗ tasks all  (2 related)\n  ✗ record 2: hours < 5  (found 9)"


def test_many_records_are_counted() -> None:
    drawn = str(explained("tasks any (hours > 5)", {"tasks": [{"hours": 9}] * 7}))
    assert drawn.splitlines()[-1] == "  … and 2 more records"


def test_days_show_the_instants_they_mean() -> None:
    explanation = explained("at = today", {"at": "2024-05-02T10:00:00Z"})
    assert explanation.means == (datetime(2024, 5, 1, 22, tzinfo=UTC), datetime(2024, 5, 2, 22, tzinfo=UTC))
    assert explained("due >= sow").means == (date(2024, 4, 29),)
    assert explained("budget > 1").means == ()


def test_a_value_that_cannot_be_read_is_shown_and_the_rest_decides() -> None:
    record = {"budget": "many", "title": "Acme", "tasks": [{"hours": "long"}]}
    undecided = explained("budget > 5 and title = 'Acme'", record)
    with pytest.raises(kf.RecordError, match="budget"):
        undecided.matches  # noqa: B018
    assert str(undecided).splitlines()[0] == "? all of"
    assert explained("budget > 5 or title = 'Acme'", record).matches is True
    assert explained("budget > 5 and title = 'X'", record).matches is False
    [inner] = explained("tasks any (hours > 1)", record).parts
    assert inner.error is not None
    assert inner.error.field == "tasks.hours"


DEEP = kf.Endpoint("deep", {"a.b.c": "string", "t": {"a.b": "number", "u": {"a.b.c": "id"}}})


@pytest.mark.parametrize(
    ("text", "record", "field"),
    [
        ("a.b.c = 'x'", {"a": {"b": {"c": 5}}}, "a.b.c"),
        ("a.b.c = 'x'", {"a": {"b": 5}}, "a.b"),
        ("a.b.c is null", {"a": [5]}, "a"),
        ("t any (a.b = 1)", {"t": [{"a": {"b": "x"}}]}, "t.a.b"),
        ("t any (a.b = 1)", {"t": [{"a": "x"}]}, "t.a"),
        ("t any (u none (a.b.c = 1))", {"t": [{"u": [{"a": {"b": 5}}]}]}, "t.u.a.b"),
        ("t any (u any)", {"t": [{"u": 5}]}, "t.u"),
        ("t any (u all (a.b.c = 1))", {"t": [{"u": 5}]}, "t.u"),
        ("t any (u.count > 1)", {"t": [{"u": 5}]}, "t.u"),
    ],
)
def test_the_error_is_that_of_the_predicate(text: str, record: dict[str, object], field: str) -> None:
    checked = DEEP.parse(text)
    with pytest.raises(kf.RecordError) as expected:
        kf.compile_predicate(checked)(record)
    with pytest.raises(kf.RecordError) as caught:
        kf.explain(checked, record).matches  # noqa: B018
    assert caught.value.field == expected.value.field == field
    assert caught.value.type == expected.value.type


def test_what_is_the_servers_own_is_not_shown() -> None:
    own = kf.Endpoint("tenants", {"tenant": "string"}).parse("tenant = 't-1'")
    checked = own & PROJECTS.parse("budget > 1000")
    record = RECORD | {"tenant": "t-1"}
    assert (
        str(kf.explain(checked, record))
        == "✗ all of these parts\n  ✓ a part that is not shown\n  ✗ a part that is not shown"
    )
    drawn = str(kf.explain(checked, record, endpoint=PROJECTS))
    assert drawn == "✗ all of these parts\n  ✓ a part that is not shown\n  ✗ budget > 1000  (found 500)"
    scope = kf.types.Scope({"all": kf.EVERYTHING, "secret": kf.field("level") > 3})
    endpoint = kf.Endpoint("e", {"level": "number", "view": scope})
    explanation = kf.explain(endpoint.parse("view = 'secret'"), {"level": 5})
    assert str(explanation) == '✓ view = "secret"'
    assert explanation.parts == ()


def test_an_explanation_is_plain_data() -> None:
    told = explained("budget > 1000 and tasks any (hours > 5)").to_dict()
    assert json.loads(json.dumps(told)) == {
        "matches": False,
        "filter": "budget > 1000 and tasks any (hours > 5)",
        "parts": [
            {"matches": False, "filter": "budget > 1000", "field": "budget", "found": 500},
            {
                "matches": True,
                "filter": "tasks any (hours > 5)",
                "field": "tasks",
                "found": 2,
                "deciding": [1],
                "parts": [
                    {"matches": False, "filter": "hours > 5", "field": "tasks.hours", "found": 2},
                    {"matches": True, "filter": "hours > 5", "field": "tasks.hours", "found": 9},
                ],
            },
        ],
    }
    assert explained("due = today", {"due": "never"}).to_dict()["matches"] is None


def test_objects_are_read_by_their_attributes() -> None:
    @dataclass
    class Project:
        title: str
        tasks: list[Any]

    drawn = explained("tasks any (hours > 1)", Project("a", [{"hours": 2}]), access="attribute")
    assert drawn.matches
    assert drawn.parts[0].found == 2


def test_explanations_are_values() -> None:
    explanation = explained("budget > 5 and tasks any (hours > 5)")
    assert explanation == explained("budget > 5 and tasks any (hours > 5)")
    assert copy.copy(explanation) == pickle.loads(pickle.dumps(explanation)) == explanation
    assert repr(explanation) == "<Explanation: ✓>"


def test_only_checked_filters_are_explained() -> None:
    with pytest.raises(TypeError, match="check it"):
        kf.explain(kf.field("budget") > 5, {})  # type: ignore[arg-type]
    with pytest.raises(kf.ContextError):
        kf.explain(PROJECTS.parse("owner.id = me.id"), {})


def test_an_explanation_agrees_with_the_predicate() -> None:
    for seed in range(150):
        choose = random.Random(seed)
        checked, _ = pair(choose)
        matches = kf.compile_predicate(checked, CONTEXT)
        for record in choose.choices([*records(checked)], k=4):
            assert kf.explain(checked, record, CONTEXT).matches is matches(record)
