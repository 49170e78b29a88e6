"""One fault has one sentence, whoever meets it: the readers of DSL, JSON and forms, the builder or the check."""

from collections.abc import Callable
from typing import Any

import pytest

import kanbert_filter as kf

LIFTED = {name: getattr(kf.Limits.lifted(), name) for name in kf.Limits.__slots__}


def form(data: Any, key: str = "filter") -> list[tuple[str, str]]:
    """JSON's shape as the pairs of a form."""
    if isinstance(data, (dict, list)):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        return [pair for label, item in items for pair in form(item, f"{key}[{label}]")]
    return [(key, str(data))]


def condition(field: str = "a", op: str = "eq", value: Any = 1) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def limited(**limits: int) -> kf.Limits:
    return kf.Limits(**LIFTED | limits)


TWO = [condition(), condition()]
LIST = condition(op="in", value=[1, 2])
RELATIONS = condition("t", "any", condition("u", "any", condition()))
LONG = condition("text", value="long")
NESTED = {"or": [condition(), {"and": [condition(), condition()]}]}

Refused = Callable[[], object]
ENDPOINT = kf.Endpoint(
    "e", {"a": "number", "text": "string", "day": "date", "t": {"a": "number", "u": {"a": "number"}}}
)


def check(data: Any, **limits: int) -> object:
    """The check of a filter that was read without limits."""
    return ENDPOINT.check(kf.parse_json(data, limits=limited()), limits=limited(**limits))


def check_form(data: Any, **limits: int) -> object:
    """The check of untyped text."""
    return ENDPOINT.check(kf.parse_form(form(data), limits=limited()), limits=limited(**limits))


