"""The laws of the notations: what was written reads back as the same filter, in every notation, character by character."""

import copy
import json
import pickle
from collections.abc import Callable

import pytest
from hypothesis import assume, given, strategies as st

import kanbert_filter as kf
from kanbert_filter.nodes import relation_depth, size
from kanbert_filter.values import Value, value_of
from tests import strategies

LIFTED = kf.Limits.lifted()
PERSON = {"first_name": "string", "id": "id<UserData>", "born": "date", "custom_field.*": "custom"}
EVERY_TYPE = kf.Endpoint(
    "every type",
    {
        "in": "string",
        "client.name": kf.types.String(case_sensitive=True),
        "number": "number",
        "price": "currency",
        "boolean": "boolean",
        "date": "date",
        "datetime": "datetime",
        "enum": "enum",
        "choice": kf.types.Enum("a, b", "today", 'quote "', operators=["eq", "nin", "notnull"]),
        "id": "id",
        "custom": "custom",
        "custom_field.*": "custom",
        "archived": "enum: with, only, without",
        "members": PERSON,
        "tasks": {"title": "string", "due": "date", "members": PERSON, "subtasks": {"hours": "number"}},
    },
)
DATES = st.dates().map(str) | strategies.specials.filter(lambda special: special != kf.ME)
TIMESTAMPS = st.datetimes(timezones=st.none() | st.timezones()).filter(lambda moment: 1 < moment.year < 9999)
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "string": strategies.texts,
    "number": strategies.numbers,
    "currency": strategies.numbers,
    "boolean": st.booleans(),
    "date": DATES,
    "datetime": DATES | TIMESTAMPS.map(value_of),
    "enum": st.sampled_from(["a, b", "today", 'quote "']),
    "id": strategies.texts | st.integers(-(10**40) + 1, 10**40 - 1) | st.just(kf.ME),
    "custom": strategies.texts | strategies.numbers | st.booleans(),
    "count": st.integers(0, 10**6),
    "scope": st.sampled_from(["with", "only", "without"]),
}
filters = strategies.filters_of(EVERY_TYPE, VALUES) | st.just(kf.EVERYTHING)

NOTATIONS: dict[str, tuple[Callable[..., object], Callable[..., kf.Filter]]] = {
    "DSL": (kf.to_dsl, kf.parse_dsl),
    "JSON": (lambda f: json.loads(json.dumps(kf.to_json(f))), kf.parse_json),
    "JSON text": (kf.to_json_text, kf.parse_json),
    "form": (kf.to_form, kf.parse_form),
    "DSL in a query": (kf.to_query, kf.parse_query),
    "JSON in a query": (lambda f: kf.to_query(f, notation="json"), kf.parse_query),
    "form in a query": (lambda f: kf.to_query(f, notation="form"), kf.parse_query),
}


@pytest.mark.parametrize(("write", "read"), NOTATIONS.values(), ids=NOTATIONS.keys())
@given(filter=filters)
def test_what_was_written_reads_and_checks_as_the_same_filter(
    write: Callable[..., object], read: Callable[..., kf.Filter], filter: kf.Filter
) -> None:
    checked = EVERY_TYPE.check(filter, limits=LIFTED)
    try:
        written = write(checked)
    except kf.UnsupportedFilterError:
        assume(False)
        raise
    again = EVERY_TYPE.check(read(written, limits=LIFTED), limits=LIFTED)
    assert again == checked
    assert hash(again) == hash(checked)
    assert again.filter == checked.filter
    assert write(again) == written


@given(strategies.filters())
def test_an_unchecked_filter_reads_back_from_the_dsl(filter: kf.Filter) -> None:
    written = kf.to_dsl(filter)
    again = kf.parse_dsl(written, limits=LIFTED)
    assert again == filter
    assert hash(again) == hash(filter)
    assert kf.to_dsl(again) == written


@given(strategies.filters(), st.integers(0, 9))
def test_an_unchecked_filter_reads_back_from_several_lines(filter: kf.Filter, indent: int) -> None:
    lines = kf.to_dsl(filter, indent=indent).split("\n")
    assert kf.parse_dsl("\n".join(lines), limits=LIFTED) == filter
    closing = [line for line in lines if line.strip() == ")"]
    opening = [line for line in lines if line.endswith("(")]
    groups = [line for line in opening if line.strip() in ("(", "and (", "or (")]
    assert len(closing) == len(opening)
    assert len(lines) - len(closing) - len(groups) == size(filter)[0]  # one condition a line


@given(strategies.filters(strategies.values | st.builds(kf.UntypedText, strategies.texts)) | st.just(kf.EVERYTHING))
def test_the_text_of_an_unchecked_filter_is_its_dsl_where_there_is_one(filter: kf.Filter) -> None:
    try:
        expected = kf.to_dsl(filter)
    except kf.UnsupportedFilterError:
        expected = repr(filter)
    assert str(filter) == expected


