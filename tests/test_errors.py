"""Errors as people see them and as programs do."""

import json
import pickle
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import combining, east_asian_width

import pytest
from hypothesis import given, strategies as st

import kanbert_filter as kf
from kanbert_filter.errors import FormLocation, JsonLocation, Problems, TextLocation, printable, quoted
from kanbert_filter.operators import OPERATORS, operator

ROOT = Path(__file__).parents[1]
ENDPOINT = kf.Endpoint("projects", {"budget": "number", "title": "string", "members": {"first_name": "string"}})


def test_the_body_is_the_documented_one() -> None:
    with pytest.raises(kf.FilterError) as caught:
        ENDPOINT.parse("budget contains 'x'")
    assert caught.value.response_body() == {
        "message": "Invalid filter",
        "errors": [{"field": "budget", "issue": "Operator 'contains' is not allowed for type 'number'"}],
    }


def test_the_body_has_no_field_where_none_is_at_fault() -> None:
    with pytest.raises(kf.FilterError) as caught:
        ENDPOINT.parse("budget = ")
    assert caught.value.response_body()["errors"] == [{"field": None, "issue": caught.value.problems[0].message}]


@pytest.mark.parametrize(
    ("parse", "source", "place"),
    [
        (ENDPOINT.parse, "budget = 1 and\n titel = 'x'", {"line": 2, "column": 2}),
        (ENDPOINT.parse, '[{"field": "titel", "op": "eq", "value": "x"}]', {"pointer": "/0/field"}),
        (ENDPOINT.parse, {"field": "titel", "op": "isnull"}, {"pointer": "/field"}),
        (ENDPOINT.parse_query, "filter[field]=titel&filter[op]=isnull", {"key": "filter[field]"}),
        (ENDPOINT.check, kf.field("titel").is_null(), {}),
    ],
)
def test_a_detailed_body_says_all_there_is(parse: Any, source: object, place: dict[str, object]) -> None:
    with pytest.raises(kf.FilterError) as caught:
        parse(source)
    documented = {"field": "titel", "issue": "Unknown field 'titel'. Did you mean 'title'?"}
    details = {"code": "unknown_field", **place, "suggestions": ["title"]}
    assert caught.value.response_body() == {"message": "Invalid filter", "errors": [documented]}
    assert caught.value.response_body(detailed=True) == {"message": "Invalid filter", "errors": [documented | details]}
    json.dumps(caught.value.response_body(detailed=True))


def test_every_problem_is_told_with_its_place_in_source_order() -> None:
    with pytest.raises(kf.FilterCheckError) as caught:
        ENDPOINT.parse("titel = 'x' and budget > 'much' and members any (first_nam = 'Neil')")
    assert str(caught.value) == "\n".join(
        [
            "Unknown field 'titel'. Did you mean 'title'?",
            "  titel = 'x' and budget > 'much' and members any (first_nam = 'Neil')",
            "  ^^^^^",
            "budget: Found the text 'much', expected a number",
            "  titel = 'x' and budget > 'much' and members any (first_nam = 'Neil')",
            "                           ^^^^^^",
            "Unknown field 'members.first_nam'. Did you mean 'members.first_name'?",
            "  titel = 'x' and budget > 'much' and members any (first_nam = 'Neil')",
            "                                                   ^^^^^^^^^",
        ]
    )
    assert [problem.field for problem in caught.value.problems] == ["titel", "budget", "members.first_nam"]
    assert caught.value.problems[0].suggestions == ("title",)


def test_a_problem_names_its_field_also_where_a_value_equals_its_name() -> None:
    for text in ("budget = 'budget'", "budget != 'x'", "budget contains 'x'"):
        with pytest.raises(kf.FilterCheckError) as caught:
            ENDPOINT.parse(text)
        assert str(caught.value).startswith("budget: ")
    limited = kf.Endpoint("projects", {"budget": "number; eq"})
    with pytest.raises(kf.FilterCheckError) as caught:
        limited.parse("budget != 5")
    assert str(caught.value).startswith("Operator 'ne' is not allowed for field 'budget'\n")


def test_problems_past_the_limit_are_told_as_one() -> None:
    with pytest.raises(kf.FilterCheckError) as caught:
        ENDPOINT.parse(" or ".join(["budget = 'x'"] * 30))
    assert [problem.code for problem in caught.value.problems] == ["invalid_value"] * 20 + ["truncated"]
    with pytest.raises(kf.FilterCheckError) as caught:
        ENDPOINT.parse(" or ".join(["budget = 'x'"] * 3), limits=kf.Limits(max_problems=3))
    assert len(caught.value.problems) == 3
    collected = Problems(1)
    collected.raise_if_any(kf.FilterCheckError)


