"""JSON: what it reads, what it writes, where it says a fault is."""

import json
import re
import sys
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, strategies as st
from hypothesis.strategies import SearchStrategy

from kanbert_filter.errors import FilterError, FilterSyntaxError, JsonLocation, TextLocation, UnsupportedFilterError
from kanbert_filter.limits import DEFAULT_LIMITS, Limits
from kanbert_filter.nodes import (
    EVERYTHING,
    And,
    Comparison,
    Everything,
    Filter,
    Membership,
    Node,
    Or,
    RelationTest,
    every_node,
)
from kanbert_filter.notations import json_fast
from kanbert_filter.notations.dsl import parse_dsl
from kanbert_filter.notations.json import JsonText, parse_json, to_json, to_json_text
from kanbert_filter.notations.json_fast import read_fast
from kanbert_filter.notations.objects import read_objects
from kanbert_filter.values import TODAY, UntypedText
from tests.corpora import cases
from tests.strategies import condition_like, filters, json_data, numbers, texts

LIFTED = Limits.lifted()

floats: SearchStrategy[Any] = st.floats(allow_nan=False, allow_infinity=False)
written_values = texts | numbers | st.booleans()
"""Values that JSON gives back as they are: a special comes back as text until an endpoint decides."""


def problem(source: object, limits: Limits = DEFAULT_LIMITS) -> Any:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_json(source, limits=limits)
    [found] = caught.value.problems
    return found


def condition(value: str = "1", field: str = "a", op: str = "eq") -> str:
    return f'{{"field": "{field}", "op": "{op}", "value": {value}}}'


# what is read


@pytest.mark.parametrize(("source", "canonical", "dsl"), cases("json.txt"))
def test_reads_and_writes(source: str, canonical: str, dsl: str) -> None:
    tree = parse_json(source)
    assert to_json_text(tree) == canonical
    assert tree == parse_dsl(dsl)
    assert parse_json(json.loads(source, parse_float=Decimal)) == tree
    assert parse_json(source.encode()) == parse_json(bytearray(source.encode())) == tree
    assert parse_json(f"\r\n\t {source} \n") == tree


@pytest.mark.parametrize("source", ["", " \n", "[]", " [ ] ", b"", b" ", [], ()], ids=repr)
def test_no_filter(source: object) -> None:
    assert parse_json(source) is EVERYTHING


def test_the_top_may_be_one_condition_or_group() -> None:
    assert parse_json(condition()) == parse_json(f"[{condition()}]")
    assert parse_json(f'{{"and": [{condition()}, {condition("2")}]}}') == parse_json(
        f"[{condition()}, {condition('2')}]"
    )


def test_numbers_are_exact() -> None:
    digits = "0." + "1" * 39
    assert parse_json(condition(digits)) == Comparison("a", "eq", Decimal(digits))
    assert parse_json(condition("1.0")) == parse_json(condition("1e0")) == parse_json(condition("1"))
    assert parse_json({"field": "a", "op": "eq", "value": 0.1}) == parse_json(condition("0.1"))
    assert parse_json(condition("9" * 40)) == Comparison("a", "eq", 10**40 - 1)


def test_equal_filters_are_equal_though_one_holds_true() -> None:
    assert parse_json(condition("true")) != parse_json(condition("1"))


@pytest.mark.parametrize("value", ['"a:b"', '"::"', '"\\u003a"', '"2024-01-01T10:00:00Z"'])
def test_colons_in_values_are_no_keys(value: str) -> None:
    assert parse_json(condition(value)) == Comparison("a", "eq", json.loads(value))


def test_keys_in_any_order() -> None:
    for keys in permutations(json.loads(condition())):
        pairs = {"field": '"a"', "op": '"eq"', "value": "1"}
        text = "{" + ", ".join([f'"{key}": {pairs[key]}' for key in keys]) + "}"
        assert read_fast(text, DEFAULT_LIMITS, JsonText(text)) == parse_json(condition())


def test_subclasses_of_the_types_of_json() -> None:
    class Text(str):
        __slots__ = ()

    tree = parse_json([{Text("field"): Text("a"), "op": Text("EQ"), "value": Text("x")}])
    assert tree == Comparison("a", "eq", "x")
    assert isinstance(tree, Comparison)
    assert type(tree.field) is type(tree.value) is str


# faults


@pytest.mark.parametrize(("source", "code", "pointer", "fragment"), cases("json_errors.txt"))
def test_says_what_is_wrong_and_where(source: str, code: str, pointer: str, fragment: str) -> None:
    found = problem(source)
    assert (found.code, found.location.pointer) == (code, pointer.removeprefix("top"))
    assert fragment in found.message
    data = json.loads(source)
    if code not in ("duplicate_key", "invalid_number", "number_too_long") and not isinstance(data, str):
        same = problem(data)
        assert (same.code, same.message, same.location) == (found.code, found.message, found.location)


