"""The tree: in which no wrong filter can be built, and nothing changes."""

import copy
import enum
import pickle
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import kanbert_filter as kf
from kanbert_filter.nodes import Group
from tests.corpora import cases

A, B, C = (kf.Comparison(name, "eq", 1) for name in "abc")

lib: Any = kf
a: Any = A


class Status(enum.Enum):
    ACTIVE = "ACTIVE"
    LEVEL = 3


class Nowhere(tzinfo):
    """A zone that does not know where it is, and leaves a wall time."""

    def utcoffset(self, dt: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


@pytest.mark.parametrize(
    ("operand", "value"),
    [
        ("text", "text"),
        (5, 5),
        (2.50, Decimal("2.5")),
        (Decimal("10.00"), 10),
        (10**70, Decimal(10**70)),
        (True, True),
        (date(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 12, 30), "2024-01-31T12:30:00"),
        (datetime(2024, 1, 31, 12, 30, 0, 500, tzinfo=UTC), "2024-01-31T12:30:00.0005Z"),
        (datetime(2024, 1, 31, 12, 30, tzinfo=timezone(timedelta(hours=2))), "2024-01-31T10:30:00Z"),
        (datetime(2024, 1, 31, 12, 30, tzinfo=Nowhere()), "2024-01-31T12:30:00"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Status.ACTIVE, "ACTIVE"),
        (Status.LEVEL, 3),
        (kf.TODAY, kf.TODAY),
    ],
)
def test_python_values_become_what_the_language_writes(operand: object, value: object) -> None:
    node = kf.field("f") == operand
    assert node.value == value
    assert type(node.value) is type(value)
    assert kf.field("f").in_([operand]).values == (value,)


class Name(str, enum.Enum):  # noqa: UP042 - a StrEnum prints as what it holds
    TITLE = "title"


class Twofold(str):
    """A text that prints as another."""

    def __str__(self) -> str:
        return "not a name; at all"


@pytest.mark.parametrize("text", [Name.TITLE, Twofold("title")], ids=["member", "subclass"])
def test_a_subclass_of_str_is_the_text_it_holds(text: str) -> None:
    made = [
        (kf.field(text) == text),
        kf.Comparison(text, Twofold("eq"), text),
        *kf.walk(kf.rename_fields(kf.field("x") == "title", {"x": text})),
    ]
    for comparison in made:
        assert comparison == kf.Comparison("title", "eq", "title")
        assert isinstance(comparison, kf.Comparison)
        assert {type(comparison.field), type(comparison.operator), type(comparison.value)} == {str}
    untyped = kf.UntypedText(text)
    assert (str(untyped), type(untyped.text)) == ("title", str)
    assert kf.Context(me=text).me == "title"
    [name] = kf.Endpoint("e", {text: "string"})
    assert (name, type(name)) == ("title", str)
    assert str(kf.Special(Twofold("now"))) == "now"
    assert "'title'" in str(kf.RecordError("f", "number", text))


@pytest.mark.parametrize(
    ("operand", "code"),
    [
        (float("nan"), "invalid_number"),
        (Decimal("-Infinity"), "invalid_number"),
        ("half \ud800", "invalid_encoding"),
        (None, "null_comparison"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), "invalid_timestamp"),
    ],
)
def test_what_no_notation_can_carry_is_refused(operand: object, code: str) -> None:
    with pytest.raises(kf.FilterSyntaxError) as caught:
        kf.Comparison("f", "eq", operand)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_comparing_with_none_names_the_null_checks() -> None:
    with pytest.raises(kf.FilterError, match=r"is_null\(\)"):
        kf.field("f") == None
    with pytest.raises(kf.FilterError, match=r"is_not_null\(\)"):
        kf.field("f") != None


def test_a_wrong_filter_cannot_be_built() -> None:
    wrong: list[Callable[[], Any]] = [
        lambda: lib.Comparison("f", "in", 1),
        lambda: lib.Comparison("f", "==", 1),
        lambda: lib.Comparison("f", 7, 1),
        lambda: lib.Comparison("", "eq", 1),
        lambda: lib.Comparison("a b", "eq", 1),
        lambda: lib.Comparison("a\n", "eq", 1),
        lambda: lib.field("1a"),
        lambda: lib.field("a..b"),
        lambda: lib.Membership("f", "in", [None]),
        lambda: lib.Membership("f", "eq", [1]),
        lambda: lib.NullCheck("f", "null"),
        lambda: lib.RelationTest("f", "all"),
        lambda: lib.RelationTest("a = 'x' or tasks", "any"),
        lambda: lib.RelationTest("f", "any", kf.EVERYTHING),
        lambda: lib.And([]),
        lambda: lib.Or([a, kf.EVERYTHING]),
        lambda: lib.Special("tomorrow"),
        lambda: lib.Special("now", 3),
    ]
    for build in wrong:
        with pytest.raises(kf.FilterSyntaxError):
            build()


