"""Values of NumPy and pandas in records and in filters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import kanbert_filter as kf
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.context import Context
from kanbert_filter.errors import RecordError
from tests import reference_meaning
from tests.backends.test_predicate import CHECKED, CONTEXTS, PROJECTS

numpy = pytest.importorskip("numpy", reason="NumPy is not installed")
pandas = pytest.importorskip("pandas", reason="pandas is not installed")

NUMBERS = [
    *(numpy.float16(0.3), numpy.float32(0.1), numpy.float32(-0.5), numpy.float64(0.3), numpy.longdouble("0.1")),
    *(numpy.int8(7), numpy.uint64(2**64 - 1), numpy.int64(1000), numpy.int32(0)),
]
BOOLEANS = [numpy.True_, numpy.False_]


@pytest.mark.parametrize("value", [*NUMBERS, *BOOLEANS], ids=repr)
def test_a_filter_is_built_with_numpys_values_as_with_what_they_show(value: Any) -> None:
    shown = str(value).lower()
    assert kf.field("f").eq(value) == kf.parse_dsl(f"f = {shown}")
    assert kf.field("f").in_(numpy.array([value])) == kf.parse_dsl(f"f in [{shown}]")


@pytest.mark.parametrize("value", [numpy.float32("nan"), numpy.longdouble("inf"), pandas.NaT])
def test_a_filter_is_not_built_with_what_is_not_there(value: Any) -> None:
    with pytest.raises(kf.FilterSyntaxError):
        kf.field("f") == value


def test_a_filters_day_moves_by_numpys_integers() -> None:
    assert kf.TODAY + numpy.int64(5) == kf.TODAY - numpy.int8(-5) == kf.TODAY + 5
    assert kf.TODAY - numpy.int8(-128) == kf.TODAY + 128


@settings(max_examples=100)
@given(CHECKED, CONTEXTS, st.sampled_from(NUMBERS), st.sampled_from(BOOLEANS), st.sampled_from([*NUMBERS, *BOOLEANS]))
def test_a_predicate_reads_numpys_values_as_the_naive_evaluator_does(
    checked: CheckedFilter, context: Context, number: Any, boolean: Any, custom: Any
) -> None:
    record = {"budget": number, "price": number, "done": boolean, "custom_field": {"x": custom}}
    record["tasks"] = [{"hours": number, "custom": {"x": custom}, "subtasks": [{"done": boolean}]}]
    assert compile_predicate(checked, context)(record) is reference_meaning.evaluate(checked, record, context)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("budget = 0.1", numpy.float32(0.1)),
        ("budget <= 0.1", numpy.float32(0.1)),
        ("budget = 0.3", numpy.float16(0.3)),
        ("budget < 0.1", numpy.float64(0.05)),
        ("budget = 7", numpy.int64(7)),
        ("budget = 18446744073709551615", numpy.uint64(2**64 - 1)),
        ("price endswith '.1'", numpy.float32(0.1)),
        ("done = true", numpy.True_),
        ("done != true", numpy.False_),
        ("owner.id = 7", numpy.int32(7)),
        ("custom_field.x = 0.1", numpy.float32(0.1)),
        ("custom_field.x = true", numpy.True_),
        ("custom_field.x != 1", numpy.True_),
        ("custom_field.x in [1, 2]", numpy.uint8(2)),
        ("title = 'a'", numpy.str_("a")),
    ],
)
def test_numbers_and_booleans_of_numpy_are_numbers_and_booleans(text: str, value: object) -> None:
    checked = PROJECTS.parse(text)
    name = text.split()[0].replace("owner.id", "owner_id")
    record: Any = {"custom_field": {"x": value}} if "." in name else {name: value}
    assert compile_predicate(checked)(record) is True
    assert reference_meaning.evaluate(checked, record, Context())


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("created_at > today", {"created_at": pandas.NaT}),
        ("due > today", {"due": pandas.NaT}),
        ("budget > 5", {"budget": numpy.True_}),
        ("budget > 5", {"budget": numpy.float32("nan")}),
        ("done = true", {"done": numpy.int8(1)}),
        ("owner.id = 7", {"owner_id": numpy.True_}),
        ("owner.id = 7", {"owner_id": numpy.float64(7)}),
    ],
)
def test_what_is_no_value_of_its_type_is_an_error(text: str, record: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        compile_predicate(PROJECTS.parse(text))(record)


def test_what_libraries_know_beyond_microseconds_is_cut_off() -> None:
    stored = pandas.Timestamp("2024-05-01T22:00:00.123456789Z")
    assert compile_predicate(PROJECTS.parse("created_at = '2024-05-01T22:00:00.123456Z'"))({"created_at": stored})
    assert compile_predicate(PROJECTS.parse("due = '2024-05-01'"))({"due": stored.tz_localize(None)})