@pytest.mark.parametrize(
    "item",
    ['[["field", "a"], ["op", "eq"], ["value", 1]]', '["field", "op", "value"]', '[["and", []]]', '"ab"', '["abc"]'],
)
def test_lists_and_texts_are_no_objects(item: str) -> None:
    for text in (f"[{item}]", f'{{"or": [{item}]}}', f'{{"field": "r", "op": "any", "value": {item}}}'):
        assert problem(text).code == "wrong_shape"


@pytest.mark.parametrize(
    "text",
    ["{", "[", '["a', "[1,]", "{'a': 1}", "[01]", '["\t"]', '["\\x"]', "nul", "[] []", "\ufeff[]", "+1", "[1}"],
    ids=ascii,
)
def test_text_that_is_not_json(text: str) -> None:
    found = problem(text)
    assert found.code == "invalid_json"
    assert isinstance(found.location, TextLocation)
    assert found.location.start <= found.location.end <= len(text)


@pytest.mark.parametrize(("marked", "message"), cases("json_text_errors.txt"))
def test_says_in_json_s_own_words_why_a_text_is_not_json(marked: str, message: str) -> None:
    before, fault, after = re.split("[»«]", marked)
    found = problem(before + fault + after)
    assert found.code == "invalid_json"
    assert message in found.message
    assert (found.location.start, found.location.end) == (len(before), len(before + fault))


def test_control_characters_in_a_text() -> None:
    assert "found a line break in a text, expected an escape such as \\n" in problem('["a\nb"]').message
    assert "found a control character in a text" in problem('["a\x00b"]').message
    assert r"found '\xa0' (no-break space), expected a value" in problem("[\u00a0]").message


@given(st.text(st.sampled_from("[]{},:\"\\'aeunltrfs0123.-+ \n\ufeff№/#")))
def test_any_text_is_read_or_refused_in_json_s_own_words(text: str) -> None:
    try:
        parse_json(text)
    except FilterSyntaxError as error:
        [found] = error.problems
        assert "Expecting" not in found.message
        assert "delimiter" not in found.message
        if isinstance(found.location, TextLocation):
            assert 0 <= found.location.start <= found.location.end <= len(text)


def test_the_field_is_told_with_its_relations() -> None:
    inner = condition(field="b", op="between")
    assert problem(condition(condition(inner, "c", "all"), "a", "any")).field == "a.c.b"


def test_bytes_that_are_not_utf8() -> None:
    found = problem(b'[{"field": "a", "op": "eq", "value": "\xff"}]')
    assert (found.code, found.location.pointer) == ("invalid_encoding", "/0/value")
    assert problem(b"\xff").code == "invalid_json"


@pytest.mark.parametrize("value", ['"\\ud800"', '"\\udc00\\ud800"', '"\ud800"', '"ü\ud800"'], ids=ascii)
def test_half_of_a_surrogate_pair(value: str) -> None:
    found = problem(f"[{condition(value)}]")
    assert (found.code, found.location.pointer) == ("invalid_encoding", "/0/value")
    str(found).encode()
    assert parse_json(condition('"\\ud83d\\ude00"')) == Comparison("a", "eq", "\U0001f600")


def test_python_values_that_are_not_json() -> None:
    for value in (object(), b"x", {1}, 1j, float("nan"), float("inf"), Decimal("sNaN"), 10**5000, {1: 2}, range(3)):
        found = problem({"field": "a", "op": "eq", "value": value})
        assert found.code in ("wrong_shape", "invalid_number", "number_too_long")
        assert problem([value]).code == "wrong_shape"
        assert problem([{"field": value, "op": "eq", "value": 1}]).code == "wrong_shape"
        assert problem([{"field": "a", "op": value, "value": 1}]).code == "wrong_shape"