def test_what_is_no_filter_at_all_is_a_type_error() -> None:
    wrong: list[Callable[[], Any]] = [
        lambda: lib.Comparison("f", "eq", object()),
        lambda: lib.Comparison("f", "eq", [1]),
        lambda: lib.Comparison(5, "eq", 1),
        lambda: lib.Membership("f", "in", "text"),
        lambda: lib.RelationTest("f", "any", "a = 1"),
        lambda: lib.RelationTest("f", "any", None, True),
        lambda: lib.And([a, "b = 1"]),
        lambda: a & "b = 1",
        lambda: a | True,
        lambda: lib.TODAY + timedelta(hours=5),
        lambda: lib.TODAY + 1.5,
        lambda: lib.NOW + 1,
        lambda: lib.UntypedText(5),
        lambda: Group([a, B]),
        lambda: lib.Special("today", 1.5),
        lambda: lib.Special("today", True),
        lambda: lib.Special(5),
        lambda: lib.field(None),
    ]
    for build in wrong:
        with pytest.raises(TypeError):
            build()


@pytest.mark.parametrize("write", [kf.to_dsl, kf.to_json, kf.to_json_text, kf.to_form, kf.to_query])
def test_only_filters_are_written(write: Any) -> None:
    for other in (5, None, "a = 1", [A]):
        with pytest.raises(TypeError, match="expected a filter, not"):
            write(other)


def test_aliases_are_one_operator() -> None:
    assert kf.Comparison("f", "NEQ", 1) == kf.Comparison("f", "ne", 1)
    assert kf.Comparison("f", "le", 1) == kf.Comparison("f", "lte", 1)
    assert kf.Membership("f", "notin", [1]) == kf.Membership("f", "nin", [1])
    assert kf.NullCheck("f", "notnull") == kf.NullCheck("f", "isnotnull")


def test_groups_are_flat_and_a_group_of_one_is_its_item() -> None:
    assert kf.And([A]) == A
    assert kf.And([kf.And([A, B]), C]) == kf.And([A, B, C]) == A & B & C == A & (B & C)
    assert kf.Or([A, B, C]) == (A | B) | C
    assert kf.Or([A & B, C]) != kf.Or([A, B, C])
    assert kf.And([A, A]) != A
    assert A & B != B & A


def test_everything_is_neutral_and_stands_alone() -> None:
    assert A & kf.EVERYTHING == kf.EVERYTHING & A == A
    assert A | kf.EVERYTHING == kf.EVERYTHING | A == kf.EVERYTHING
    assert pickle.loads(pickle.dumps(kf.EVERYTHING)) is kf.EVERYTHING
    assert repr(kf.EVERYTHING) == "EVERYTHING"
    assert kf.EVERYTHING.depth == 1
    assert kf.Everything() is kf.EVERYTHING


def test_numbers_are_equal_by_value_and_booleans_are_no_numbers() -> None:
    assert kf.Comparison("f", "eq", 1.0) == kf.Comparison("f", "eq", 1)
    assert hash(kf.Comparison("f", "eq", Decimal("1.50"))) == hash(kf.Comparison("f", "eq", 1.5))
    assert kf.Comparison("f", "eq", True) != kf.Comparison("f", "eq", 1)
    assert kf.Membership("f", "in", [True]) != kf.Membership("f", "in", [1])
    assert kf.Comparison("f", "eq", "today") != kf.Comparison("f", "eq", kf.TODAY)
    assert kf.Comparison("f", "eq", "5") != kf.Comparison("f", "eq", kf.UntypedText("5"))
    assert kf.Comparison("f", "eq", 1) != "f = 1"


@pytest.mark.parametrize(
    "node",
    [A, kf.Membership("a", "in", [1]), kf.NullCheck("a", "isnull"), kf.RelationTest("a", "any")],
    ids=lambda node: type(node).__name__,
)
def test_what_the_constructor_refuses_does_not_come_in_through_a_pickle(node: kf.Filter) -> None:
    """Pickles hold what the constructor takes, so that one that was changed is checked like anything else."""
    assert node.__reduce__() == (type(node), node._arguments())
    forged = pickle.dumps(Forged((type(node), ("a = 'x' or tasks", *node._arguments()[1:]))))
    with pytest.raises(kf.FilterSyntaxError, match="is not a field name"):
        pickle.loads(forged)
    for state in ({"field": "a b"}, (None, {"field": "a b"})):
        with pytest.raises((AttributeError, TypeError)):
            pickle.loads(pickle.dumps(Forged((object.__new__, (type(node),), state))))