@given(filters)
def test_the_limits_bound_a_tree_alike_when_read_and_when_checked(filter: kf.Filter) -> None:
    """Every limit of the tree at its bound lets it through, and one below refuses it, by the reader and by the check."""
    conditions, values = size(filter)
    lists = [len(node.values) for node in kf.walk(filter) if isinstance(node, kf.Membership)]
    bounds = {
        "max_depth": filter.depth,
        "max_conditions": conditions,
        "max_values": values,
        "max_list_values": max(lists, default=0),
        "max_relation_depth": relation_depth(filter),
    }
    lifted = {name: getattr(LIFTED, name) for name in kf.Limits.__slots__}
    checked = EVERY_TYPE.check(filter, limits=kf.Limits(**lifted | {n: max(1, bound) for n, bound in bounds.items()}))
    written = kf.to_json_text(checked)
    for name, bound in bounds.items():
        if bound > 1:
            less = kf.Limits(**lifted | {name: bound - 1})
            with pytest.raises(kf.FilterCheckError) as refused:
                EVERY_TYPE.check(filter, limits=less)
            with pytest.raises(kf.FilterSyntaxError) as unread:
                kf.parse_json(written, limits=less)
            codes = {problem.code for problem in refused.value.problems}
            assert codes == {problem.code for problem in unread.value.problems}


@given(filters)
def test_checking_what_was_checked_changes_nothing(filter: kf.Filter) -> None:
    checked = EVERY_TYPE.check(filter, limits=LIFTED)
    assert EVERY_TYPE.check(checked.filter, limits=LIFTED) == checked


@given(filters, filters, filters)
def test_composing_is_associative_and_reads_back(one: kf.Filter, two: kf.Filter, three: kf.Filter) -> None:
    a, b, c = (EVERY_TYPE.check(filter, limits=LIFTED) for filter in (one, two, three))
    other = EVERY_TYPE.only("in").check(kf.field("in") == "x")
    for x, y, z in ((a, b, c), (a, other, b), (other, a, b), (a, b, other)):
        assert (x & y) & z == x & (y & z)
        assert hash((x & y) & z) == hash(x & (y & z))
    for both in (a & b, a & b & c):
        again = EVERY_TYPE.check(kf.parse(kf.to_dsl(both), limits=LIFTED), limits=LIFTED)
        assert again == both
        assert hash(again) == hash(both)


@given(filters)
def test_what_cannot_be_said_is_said_so(filter: kf.Filter) -> None:
    """A form has no empty list and no number or boolean of a custom field; JSON for `json.dumps` no long decimal."""
    checked = EVERY_TYPE.check(filter, limits=LIFTED)
    tree = checked.filter
    nodes = list(kf.walk(tree))
    customs = {"custom", "custom_field.x"}
    unsayable = any(
        (isinstance(node, kf.Membership) and not node.values)
        or (isinstance(node, kf.Comparison) and node.field in customs and not isinstance(node.value, str))
        or (
            isinstance(node, kf.Membership)
            and node.field in customs
            and not all(isinstance(v, str) for v in node.values)
        )
        for node in nodes
    )
    try:
        kf.to_form(checked)
    except kf.UnsupportedFilterError:
        assert unsayable
    else:
        assert not unsayable
    assert kf.to_dsl(checked) == kf.to_dsl(tree)
    assert json.loads(kf.to_json_text(checked)) is not None


@given(strategies.filters())
def test_trees_survive_pickling_and_copying(filter: kf.Filter) -> None:
    for again in (pickle.loads(pickle.dumps(filter)), copy.deepcopy(filter), copy.copy(filter)):
        assert again == filter
        assert hash(again) == hash(filter)
        assert again.depth == filter.depth
        assert repr(again) == repr(filter)


@given(filters)
def test_checked_filters_survive_pickling(filter: kf.Filter) -> None:
    checked = EVERY_TYPE.check(filter, limits=LIFTED)
    again = pickle.loads(pickle.dumps(checked))
    assert again == checked
    assert hash(again) == hash(checked)


def deep(levels: int, kind: str) -> kf.Filter:
    tree: kf.Filter = kf.Comparison("number", "eq", 1)
    for level in range(levels - 1):
        match kind:
            case "groups":
                group = kf.And if level % 2 else kf.Or
                tree = group([tree, kf.Comparison("number", "eq", level)])
            case _:
                tree = kf.RelationTest("self", "any", tree)
    return tree


def called_deep_down(function: Callable[[object], object], value: object, frames: int = 800) -> object:
    """What the function returns where the stack is nearly full."""
    return called_deep_down(function, value, frames - 1) if frames else function(value)


@pytest.mark.parametrize("kind", ["groups", "relations"])
@pytest.mark.parametrize(("write", "read"), NOTATIONS.values(), ids=NOTATIONS.keys())
def test_the_deepest_trees_are_written_and_read(
    write: Callable[..., object], read: Callable[..., kf.Filter], kind: str
) -> None:
    tree = deep(100, kind)
    fields: dict[str, object] = {"number": "number"}
    for _ in range(99):
        fields = {"number": "number", "self": fields}
    endpoint = kf.Endpoint("deep", fields)  # type: ignore[arg-type]
    checked = endpoint.check(tree, limits=LIFTED)
    assert endpoint.check(read(write(checked), limits=LIFTED), limits=LIFTED) == checked
    for value in (tree, checked, endpoint):
        assert pickle.loads(pickle.dumps(value)) == value
        assert called_deep_down(copy.deepcopy, value) is value
    with pytest.raises(kf.FilterSyntaxError, match="nested more than 100 levels deep"):
        deep(101, kind)