class Unspeakable:
    """A key that cannot be written."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("key", [Unspeakable(), 10**5000, None, 1.5], ids=lambda key: type(key).__name__)
def test_examples_are_short_whatever_the_data(key: object) -> None:
    wide: list[object] = []
    for _ in range(1000):
        wide = [wide, wide]
    for data in (wide, {key: 1}, {"$gte": wide}, 10**5000, "x" * 10**6, {"$in": ["x" * 10**6] * 3}):
        for source in ({"title": data}, ["title", "eq", data], [{"field": "a", "op": "in", "value": data}]):
            with pytest.raises(FilterSyntaxError) as caught:
                parse_json(source)
            assert len(str(caught.value)) < 1000


def test_a_key_that_is_no_text() -> None:
    assert problem({1: 2}).code == problem([{"field": "a", "op": "eq", None: 1}]).code == "wrong_shape"


def test_a_top_that_is_no_json() -> None:
    with pytest.raises(TypeError, match="expected JSON"):
        parse_json(object())


@given((json_data | condition_like).filter(lambda data: not isinstance(data, str)))
def test_any_data_is_read_or_refused(data: object) -> None:
    try:
        tree: Filter | FilterError = parse_json(data)
    except FilterError as error:
        tree = error
        assert str(error)
    try:
        text = json.dumps(data)
    except TypeError:  # Decimal
        return
    if isinstance(tree, FilterError):
        [found], [same] = tree.problems, [problem(text)]
        assert isinstance(found.location, JsonLocation)
        assert (same.code, same.field, same.location.pointer) == (found.code, found.field, found.location.pointer)
    else:
        assert parse_json(text) == tree


@given(st.text() | st.text('[]{}",:\\ud8fieldopvalue01.-e ') | st.binary())
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    try:
        assert isinstance(parse_json(text), Node)
    except FilterError as error:
        assert str(error)


@given(filters(written_values, max_leaves=4), st.data())
def test_mutated_filters_are_read_or_refused(tree: Filter, data: st.DataObject) -> None:
    text = to_json_text(tree)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    mutated = (
        text[:start]
        + data.draw(st.sampled_from(["", " ", '"', ":", ",", "{", "]", "1", "\\", "null", text[start:end] * 2]))
        + text[end:]
    )
    try:
        parse_json(mutated, limits=LIFTED)
    except FilterError as error:
        assert str(error)


# the fast reader and the careful one


@given(filters(written_values) | condition_like.map(lambda data: json.dumps(data, default=float)))
def test_the_fast_reader_agrees_with_the_careful_one(source: Filter | str) -> None:
    text = source if isinstance(source, str) else to_json_text(source)
    fast = read_fast(text, LIFTED, JsonText(text))
    if fast is None:
        return
    careful = read_objects(JsonText(text), LIFTED)
    assert fast == careful
    assert places(fast) == places(careful)


def places(tree: Filter) -> list[object]:
    return [node.location for node in every_node(tree) if not isinstance(node, (And, Or, Everything))]


def test_the_fast_reader_reads_what_is_usual() -> None:
    for case in cases("json.txt"):
        if "\\ud" not in case.values[0]:
            assert read_fast(case.values[0], DEFAULT_LIMITS, JsonText(case.values[0])) is not None


@pytest.mark.parametrize("many", [10, 11])
def test_data_is_shown_by_its_first_ten_items(many: int) -> None:
    def shown(value: object) -> object:
        return problem([{"field": "a", "op": "eq", "value": value}]).location.value

    rest = ", …" if many > 10 else ""
    assert shown([*range(many)]) == f"[0, 1, 2, 3, 4, 5, 6, 7, 8, 9{rest}]"
    ten = ", ".join(f'"{n}": {n}' for n in range(10))
    rest = rest.replace("…", '"…": …')
    assert shown({str(n): n for n in range(many)}) == f"{{{ten}{rest}}}"


@pytest.mark.parametrize("number", [10**20 - 1, 10**20, 1 - 10**19, -(10**19)])
def test_an_example_shows_a_number_of_twenty_characters_in_text_and_data(number: int) -> None:
    [text, data] = [problem(source).message for source in (f'{{"n": {number}}}', {"n": number})]
    assert text == data
    assert text.endswith("…}") is (len(str(number)) > 20)


def test_known_names_are_bounded() -> None:
    for number in range(json_fast._MAX_NAMES + 10):
        parse_json(condition(field=f"f{number}"))
    assert len(json_fast._names) <= json_fast._MAX_NAMES


# places


def test_conditions_know_their_place() -> None:
    inner = f'{{"or": [{condition(field="b")}, {condition("[1, 2]", "c", "in")}]}}'
    tree = parse_json(f"[{condition(inner, 'r', 'any')}, [{condition('3', 'd')}]]")
    found = {node.field: node for node in every_node(tree) if not isinstance(node, (And, Or, Everything))}
    assert isinstance(found["r"].location, JsonLocation)
    assert found["r"].location.pointer == "/0"
    assert [found[name].index for name in "rbcd"] == [0, 1, 2, 3]
    assert found["b"].origin is not None
    assert found["c"].origin is not None
    assert found["b"].location == JsonLocation("/0/value/or/0", condition(field="b"))
    assert found["c"].origin.locate(2, "value", 1) == JsonLocation("/0/value/or/1/value/1", "2")
    assert found["d"].location == JsonLocation("/1/0", condition("3", "d"))
    assert found["d"].origin is not None
    assert found["d"].origin.locate(3, "operator") == JsonLocation("/1/0/op", '"eq"')


def test_pointers_are_escaped() -> None:
    assert problem('{"a/b~c": 1}').location.pointer == "/a~1b~0c"


def test_changed_data_has_no_places() -> None:
    data = [{"field": "a", "op": "eq", "value": 1}]
    tree = parse_json(data)
    data.clear()
    assert isinstance(tree, Comparison)
    assert tree.location is None


# writing


@given(filters(written_values))
def test_text_gives_back_the_tree(tree: Filter) -> None:
    text = to_json_text(tree)
    again = parse_json(text, limits=LIFTED)
    assert again == tree
    assert hash(again) == hash(tree)
    assert to_json_text(again) == text
    json.loads(text)


@given(filters(texts | st.booleans() | st.integers() | floats))
def test_data_gives_back_the_tree(tree: Filter) -> None:
    data = to_json(tree)
    assert parse_json(data, limits=LIFTED) == tree
    assert parse_json(json.dumps(data), limits=LIFTED) == tree
    assert to_json(parse_json(data, limits=LIFTED)) == data


def test_no_filter_is_the_empty_list() -> None:
    assert to_json(EVERYTHING) == []
    assert to_json_text(EVERYTHING) == "[]"


def test_specials_are_written_as_text() -> None:
    assert to_json(Comparison("due", "lt", TODAY + 5)) == [{"field": "due", "op": "lt", "value": "today+5d"}]


def test_a_number_that_is_no_float() -> None:
    tree = RelationTest("tasks", "any", Comparison("budget", "eq", Decimal("0.1" + "0" * 20 + "1")))
    with pytest.raises(UnsupportedFilterError, match="to_json_text") as caught:
        to_json(tree)
    assert caught.value.problems[0].field == "tasks.budget"
    assert parse_json(to_json_text(tree)) == tree
    assert to_json(Comparison("a", "eq", 10**40)) == [{"field": "a", "op": "eq", "value": 10**40}]


@pytest.mark.parametrize("write", [to_json, to_json_text])
def test_form_text_has_no_type_yet(write: Any) -> None:
    with pytest.raises(UnsupportedFilterError, match="no type yet"):
        write(Membership("a", "in", [UntypedText("5")]))


# limits


@pytest.mark.parametrize(
    ("limits", "source", "code", "pointer"),
    [
        (Limits(max_conditions=2), f"[{condition()}, {condition()}, {condition()}]", "too_many_conditions", "/2"),
        (Limits(max_list_values=2), f"[{condition('[1, 2, 3]', op='in')}]", "list_too_long", "/0/value"),
        (Limits(max_values=2), f"[{condition()}, {condition('[1, 2]', op='in')}]", "too_many_values", "/1/value/1"),
        (Limits(max_string_length=2), '[{"field": "a", "op": "eq", "value": "abc"}]', "string_too_long", "/0/value"),
        (Limits(max_number_digits=2), f"[{condition('123')}]", "number_too_long", "/0/value"),
        (Limits(max_exponent=2), f"[{condition('1e3')}]", "number_too_long", "/0/value"),
        (
            Limits(max_relation_depth=1),
            condition(condition('{"field": "c", "op": "none"}', "b", "any"), "a", "any"),
            "relations_too_deep",
            "/value",
        ),
        (Limits(max_depth=2), f'{{"or": [[{condition()}]]}}', "too_deep", "/or/0/0"),
        (Limits(max_depth=1), f"[{condition()}, {condition()}]", "too_deep", ""),
    ],
)
def test_limits(limits: Limits, source: str, code: str, pointer: str) -> None:
    for form in (source, json.loads(source)):
        found = problem(form, limits)
        assert (found.code, found.location.pointer) == (code, pointer)
    parse_json(source)


def test_limits_in_lists() -> None:
    limits = Limits(max_string_length=2)
    assert problem(condition('["ab", "abc"]', op="in"), limits).location.pointer == "/value/1"
    assert problem(condition('[1, "abc"]', op="in"), limits).location.pointer == "/value/1"
    assert problem(condition(f"[{10**40}]", op="in")).location.pointer == "/value/0"
    assert parse_json(condition(f"[{10**40}, 0.5]", op="in"), limits=LIFTED).values == (10**40, Decimal("0.5"))  # type: ignore[union-attr]


def test_text_length_is_counted_in_bytes() -> None:
    text = condition('"ü"')
    parse_json(text, limits=Limits(max_text_length=len(text) + 1))
    for source in (text, text.encode()):
        assert problem(source, Limits(max_text_length=len(text))).code == "text_too_long"
    assert problem(b"\xff" * 100, Limits(max_text_length=99)).code == "text_too_long"


def test_depth_to_the_last_level() -> None:
    text = condition()
    for level in range(99):
        text = f'{{"{"and" if level % 2 else "or"}": [{condition()}, {text}]}}'
    tree = parse_json(text, limits=LIFTED)
    assert tree.depth == 100
    assert parse_json(to_json_text(tree), limits=LIFTED) == tree
    assert parse_json(to_json(tree), limits=LIFTED) == tree
    assert problem(f"[{text}, {condition()}]", LIFTED).code == "too_deep"
    assert problem(f"[[{text}]]", LIFTED).code == "too_deep"


def test_relations_to_the_last_level() -> None:
    tree: Filter = Comparison("a", "eq", 1)
    for _ in range(99):
        tree = RelationTest("r", "any", tree)
    assert parse_json(to_json_text(tree), limits=LIFTED) == tree


# hostile inputs

N = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "[" * N,
        '[[], "[", {}, ' + "[" * N,
        "[" * N + "]" * N,
        '{"and":[' * N,
        '{"and":[' * N + condition() + "]}" * N,
        '{"field":"a","op":"any","value":' * N + condition() + "}" * N,
        '[{"field":"a","op":"eq","value":' + "[" * N + "]" * N + "}]",
    ],
    ids=lambda text: f"{text[:20]}…{text[-2:]}",
)
def test_deep_nesting(text: str) -> None:
    assert problem(text).code == "text_too_long"
    found = problem(text, LIFTED)
    assert found.code == "too_deep"
    assert len(str(found)) < 500


def test_deep_and_circular_data() -> None:
    data: list[Any] = []
    for _ in range(N):
        data = [data]
    assert problem(data, LIFTED).code == "too_deep"
    circle: list[Any] = []
    circle.append(circle)
    ring: dict[str, Any] = {"and": []}
    ring["and"].append(ring)
    relation: dict[str, Any] = {"field": "a", "op": "any"}
    relation["value"] = relation
    assert problem(circle, LIFTED).code == problem(ring, LIFTED).code == problem(relation, LIFTED).code == "too_deep"
    assert problem({"field": "a", "op": "in", "value": [circle]}).code == "wrong_shape"
    while data:
        data = data[0]


def test_many_conditions() -> None:
    text = f'{{"or": [{", ".join([condition(str(number)) for number in range(N)])}]}}'
    tree = parse_json(text, limits=LIFTED)
    assert isinstance(tree, Or)
    assert len(tree.items) == N
    assert tree.items[-1].location == JsonLocation(f"/or/{N - 1}", condition(str(N - 1)))  # type: ignore[union-attr]
    assert problem(text[:-2] + ", 5]}", LIFTED).location.pointer == f"/or/{N}"


@pytest.mark.parametrize("digits_guarded", [True, False])
@pytest.mark.parametrize(
    "number",
    [
        "9" * 10**6,
        "-" + "9" * 10**6,
        "0." + "0" * 10**6 + "1",
        "1e" + "9" * 10**6,
        "1e9999999999",
        "1e-9999999999999999999",
    ],
    ids=lambda text: f"{text[:4]}…{len(text)}",
)
def test_huge_numbers(number: str, digits_guarded: bool) -> None:
    guard = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(guard if digits_guarded else 0)
        assert problem(condition(number), Limits(max_text_length=2**62)).code == "number_too_long"
        assert problem(f"[{number}]", LIFTED).code == "wrong_shape"
    finally:
        sys.set_int_max_str_digits(guard)


def test_duplicate_keys_by_the_thousand() -> None:
    keys = ", ".join([f'"k{number}": 1' for number in range(N)])
    assert problem("{" + keys + "}", LIFTED).code == "unknown_key"
    assert problem("[{" + ", ".join(['"field": "a"'] * N) + "}]", LIFTED).code == "duplicate_key"


@pytest.mark.parametrize(
    "data", [[{10**5000: 1}], [{"field": "a", "op": "eq", "value": {10**5000: 1}}], [{2: {None: 1}}]]
)
def test_keys_that_are_no_texts_are_shown_by_their_class(data: Any) -> None:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_json(data)
    assert "{<int>: " in str(caught.value)


def test_limits_of_another_class_are_an_error_in_themselves() -> None:
    with pytest.raises(TypeError, match="expected Limits"):
        parse_json("[]", limits=None)  # type: ignore[arg-type]
