"""The predicate on the dataset that all back ends share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kanbert_filter.backends.predicate import compile_predicate
from tests.matches import PROJECTS, Case, cases, dataset

CASES = cases()


def as_objects(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {name: part if name == "custom_field" else as_objects(part) for name, part in value.items()}
        return SimpleNamespace(**parts)
    return [as_objects(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=str)
def test_mappings(case: Case) -> None:
    records = dataset()
    for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
        matches = compile_predicate(PROJECTS.parse(text), case.context)
        assert tuple(record["id"] for record in matches.select(records)) == ids, text
        assert tuple(record["id"] for record in records if matches(record)) == ids, text


@pytest.mark.parametrize("case", CASES, ids=str)
def test_objects(case: Case) -> None:
    records = [as_objects(record) for record in dataset()]
    for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
        matches = compile_predicate(PROJECTS.parse(text), case.context, access="attribute")
        assert tuple(record.id for record in matches.select(records)) == ids, text


def test_each_case_differs_from_its_lookalike() -> None:
    assert [str(case) for case in CASES if case.ids == case.lookalike_ids] == []


def test_the_corpus_covers_every_type_and_operator() -> None:
    text = " ".join(part for case in CASES for part in (case.filter, case.lookalike))
    operators = ("=", "!=", "<", "<=", ">", ">=", "contains", "like", "startsWith", "endsWith", "in", "nin")
    checks = ("is null", "is not null", "any", "none", "all", "now", "today", "sow", "eow", "som", "eom", "me.id")
    assert [word for word in (*operators, *checks) if f" {word}" not in text] == []
    assert [name for name in PROJECTS if name.replace(".*", ".") not in text] == []