FAULTS: dict[str, tuple[str, dict[str, Refused]]] = {
    "text_too_long": (
        "Found a filter of more than 3 bytes, expected at most 3; shorten it",
        {
            "DSL": lambda: kf.parse_dsl("a = 1", limits=limited(max_text_length=3)),
            "JSON": lambda: kf.parse_json("[   ]", limits=limited(max_text_length=3)),
            "bytes": lambda: kf.parse_json(b"[\xff\xff]", limits=limited(max_text_length=3)),
            "form": lambda: kf.parse_form(form(LONG), limits=limited(max_text_length=3)),
        },
    ),
    "too_deep": (
        "Found a filter nested more than 1 level deep, expected at most 1; flatten its groups",
        {
            "DSL": lambda: kf.parse_dsl("a = 1 or b = 1 and c = 1", limits=limited(max_depth=1)),
            "JSON": lambda: kf.parse_json(NESTED, limits=limited(max_depth=1)),
            "form": lambda: kf.parse_form(form(NESTED), limits=limited(max_depth=1)),
            "check": lambda: check(NESTED, max_depth=1),
        },
    ),
    "too_many_conditions": (
        "Found more than 1 condition, expected at most 1; use 'in' to compare with many values",
        {
            "DSL": lambda: kf.parse_dsl("a = 1 and b = 1", limits=limited(max_conditions=1)),
            "JSON": lambda: kf.parse_json(TWO, limits=limited(max_conditions=1)),
            "form": lambda: kf.parse_form(form(TWO), limits=limited(max_conditions=1)),
            "check": lambda: check(TWO, max_conditions=1),
        },
    ),
    "list_too_long": (
        "Found a list of more than 1 value, expected at most 1",
        {
            "DSL": lambda: kf.parse_dsl("a in [1, 2]", limits=limited(max_list_values=1)),
            "JSON": lambda: kf.parse_json(LIST, limits=limited(max_list_values=1)),
            "form": lambda: kf.parse_form(form(LIST), limits=limited(max_list_values=1)),
            "check": lambda: check(LIST, max_list_values=1),
        },
    ),
    "too_many_values": (
        "Found more than 1 value in all, expected at most 1",
        {
            "DSL": lambda: kf.parse_dsl("a = 1 and b = 1", limits=limited(max_values=1)),
            "JSON": lambda: kf.parse_json(TWO, limits=limited(max_values=1)),
            "form": lambda: kf.parse_form(form(TWO), limits=limited(max_values=1)),
            "check": lambda: check(TWO, max_values=1),
        },
    ),
    "relations_too_deep": (
        "Found relations nested more than 1 level deep, expected at most 1",
        {
            "DSL": lambda: kf.parse_dsl("t any (u any (a = 1))", limits=limited(max_relation_depth=1)),
            "JSON": lambda: kf.parse_json(RELATIONS, limits=limited(max_relation_depth=1)),
            "form": lambda: kf.parse_form(form(RELATIONS), limits=limited(max_relation_depth=1)),
            "check": lambda: check(RELATIONS, max_relation_depth=1),
        },
    ),
    "string_too_long": (
        "Found a text of more than 3 characters, expected at most 3; shorten it",
        {
            "DSL": lambda: kf.parse_dsl("a = 'long'", limits=limited(max_string_length=3)),
            "JSON": lambda: kf.parse_json(LONG, limits=limited(max_string_length=3)),
            "form": lambda: kf.parse_form(form(LONG), limits=limited(max_string_length=3)),
        },
    ),
    "number of too many digits": (
        "Found a number of more than 1 digit, expected at most 1",
        {
            "DSL": lambda: kf.parse_dsl("a = 12", limits=limited(max_number_digits=1)),
            "JSON": lambda: kf.parse_json(
                '[{"field": "a", "op": "eq", "value": 12}]', limits=limited(max_number_digits=1)
            ),
            "data": lambda: kf.parse_json(condition(value=10**50), limits=limited(max_number_digits=1)),
            "check": lambda: check_form(condition(value="12"), max_number_digits=1),
        },
    ),
    "number of too great an exponent": (
        "Found a number with the exponent 65, expected an exponent within ±64",
        {
            "DSL": lambda: kf.parse_dsl("a = 1e65"),
            "JSON": lambda: kf.parse_json('[{"field": "a", "op": "eq", "value": 1e65}]'),
            "data": lambda: kf.parse_json(condition(value=1e65)),
            "check": lambda: check_form(condition(value="1e65"), max_exponent=64),
        },
    ),
    "an offset of too many days": (
        "Found an offset of more than 9 days, expected at most 9; write a date",
        {
            "DSL": lambda: kf.parse_dsl("day = today+10d", limits=limited(max_day_offset=9)),
            "check": lambda: check(condition("day", value="today+10d"), max_day_offset=9),
            "check of a form": lambda: check_form(condition("day", value="today-10d"), max_day_offset=9),
        },
    ),
    "no finite number": (
        "Found 'NaN', expected a finite number",
        {
            "JSON": lambda: kf.parse_json('[{"field": "a", "op": "eq", "value": NaN}]'),
        },
    ),
    "half of a surrogate pair": (
        r"Found half of a surrogate pair in '\ud800', expected Unicode text; send both halves or leave it out",
        {
            "DSL": lambda: kf.parse_dsl("a = '\ud800'"),
            "JSON": lambda: kf.parse_json('[{"field": "a", "op": "eq", "value": "\\ud800"}]'),
            "data": lambda: kf.parse_json(condition(value="\ud800")),
            "form": lambda: kf.parse_form(form(condition(value="\ud800"))),
            "builder": lambda: kf.field("a") == "\ud800",
            "untyped": lambda: kf.UntypedText("\ud800"),
        },
    ),
    "not UTF-8": (
        "Found the byte 0xFF, which is not UTF-8; encode the text as UTF-8",
        {
            "bytes": lambda: kf.parse(b"a = '\xff'"),
            "JSON": lambda: kf.parse_json(b'[{"field": "a", "op": "eq", "value": "\xff"}]'),
            "query": lambda: kf.parse_query("filter=a+%3D+'%FF'"),
        },
    ),
    "no filter after all": (
        "Found nothing after 'all', expected a filter that every related record is to match",
        {
            "JSON": lambda: kf.parse_json({"field": "t", "op": "all"}),
            "form": lambda: kf.parse_form(form({"field": "t", "op": "all"})),
            "builder": lambda: kf.RelationTest("t", "all"),
        },
    ),
    "empty group": (
        "Found an empty group, expected at least one condition in it; leave the group out",
        {
            "JSON": lambda: kf.parse_json([[]]),
            "builder": lambda: kf.And([]),
        },
    ),
}


@pytest.mark.parametrize(
    ("sentence", "read"),
    [
        pytest.param(sentence, read, id=f"{fault}: {reader}")
        for fault, (sentence, readers) in FAULTS.items()
        for reader, read in readers.items()
    ],
)
def test_one_fault_has_one_sentence(sentence: str, read: Refused) -> None:
    with pytest.raises(kf.FilterError) as caught:
        read()
    assert sentence in [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize("text", ["((a = 1))", "a = 1 or b = 1 and c = 1", "t any (u any)"])
def test_each_way_to_nest_has_that_sentence(text: str) -> None:
    with pytest.raises(kf.FilterSyntaxError, match="nested more than 1 level deep"):
        kf.parse_dsl(text, limits=limited(max_depth=1, max_relation_depth=9))


def test_numbers_agree_with_their_nouns() -> None:
    for most, found in ((1, "more than 1 condition,"), (2, "more than 2 conditions,")):
        with pytest.raises(kf.FilterError, match=found):
            kf.parse_json([condition()] * 3, limits=kf.Limits(max_conditions=most))