class Forged:
    """Something whose pickle is what it is told to be."""

    def __init__(self, reduced: tuple[Any, ...]) -> None:
        self.reduced = reduced

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


def test_what_never_changes_is_its_own_copy() -> None:
    endpoint = kf.Endpoint("e", {"a": "number", "t": {"a": "number"}})
    values: list[Any] = [A, A & B, kf.RelationTest("t", "any", A), kf.EVERYTHING, kf.TODAY, kf.Limits(), kf.Context()]
    for value in (*values, endpoint, endpoint["t"], endpoint.check(A), kf.UntypedText("x"), kf.Problem("too_deep", "")):
        assert copy.copy(value) is value
        assert copy.deepcopy(value) is value
        assert copy.deepcopy([value]) == [value]


def test_nodes_do_not_change() -> None:
    nodes: list[Any] = [A, A & B, kf.RelationTest("t", "any"), kf.TODAY, kf.Limits(), kf.Context()]
    for node in nodes:
        with pytest.raises(AttributeError, match="cannot be changed"):
            node.field = "b"
        with pytest.raises(AttributeError, match="cannot be changed"):
            del node.depth
        assert not hasattr(node, "__dict__")


def test_a_filter_has_no_truth_value() -> None:
    for filter in (A, A & B, kf.EVERYTHING):
        with pytest.raises(TypeError, match="combine filters with &"):
            bool(filter)
    with pytest.raises(TypeError):
        1 < kf.field("a") < 5


@pytest.mark.parametrize(("expression", "message"), cases("builder_errors.txt"))
def test_says_what_to_write_instead(expression: str, message: str) -> None:
    endpoint = kf.Endpoint("e", {"a": "number"})
    specials = {"NOW": kf.NOW, "SOW": kf.SOW, "TODAY": kf.TODAY, "timedelta": timedelta}
    with pytest.raises(TypeError, match=re.escape(message)):
        eval(
            expression, {"kf": kf, "field": kf.field, "f": A, "g": B, "c": endpoint.check(A), "e": endpoint} | specials
        )


def test_the_builder_says_everything_the_language_says() -> None:
    f = kf.field("f")
    for built, text in {
        f.eq(1): "f = 1",
        f.ne(1): "f != 1",
        f != 1: "f != 1",
        f < 1: "f < 1",
        f <= 1: "f <= 1",
        f > 1: "f > 1",
        f >= 1: "f >= 1",
        f.contains("x"): 'f contains "x"',
        f.like("x%"): 'f like "x%"',
        f.startswith("x"): 'f startsWith "x"',
        f.endswith("x"): 'f endsWith "x"',
        f.in_(x for x in (1, 2)): "f in [1, 2]",
        f.not_in([]): "f nin []",
        f.is_null(): "f is null",
        f.is_not_null(): "f is not null",
        f.any(): "f any",
        f.any(A | B): "f any (a = 1 or b = 1)",
        f.none(): "f none",
        f.none(A): "f none (a = 1)",
        f.all(A): "f all (a = 1)",
        f.count() >= 3: "f.count >= 3",
        f < kf.TODAY + timedelta(days=5): "f < today+5d",
        f == kf.ME: "f = me.id",
        (A | B) & C: "(a = 1 or b = 1) and c = 1",
    }.items():
        assert kf.to_dsl(built) == text
        assert kf.parse_dsl(text) == built
    assert repr(f) == "field('f')"
    equal = [f == 1, f.eq(1), f != 1, f.ne(1)]
    assert list(map(kf.to_dsl, equal)) == ["f = 1", "f = 1", "f != 1", "f != 1"]


def test_specials_add_days() -> None:
    assert str(kf.TODAY + 5 - 7) == "today-2d"
    assert kf.TODAY + 1 - 1 == kf.TODAY
    assert 5 + kf.TODAY == timedelta(days=5) + kf.TODAY == kf.TODAY + 5
    assert repr(kf.TODAY - timedelta(days=1)) == "Special('today-1d')"


def test_repr_can_be_read() -> None:
    filter = A & kf.field("t").any(kf.field("due") < kf.TODAY)
    assert repr(filter) == (
        "And((Comparison('a', 'eq', 1), RelationTest('t', 'any', Comparison('due', 'lt', Special('today')))))"
    )
