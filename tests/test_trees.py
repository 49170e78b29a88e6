"""Looking at trees and changing them."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

import kanbert_filter as kf
from kanbert_filter.nodes import Condition, Node, relation_depth, size
from tests.strategies import filters

lib: Any = kf
TREE = kf.parse("a = 1 and (b in [1, 2] or t any (u none (c is null) and d = 1)) and v any")


def test_walking_and_measuring() -> None:
    assert [node.field for node in kf.walk(TREE) if isinstance(node, Condition)] == ["a", "b", "t", "u", "c", "d", "v"]
    assert kf.fields_of(TREE) == {"a", "b", "t", "t.u", "t.u.c", "t.d", "v"}
    assert kf.fields_of(kf.EVERYTHING) == frozenset()
    assert size(TREE) == (7, 4)
    assert relation_depth(TREE) == 2
    assert TREE.depth == 6
    assert all(isinstance(node, Node) for node in kf.walk(TREE))


def test_a_checked_filter_is_looked_at_and_changed_as_its_tree() -> None:
    checked = kf.Endpoint("e", {"a": "number", "t": {"a": "number"}}).parse("a = 1 and t any (a = 1)")
    tree = checked.filter
    assert [*kf.walk(checked)] == [*kf.walk(tree)]
    assert kf.fields_of(checked) == {"a", "t", "t.a"}
    assert kf.rename_fields(checked, {"a": "b"}) == kf.parse("b = 1 and t any (a = 1)")
    assert kf.transform(checked, lambda _, condition: condition) == tree


@pytest.mark.parametrize("other", ["a = 1", None, 5, [TREE]], ids=repr)
def test_what_is_no_filter(other: Any) -> None:
    for look in (
        lib.fields_of,
        lib.walk,
        lambda other: lib.rename_fields(other, {}),
        lambda other: lib.transform(other, lambda _, condition: condition),
    ):
        with pytest.raises(TypeError, match="expected a filter, not"):
            look(other)


# renaming


@pytest.mark.parametrize(
    ("names", "before", "after"),
    [
        ({"a": "z", "x.count": "number"}, "(a = 1 or a in [1]) and a is null and x.count = 1", None),
        ({"a": "b", "b": "a"}, "a = 1 and b = 2", "b = 1 and a = 2"),
        ({"nothing": "here", "x.*": "y.*"}, "a = 1", "a = 1"),
        # a relation is renamed in front of its fields, a field alone
        ({"t": "todos"}, "t any (a = 1 and t none) and t.count > 3", "todos any (a = 1 and t none) and todos.count > 3"),
        ({"t": "todos", "t.a": "todos.b"}, "t any (a = 1) and a = 1", "todos any (b = 1) and a = 1"),
        ({"t.due_on": "t.deadline"}, "t any (due_on < today)", "t any (deadline < today)"),
        ({"t.t": "t.u", "t.t.a": "t.u.b.c"}, "t all (t any (a = 1))", "t all (u any (b.c = 1))"),
        ({"t.u": "t.w"}, "t any (u.count > 1)", "t any (w.count > 1)"),
        ({"client": "customer"}, "client = 1 and client.name = 2", "customer = 1 and client.name = 2"),
        # wildcards
        ({"client.*": "customer.*"}, "client = 1 and client.name = 2", "client = 1 and customer.name = 2"),
        ({"client.*": "customer.*"}, "client.a.b = 1", "client.a.b = 1"),
        ({"*": "data.*"}, "a = 1 and b.c = 2 and x.count > 3", "data.a = 1 and b.c = 2 and data.x.count > 3"),
        ({"a.*.c.*": "*.x.*"}, "a.b.c.d = 1", "b.x.d = 1"),
        ({"t.*": "t.fields.*"}, "t any (a = 1)", "t any (fields.a = 1)"),
        ({"t": "todos", "t.*": "todos.my.*"}, "t any (a = 1)", "todos any (my.a = 1)"),
        ({"c.*": "d.*", "c.x": "y"}, "c.x = 1 and c.z = 2", "y = 1 and d.z = 2"),
        ({"*.x": "*.y", "c.*": "d.*"}, "c.x = 1 and e.x = 2", "d.x = 1 and e.y = 2"),
        ({"*.x": "q.*", "c.*": "*.z"}, "c.x = 1", "x.z = 1"),
        # a count follows its relation, unless it has a row of its own
        ({"t": "u", "t.count": "number_of_t"}, "t.count > 3", "number_of_t > 3"),
        ({"t": "u", "t.*": "v.*"}, "t.count > 3", "u.count > 3"),
    ],
)  # fmt: skip
def test_renaming(names: Mapping[str, str], before: str, after: str | None) -> None:
    after = after or "(z = 1 or z in [1]) and z is null and number = 1"
    tree = kf.parse(before)
    renamed = kf.rename_fields(tree, names)
    assert kf.to_dsl(renamed) == after
    assert renamed == kf.parse(after)
    for node in kf.walk(renamed):
        if isinstance(node, Condition):
            assert (node.origin, node.index, node.location) == (None, 0, None)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"t.a": "b"}, "'t.a' becomes 'b', expected a path that begins with 't.', its relation's"),
        (
            {"t": "todos", "t.a": "t.b"},
            "'t.a' becomes 't.b', expected a path that begins with 'todos.', its relation's",
        ),
        ({"t.*": "todos.*"}, "'t.a' becomes 'todos.a', expected a path that begins with 't.', its relation's"),
        ({"t.*": "t.a"}, r"'t.\*' becomes 't.a', expected as many '\*' on both sides"),
        ({"t": "*"}, r"expected as many '\*' on both sides"),
        ({"t": "not a name"}, "is not a field name"),
        ({"t.a": "t."}, "is not a field name"),
    ],
)
def test_what_cannot_be_renamed(names: Mapping[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kf.rename_fields(kf.parse("t any (a = 1)"), names)


@pytest.mark.parametrize("names", ["b", None, [("a", "b")], {"a": 5}, {5: "a"}], ids=repr)
def test_what_is_no_renaming(names: Any) -> None:
    with pytest.raises(TypeError, match="expected"):
        kf.rename_fields(TREE, names)


@given(filters())
def test_renaming_there_and_back(tree: kf.Filter) -> None:
    fields = {path for path in kf.fields_of(tree) if "." not in path}
    there = {path: f"renamed_{path}" for path in fields}
    renamed = kf.rename_fields(tree, there)
    assert renamed.depth == tree.depth
    assert kf.rename_fields(renamed, {new: old for old, new in there.items()}) == tree
    assert kf.rename_fields(tree, {}) == tree


def test_everything_has_no_fields() -> None:
    assert kf.rename_fields(kf.EVERYTHING, {"a": "b"}) is kf.EVERYTHING
    assert kf.transform(kf.EVERYTHING, lambda _, condition: condition) is kf.EVERYTHING


# transforming


def test_transforming_offers_each_condition_with_its_full_path_related_records_first() -> None:
    seen: list[tuple[str, str]] = []

    def change(path: str, condition: kf.Filter) -> kf.Filter:
        seen.append((path, kf.to_dsl(condition)))
        return kf.Comparison("c", "eq", 2) if path == "t.u.c" else condition

    changed = kf.transform(TREE, change)
    assert kf.to_dsl(changed) == "a = 1 and (b in [1, 2] or t any (u none (c = 2) and d = 1)) and v any"
    assert seen == [
        ("a", "a = 1"),
        ("b", "b in [1, 2]"),
        ("t.u.c", "c is null"),
        ("t.u", "u none (c = 2)"),
        ("t.d", "d = 1"),
        ("t", "t any (u none (c = 2) and d = 1)"),
        ("v", "v any"),
    ]


def test_what_is_returned_is_brought_into_normal_form() -> None:
    changed = kf.transform(kf.parse("a = 1 and b = 2"), lambda path, condition: condition & kf.field("c").is_null())
    assert kf.to_dsl(changed) == "a = 1 and c is null and b = 2 and c is null"
    deep = kf.parse("a = 1")
    for level in range(99):
        deep = (kf.And if level % 2 else kf.Or)([deep, kf.Comparison("b", "eq", 1)])
    assert kf.transform(deep, lambda _, condition: condition) == deep
    with pytest.raises(kf.FilterSyntaxError, match="nested more than 100 levels"):
        kf.transform(deep, lambda path, condition: condition | kf.field("c").is_null() & kf.field("d").is_null())


def test_unchanged_conditions_keep_their_places() -> None:
    tree = kf.parse("a = 1 and b = 2")
    assert [node.location for node in kf.walk(tree) if isinstance(node, Condition)] == [
        node.location
        for node in kf.walk(kf.transform(tree, lambda _, condition: condition))
        if isinstance(node, Condition)
    ]


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (kf.EVERYTHING, ValueError, "the condition on 't.u.c' became EVERYTHING, .* no condition can be dropped"),
        (None, TypeError, "the condition on 't.u.c' became NoneType, .*return the condition to keep it"),
        (True, TypeError, "became bool"),
        ("a = 1", TypeError, "became str"),
    ],
)
def test_no_condition_can_be_dropped(made: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        kf.transform(TREE, lambda path, condition: made if path == "t.u.c" else condition)


@given(filters())
def test_transforming_into_itself_changes_nothing(tree: kf.Filter) -> None:
    assert kf.transform(tree, lambda _, condition: condition) == tree
