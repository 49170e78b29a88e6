"""Forms: how brackets fold into filters, what stays untyped, what a form cannot say."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

import kanbert_filter as kf
from kanbert_filter.checked import CheckedFilter, Part
from kanbert_filter.errors import FilterError, FilterSyntaxError, FormLocation, UnsupportedFilterError
from kanbert_filter.limits import DEFAULT_LIMITS, Limits
from kanbert_filter.nodes import (
    EVERYTHING,
    And,
    Comparison,
    Everything,
    Filter,
    Membership,
    Node,
    NullCheck,
    Or,
    RelationTest,
    every_node,
)
from kanbert_filter.notations import form
from kanbert_filter.notations.form import parse_form, to_form
from kanbert_filter.notations.json import parse_json
from kanbert_filter.values import TODAY, UntypedText
from tests.corpora import cases
from tests.strategies import AWKWARD_TEXTS, filters, untyped

LIFTED = Limits.lifted()


def pairs_of(text: str) -> list[tuple[str, str]]:
    """The pairs of a query string that is not percent-encoded."""
    split = (parameter.rpartition("]") if "]" in parameter else ("", "", parameter) for parameter in text.split("&"))
    return [
        (f"{head}{bracket}{name}", value) for head, bracket, rest in split for name, _, value in [rest.partition("=")]
    ]


def problem(pairs: Any, limits: Limits = DEFAULT_LIMITS) -> Any:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_form(pairs, limits=limits)
    [found] = caught.value.problems
    return found


def condition(key: str = "filter[0]", field: str = "a", op: str = "eq", value: str = "1") -> list[tuple[str, str]]:
    return [(f"{key}[field]", field), (f"{key}[op]", op), (f"{key}[value]", value)]


# what is read


@pytest.mark.parametrize(
    "text",
    [
        "filter[0][field]=a&filter[0][op]=eq&filter[0][value]=1",
        "filter[0][value]=1&page=2&filter[0][op]=EQ&filter[0][field]=a&filters[0]=x",
        "filter[field]=a&filter[op]=eq&filter[value]=1",
        "filter[and][0][field]=a&filter[and][0][op]=eq&filter[and][0][value]=1",
        "filter[999999999999999999999999999999][or][7][field]=a&filter[999999999999999999999999999999][or][7][op]=eq"
        "&filter[999999999999999999999999999999][or][7][value]=1",
    ],
)
def test_one_condition(text: str) -> None:
    assert parse_form(pairs_of(text)) == Comparison("a", "eq", UntypedText("1"))
    assert parse_form(dict(pairs_of(text))) == Comparison("a", "eq", UntypedText("1"))


def test_items_are_ordered_by_number() -> None:
    keys = ["10", "9", "100", "0"]
    tree = parse_form([pair for key in keys for pair in condition(f"filter[{key}]", f"f{key}")])
    assert isinstance(tree, And)
    assert [item.field for item in tree.items] == ["f0", "f9", "f10", "f100"]  # type: ignore[union-attr]


@pytest.mark.parametrize("labels", [["", ""], ["0", "1"], ["7", "70"]])
def test_lists(labels: list[str]) -> None:
    values = [(f"filter[0][value][{label}]", value) for label, value in zip(labels, "AB", strict=True)]
    tree = parse_form([*condition(op="in")[:2], *values])
    assert tree == Membership("a", "in", [UntypedText("A"), UntypedText("B")])


@pytest.mark.parametrize("value", [None, "", "true"])
def test_null_checks(value: str | None) -> None:
    pairs = condition(op="notNull", value=value or "")
    assert parse_form(pairs[:2] if value is None else pairs) == NullCheck("a", "isnotnull")


def test_relations_and_groups() -> None:
    text = (
        "filter[0][or][1][field]=b&filter[0][or][1][op]=isnull&filter[0][or][0][field]=a&filter[0][or][0][op]=any"
        "&filter[0][or][0][value][0][field]=c&filter[0][or][0][value][0][op]=none&filter[0][or][0][value][0][value]="
    )
    assert parse_form(pairs_of(text)) == Or(
        [RelationTest("a", "any", RelationTest("c", "none")), NullCheck("b", "isnull")]
    )


@pytest.mark.parametrize(
    "pairs", [[], {}, [("page", "1")], [("filters[0]", "x")], [("xfilter[0]", "x")], [("filter_[0]", "")]]
)
def test_no_filter(pairs: Any) -> None:
    assert parse_form(pairs) is EVERYTHING


def test_another_name() -> None:
    assert parse_form(condition("where[0]"), name="where") == parse_form(condition())
    assert to_form(parse_form(condition()), name="where") == condition("where[0]")


# faults


@pytest.mark.parametrize(("text", "code", "key", "fragment"), cases("form_errors.txt"))
def test_says_what_is_wrong_and_where(text: str, code: str, key: str, fragment: str) -> None:
    found = problem(pairs_of(text))
    assert (found.code, found.location.key) == (code, key)
    assert fragment in found.message


@pytest.mark.parametrize("pair", [(1, "x"), ("x", 1), ("x", None), ("x", ["a"])])
def test_pairs_are_text(pair: Any) -> None:
    with pytest.raises(TypeError, match="expected a pair of str, not of"):
        parse_form([pair])


@pytest.mark.parametrize("pairs", ["filter[0][field]=a", b"filter[0]", 5, None])
def test_a_query_string_is_no_form(pairs: Any) -> None:
    with pytest.raises(
        TypeError, match=r"expected a mapping or \(key, value\) pairs, .*parse_query reads a query string"
    ):
        parse_form(pairs)


@pytest.mark.parametrize("pairs", [["ab"], [5], [("a", "b", "c")], {"ab"}])
def test_what_is_no_pair(pairs: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a \(key, value\) pair, not"):
        parse_form(pairs)


def test_half_of_a_surrogate_pair() -> None:
    assert problem(condition(value="\ud800")).code == "invalid_encoding"
    assert problem([("filter[\ud800]", "x")]).code == "invalid_encoding"


labels = st.sampled_from(["0", "1", "2", "10", "00", "", "field", "op", "value", "and", "or", "x", "[", "]", "é"])
some_pairs = st.lists(
    st.tuples(
        st.builds(lambda parts: "filter" + "".join([f"[{part}]" for part in parts]), st.lists(labels, max_size=5))
        | st.text(),
        st.sampled_from(AWKWARD_TEXTS) | st.text(max_size=5),
    ),
    max_size=8,
)


@given(some_pairs)
def test_any_pairs_are_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    try:
        assert isinstance(parse_form(pairs), Node)
    except FilterError as error:
        assert str(error)


@given(filters(untyped, empty_lists=False, max_leaves=5), st.data())
def test_mutated_forms_are_read_or_refused(tree: Filter, data: st.DataObject) -> None:
    pairs = to_form(tree)
    place = data.draw(st.integers(0, len(pairs) - 1))
    key, value = pairs[place]
    start = data.draw(st.integers(0, len(key)))
    insert = data.draw(st.sampled_from(["", "[", "]", "[0]", "[]", "[field]", "1"]))
    pairs[place] = (key[:start] + insert + key[start + data.draw(st.integers(0, 3)) :], value)
    try:
        parse_form(pairs, limits=LIFTED)
    except FilterError as error:
        assert str(error)


# places


def test_conditions_know_their_keys() -> None:
    values = [("filter[9][value][7]", "A"), ("filter[9][value][70]", "B")]
    tree = parse_form([*condition("filter[9]", op="in")[:2], *values, *condition("filter[3]", "b")])
    found = {node.field: node for node in every_node(tree) if not isinstance(node, (And, Or, Everything))}
    assert found["b"].location == FormLocation("filter[3]", "")
    assert found["a"].origin is not None
    assert found["a"].origin.locate(1, "value", 1) == FormLocation("filter[9][value][70]", "B")
    assert found["a"].origin.locate(1, "operator") == FormLocation("filter[9][op]", "in")
    assert found["a"].origin.locate(5, "operator") is None


def test_a_level_is_sorted_once_however_many_places_it_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    sorts: list[int] = []

    def counted(labels: Any, key: Any) -> list[str]:
        sorts.append(len(labels))
        return sorted(labels, key=key)

    monkeypatch.setattr(form, "sorted", counted, raising=False)
    values = [(f"filter[0][value][{position * 7}]", "A") for position in reversed(range(50))]
    tree = parse_form([*condition(op="in")[:2], *values])
    assert isinstance(tree, Membership)
    assert tree.origin is not None
    places = [tree.origin.locate(0, "value", position) for position in range(50)]
    assert places == [FormLocation(f"filter[0][value][{position * 7}]", "A") for position in range(50)]
    assert sorted(sorts) == [1, 50]


# writing


@given(filters(untyped, empty_lists=False))
def test_a_form_gives_back_the_tree(tree: Filter) -> None:
    pairs = to_form(tree)
    again = parse_form(pairs, limits=LIFTED)
    assert again == tree
    assert hash(again) == hash(tree)
    assert to_form(again) == pairs


def test_no_filter_is_no_pair() -> None:
    assert to_form(EVERYTHING) == []


def test_specials_and_text_are_written() -> None:
    assert to_form(Comparison("due", "lt", TODAY + 5)) == condition(field="due", op="lt", value="today+5d")


PROJECTS = kf.Endpoint("projects", {"n": "number", "c": "custom", "r": {"b": "boolean"}})


def test_numbers_and_booleans_are_written_where_the_type_is_known() -> None:
    def checked(tree: Filter) -> CheckedFilter:
        return CheckedFilter((Part(tree, PROJECTS),))

    number = Comparison("n", "eq", Decimal("0.50"))
    assert to_form(checked(number))[2] == ("filter[0][value]", "0.5")
    assert to_form(checked(RelationTest("r", "any", Comparison("b", "eq", True))))[-1] == (
        "filter[0][value][value]",
        "true",
    )
    with pytest.raises(
        UnsupportedFilterError, match="1 from text in a custom field, which takes both; write the filter as"
    ):
        to_form(checked(Comparison("c", "eq", 1)))
    for tree in (number, checked(Comparison("x", "eq", 1)), Comparison("b", "eq", True)):
        with pytest.raises(UnsupportedFilterError, match="unless the field's type is known"):
            to_form(tree)
    inner = RelationTest("r", "any", Comparison("b", "eq", False))
    with pytest.raises(UnsupportedFilterError) as caught:
        to_form(inner)
    assert caught.value.problems[0].field == "r.b"


def test_a_form_has_no_empty_list() -> None:
    with pytest.raises(UnsupportedFilterError, match="empty list"):
        to_form(Membership("a", "in", []))


# limits and hostile inputs

N = 100_000


@pytest.mark.parametrize(
    ("limits", "pairs", "code"),
    [
        (Limits(max_form_keys=2), condition(), "too_many_keys"),
        (Limits(max_form_key_bytes=15), condition(), "key_too_long"),
        (Limits(max_text_length=2), condition(value="ü"), "text_too_long"),
        (Limits(max_string_length=2), condition(value="abc"), "string_too_long"),
        (Limits(max_conditions=1), [*condition(), *condition("filter[1]")], "too_many_conditions"),
        (Limits(max_depth=1), condition("filter[and][0]"), "too_deep"),
        (
            Limits(max_list_values=1),
            [*condition(op="in")[:2], ("filter[0][value][]", "A"), ("filter[0][value][]", "B")],
            "list_too_long",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_limits(limits: Limits, pairs: list[tuple[str, str]], code: str) -> None:
    assert problem(pairs, limits).code == code
    parse_form(pairs)


def test_limits_are_inclusive() -> None:
    limits = Limits(max_form_keys=3, max_form_key_bytes=16, max_text_length=4, max_string_length=1, max_conditions=1)
    assert parse_form(condition(), limits=limits) == Comparison("a", "eq", UntypedText("1"))
    listed = {"filter[field]": "a", "filter[op]": "in", "filter[value][0]": "x", "filter[value][1]": "y"}
    limits = Limits(max_list_values=2, max_values=2, max_depth=1)
    assert parse_form(listed, limits=limits) == Membership("a", "in", [UntypedText("x"), UntypedText("y")])


def test_depth_is_that_of_json() -> None:
    key, data = "filter[0]", '{"field": "a", "op": "isnull"}'
    for word in ("or", "and"):
        key, data = f"{key}[{word}][0]", f'{{"{word}": [{data}]}}'
    assert parse_form(condition(key, op="isnull", value=""), limits=Limits(max_depth=3)) == parse_json(f"[{data}]")
    assert parse_json(f"[{data}]", limits=Limits(max_depth=3)).depth == 1
    assert problem(condition(key), Limits(max_depth=2)).code == "too_deep"
    with pytest.raises(FilterSyntaxError, match="nested more than 2 levels deep"):
        parse_json(f"[{data}]", limits=Limits(max_depth=2))


@pytest.mark.parametrize("bracket", ["[0]", "[and][0]", "[value]", "[]", "["])
def test_deep_nesting(bracket: str) -> None:
    pairs = [("filter" + bracket * N + "[field]", "a")]
    assert problem(pairs).code == "key_too_long"
    found = problem(pairs, LIFTED)
    assert found.code in ("too_deep", "malformed_key", "missing_key")
    assert len(str(found)) < 1000


def test_huge_indices() -> None:
    index = "9" * N
    assert parse_form(condition(f"filter[{index}]"), limits=LIFTED) == parse_form(condition())
    assert problem(condition(f"filter[0{index}]"), LIFTED).code == "malformed_key"


def test_many_conditions() -> None:
    pairs = [pair for number in range(N // 4) for pair in condition(f"filter[{number}]")]
    tree = parse_form(pairs, limits=LIFTED)
    assert isinstance(tree, And)
    assert len(tree.items) == N // 4
    assert problem(pairs).code == "too_many_keys"


# what PHP sends, and what survives a mapping


def test_booleans_of_forms() -> None:
    endpoint = kf.Endpoint("e", {"done": "boolean", "custom": "custom"})
    for text, value in {"true": True, "false": False, "1": True, "0": False}.items():
        checked = endpoint.check(parse_form(condition(field="done", value=text)))
        assert checked == endpoint.parse([{"field": "done", "op": "eq", "value": value}])
        assert to_form(checked)[-1][1] == str(value).lower()
        assert endpoint.check(parse_form(condition(field="custom", value=text))).filter == Comparison(
            "custom", "eq", text
        )


@pytest.mark.parametrize("value", ["", "true", "1"])
def test_null_checks_are_affirmed(value: str) -> None:
    assert parse_form(condition(op="isnull", value=value)) == NullCheck("a", "isnull")


@given(filters(untyped, empty_lists=False))
def test_what_is_written_survives_a_mapping(tree: Filter) -> None:
    pairs = to_form(tree)
    assert list(dict(pairs).items()) == pairs
    assert parse_form(dict(pairs), limits=LIFTED) == tree