@pytest.mark.parametrize("text", ['a = "\\\x1b"', "a = 5x\x1b[31m", "a = " + "x" * 5000, "a = 2024-01-01" + "0" * 5000])
def test_messages_escape_and_shorten_what_they_show(text: str) -> None:
    with pytest.raises(kf.FilterSyntaxError) as caught:
        kf.parse(text)
    shown = str(caught.value) + caught.value.problems[0].message
    assert shown.replace("\n", "").isprintable()
    assert len(shown) < 700


def test_errors_survive_pickling() -> None:
    with pytest.raises(kf.FilterError) as caught:
        ENDPOINT.parse('[{"field": "budget", "op": "eq", "value": "x"}]')
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems
    assert str(again) == str(caught.value)
    record_error = kf.RecordError("tasks.hours", "number", "x")
    assert str(pickle.loads(pickle.dumps(record_error))) == str(record_error)


def test_a_filter_error_is_a_value_error_and_the_others_are_not_the_clients_fault() -> None:
    assert issubclass(kf.FilterError, ValueError)
    for child in (kf.FilterSyntaxError, kf.FilterCheckError, kf.UnsupportedFilterError):
        assert issubclass(child, kf.FilterError)
    for other in (kf.ContextError, kf.RecordError):
        assert not issubclass(other, kf.FilterError)


def test_excerpts_escape_and_cut() -> None:
    assert TextLocation("a\x1b[31m\x00b ==", 9, 11).excerpt() == "  a\\x1b[31m\\x00b ==\n" + " " * 17 + "^^"
    text = "a = 1 and " * 50
    lines = TextLocation(text, 250, 255).excerpt().splitlines()
    assert len(lines[0]) == 80
    assert lines[0].startswith("  …")
    assert lines[0].endswith("…")
    assert lines[0][lines[1].index("^") :][:5] == text[250:255]
    assert TextLocation("a" * 79, 1, 79).excerpt(80).splitlines()[0] == "  a" + "a" * 76 + "…"
    assert TextLocation("漢字 == 1", 3, 5).excerpt().splitlines()[1] == "       ^^"
    assert TextLocation("e\u0301 == 1", 3, 5).excerpt().splitlines()[1] == "    ^^"
    assert TextLocation("a =", 3, 3).excerpt() == "  a =\n     ^"
    assert TextLocation("a = 1\nb == 2\nc = 3", 8, 10).excerpt() == "  line 2: b == 2\n            ^^"
    assert (TextLocation("a\nb", 2, 3).line, TextLocation("a\nb", 2, 3).column) == (2, 1)
    assert repr(TextLocation("secret", 0, 6)) == "TextLocation(start=0, end=6)"
    assert len(JsonLocation("/0" * 1000, "x" * 1000).excerpt()) <= 80
    assert JsonLocation("", "5").excerpt() == "  at the top: 5"
    assert FormLocation("filter[0]", "").excerpt() == "  at filter[0]"
    assert FormLocation("filter[0]", "a\nb").excerpt() == "  at filter[0]: a\\nb"


def width(text: str) -> int:
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


@given(
    st.text(st.sampled_from("ab =\n\x1b漢\u0301'"), max_size=30), st.integers(0, 150), st.integers(0, 150), st.data()
)
def test_carets_point_at_every_width(middle: str, left: int, right: int, data: st.DataObject) -> None:
    text = "x" * left + middle + "y" * right
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    columns = data.draw(st.integers(40, 120))
    line, carets = TextLocation(text, start, end).excerpt(columns).split("\n")
    lead, place = re.fullmatch(r"(  (?:line [0-9]+: )?)(.*)", line).groups()  # type: ignore[union-attr]
    assert max(width(line), width(carets)) <= columns
    fault = printable(text[start:end].partition("\n")[0])
    pointed = [line[at:] for at in range(len(line) + 1) if width(line[:at]) == carets.index("^")]
    assert any(fault.startswith(found[:10].rstrip("…")) or found.startswith(fault) for found in pointed)
    whole = printable(text[text.rfind("\n", 0, start) + 1 :].partition("\n")[0])
    unseen = width(fault) == 0  # its caret takes a column nevertheless
    assert ("…" in place) is (width(whole) + unseen > columns - len(lead))
    assert ("\n" in text) is (lead != "  ")


def test_values_in_messages_are_quoted_and_abbreviated() -> None:
    assert quoted("a\ud800\n") == "'a\\ud800\\n'"
    assert len(quoted("x" * 10_000)) == 62
    assert quoted("x" * 60) == f"'{'x' * 60}'"


def test_integers_too_long_for_python_to_write_are_told_by_their_size() -> None:
    assert quoted(10**5000) == "'a number of 16610 bits'"
    error = kf.RecordError("f", "string", 10**5000)
    assert repr(error) == "RecordError('f', 'string', a value that cannot be shown)"
    assert "a value that cannot be shown (int)" in str(error)
    assert repr(kf.RecordError("f", "number", "x")) == "RecordError('f', 'number', 'x')"


def test_codes_are_a_closed_set() -> None:
    with pytest.raises(ValueError, match="not a problem code"):
        kf.Problem("surprise", "boo")


def test_record_errors_show_the_value_at_fault_and_no_other() -> None:
    class Rude(int):
        def __repr__(self) -> str:
            raise RuntimeError

    class Person:
        def __repr__(self) -> str:
            return "secret"

    for value, shown in {
        "much": "'much' (str)",
        b"much": "b'much' (bytes)",
        1.5: "1.5 (float)",
        Decimal("NaN"): "Decimal('NaN') (Decimal)",
        date(2024, 1, 31): "datetime.date(2024, 1, 31) (date)",
        Rude(5): "a value that cannot be shown (Rude)",
        Person(): "an object (Person)",
        ("secret",): "a list (tuple)",
    }.items():
        assert f"Field 'f' holds {shown}, expected" in str(kf.RecordError("f", "number", value))
    for held in ({"a": "secret"}, ["secret"], [{"a": "secret"}]):
        error = kf.RecordError("f", "number", held)
        assert "secret" not in str(error) + repr(error)
    assert str(kf.RecordError("budget", "number", "much")) == (
        "Field 'budget' holds 'much' (str), expected a value of type 'number' or null"
    )


def test_limits_are_values() -> None:
    defaults = re.findall(r"^\| `(max_\w+)` \| (\d+) \|", (ROOT / "docs/language.md").read_text("utf-8"), re.MULTILINE)
    assert {name: int(value) for name, value in defaults} == {n: getattr(kf.Limits(), n) for n in kf.Limits.__slots__}
    limits = kf.Limits(max_depth=50)
    assert pickle.loads(pickle.dumps(limits)) == limits
    assert hash(limits) != hash(kf.Limits())
    assert repr(limits) == "Limits(max_depth=50)"
    assert kf.Limits.lifted().max_depth == 100
    for wrong in (
        {"max_depth": 101},
        {"max_depth": 0},
        {"max_values": -1},
        {"max_values": True},
        {"max_values": "5"},
        {"max_day_offset": 10**9},
        {"max_exponent": 10**9 + 1},
    ):
        with pytest.raises(ValueError, match="expected"):
            kf.Limits(**wrong)
    assert kf.Limits(max_depth=100, max_day_offset=10**9 - 1, max_exponent=10**9).max_depth == 100


@pytest.mark.parametrize(
    "read",
    [
        lambda limits: kf.parse("title is null", limits=limits),
        lambda limits: kf.parse_form({"filter[field]": "title"}, limits=limits),
        lambda limits: kf.parse_query("", limits=limits),
        lambda limits: ENDPOINT.parse("title is null", limits=limits),
        lambda limits: ENDPOINT.check(kf.field("title").is_null(), limits=limits),
    ],
    ids=["parse", "parse_form", "parse_query", "Endpoint.parse", "Endpoint.check"],
)
@pytest.mark.parametrize("limits", [None, 5])
def test_limits_are_lifted_and_not_left_out(read: Callable[[Any], object], limits: Any) -> None:
    with pytest.raises(TypeError, match=r"expected Limits, not .*; pass Limits.lifted\(\) to lift them"):
        read(limits)


def test_operators_are_data() -> None:
    assert operator("NotNull") is OPERATORS["isnotnull"]
    assert pickle.loads(pickle.dumps(OPERATORS["gte"])) is OPERATORS["gte"]
    with pytest.raises(KeyError):
        operator(">=")
