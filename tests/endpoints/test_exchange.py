"""Endpoints as data: whatever an endpoint is, its table and its plain data say it, and never where the data is."""

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import kanbert_filter as kf
from kanbert_filter.endpoints.field_table import TYPES
from kanbert_filter.types import FieldType

SECRET = "secret_column"

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

later_segments = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,6}", fullmatch=True) | st.just("*")
names = st.builds(
    lambda first, rest: ".".join([first, *rest]),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True),
    st.lists(later_segments, max_size=3),
).filter(lambda name: not any(segment.startswith("__") for segment in name.split(".")))
awkward = st.sampled_from(
    [
        "",
        " ",
        "with",
        "only",
        "without",
        "a, b",
        "a|b",
        "\\|",
        "\\",
        '"',
        '\\"',
        "`a`",
        "<br>",
        "<BR/>",
        "&lt;",
        "&amp;amp;",
        "<script>alert(1)</script>",
        "![](https://a.example/x)",
        "[x](javascript:alert)",
        "*a* __b__ ~~c~~ $d$",
        "``a`",
        "\\|x\\\\|",
        "https://a.example www.a.example a@a.example",
        "{{ a }} :tada:",
    ]
) | st.sampled_from(
    [
        "(x",
        "x)",
        ";",
        "; eq",
        "- x (id)",
        "—",
        "-",
        "a  b",
        "\ta",
        "a\n| b |",
        "\r\n",
        "\x85",
        "\u2028",
        "ä€𝄞",
        "*",
        "_a_",
        "a:b",
    ]
)
choices = st.lists(st.text(max_size=8) | awkward, max_size=4)
schema_names = st.none() | st.from_regex(r"[\w.,/|\\-]{1,5}( [\w.,/|\\-]{1,5})?", fullmatch=True)


def operators(kind: str) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from(sorted(TYPES[kind].possible_operators())))


def scope(choices: list[str], bound: bool) -> kf.types.Scope:
    return kf.types.Scope({choice: kf.field(SECRET) == choice for choice in choices} if bound else choices)


def simple_types() -> st.SearchStrategy[FieldType]:
    plain = ["number", "boolean", "date", "datetime"]
    textual = ["string", "currency", "custom"]
    source = st.sampled_from([None, SECRET])
    return st.one_of(
        *(st.builds(TYPES[kind], operators=operators(kind), source=source) for kind in plain),
        *(
            st.builds(TYPES[kind], operators=operators(kind), source=source, case_sensitive=st.booleans())
            for kind in textual
        ),
        st.builds(
            lambda listed, **parts: kf.types.Enum(*listed, **parts),
            choices,
            name=schema_names,
            operators=operators("enum"),
            source=source,
        ),
        st.builds(kf.types.Enum, st.just("only"), st.just("with"), st.just("without"), name=schema_names),
        st.builds(kf.types.Id, schema_names, operators=operators("id"), source=source),
        st.builds(scope, choices, st.just(False)),
        st.builds(scope, st.permutations(["with", "only", "without"]), st.booleans()),
    )


def relations(rows: st.SearchStrategy[FieldType]) -> st.SearchStrategy[FieldType]:
    fields = st.dictionaries(names, rows, max_size=3)
    return st.builds(kf.types.Relation, fields, operators=operators("relation"), source=st.sampled_from([None, SECRET]))


rows = st.recursive(simple_types(), relations, max_leaves=8)
endpoints = st.builds(
    kf.Endpoint, st.text(max_size=5), st.dictionaries(names, rows, max_size=4), suggestions=st.booleans()
)


def told(row: FieldType) -> FieldType:
    """The type without what stays at home."""
    parts: dict[str, object] = {"source": None}
    if isinstance(row, kf.types.Relation):
        parts["related"] = row.with_fields({name: told(inner) for name, inner in row.related.items()}).related
    if isinstance(row, kf.types.Scope):
        parts["conditions"] = None
    return row.with_parts(**parts)


def public(endpoint: kf.Endpoint) -> dict[str, FieldType]:
    return {name: told(row) for name, row in endpoint.items()}


@unhurried
@given(endpoints)
def test_plain_data(endpoint: kf.Endpoint) -> None:
    text = json.dumps(endpoint.to_dict())
    assert SECRET not in text
    read = kf.Endpoint.from_dict(json.loads(text))
    assert read == kf.Endpoint(endpoint.name, public(endpoint), suggestions=endpoint.suggestions)
    assert list(read) == list(endpoint)
    assert read.to_dict() == endpoint.to_dict()


@unhurried
@given(endpoints, st.sampled_from(["", "Text\n\n", "a | b\n"]), st.sampled_from(["", "\nText", "\n- x (id) | y"]))
def test_tables(endpoint: kf.Endpoint, before: str, after: str) -> None:
    table = endpoint.to_markdown()
    assert SECRET not in table
    read = kf.Endpoint.from_markdown(endpoint.name, before + table + after)
    assert read == kf.Endpoint(endpoint.name, public(endpoint))
    assert list(read) == list(endpoint)
    assert read.to_markdown() == table
    assert table.count("\n") == 2 + len(list(endpoint))


@pytest.mark.parametrize("text", ["\\|`a", "`a\\|`b`", "a\\|", "\\|", "\\| b \\| \\|", "a|\\|`|", "``\\|\\|```"])
def test_pipes_behind_backslashes_survive_tables(text: str) -> None:
    """A pipe ends the code span that it would be misread in, and the next one may begin with back quotes or blanks."""
    endpoint = kf.Endpoint("e", {"a": kf.types.Enum(text, "b"), "c": kf.types.String(source=(text,))})
    assert kf.Endpoint.from_markdown("e", endpoint.to_markdown(sources=True)) == endpoint


keys = st.from_regex(r"[A-Za-z0-9_-]{1,4}", fullmatch=True) | awkward.filter(
    lambda key: key and not set(key) & {*"\r\n*"}
)


def placed(row: FieldType, keys: st.DataObject) -> FieldType:
    """The type with a source of its own, and with sources inside it."""
    if isinstance(row, kf.types.Relation):
        row = row.with_fields({name: placed(inner, keys) for name, inner in row.related.items()})
    if isinstance(row, kf.types.Scope):
        return row.with_parts(conditions=None)
    return row.with_parts(source=keys.draw(st.none() | SOURCES))


SOURCES = st.lists(keys, min_size=1, max_size=3).map(tuple)


@unhurried
@given(endpoints, st.data())
def test_sources_are_told_only_to_their_owner(endpoint: kf.Endpoint, data: st.DataObject) -> None:
    endpoint = kf.Endpoint(endpoint.name, {name: placed(row, data) for name, row in endpoint.items()})
    assert kf.Endpoint.from_markdown(endpoint.name, endpoint.to_markdown(sources=True)) == endpoint
    text = json.dumps(endpoint.to_dict(sources=True))
    assert kf.Endpoint.from_dict(json.loads(text)) == endpoint
    assert kf.Endpoint.from_dict(endpoint.to_dict()) == kf.Endpoint(endpoint.name, public(endpoint))
    assert kf.Endpoint.from_markdown(endpoint.name, endpoint.to_markdown()) == kf.Endpoint(
        endpoint.name, public(endpoint)
    )


class Shown(HTMLParser):
    """The texts of a page's cells, and the elements in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.elements: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data.rstrip("\n")


@unhurried
@given(endpoints)
def test_tables_are_shown_as_they_are_meant(endpoint: kf.Endpoint) -> None:
    """Whatever a choice holds is text to those who look at the table, and neither Markdown nor HTML."""
    markdown = pytest.importorskip("markdown_it", reason="the extra docs brings a Markdown renderer")
    shown = Shown(markdown.MarkdownIt("js-default", {"html": True}).render(endpoint.to_markdown()))
    assert shown.elements <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    notations = {name: row.with_parts(operators=None).text for name, row in endpoint.items()}
    assert [*zip(shown.cells[::3], shown.cells[1::3], strict=True)] == [*notations.items()]


@unhurried
@given(rows)
def test_notations(row: FieldType) -> None:
    assert kf.types.from_text(row.text) == told(row)


def test_plain_data_in_full() -> None:
    endpoint = kf.Endpoint(
        "e",
        {
            "title": kf.types.String(case_sensitive=True, operators=["eq", "like"], source=SECRET),
            "owner.id": kf.types.Id("UserData", operators=["eq"]),
            "archived": scope(["with", "only", "without"], True),
            "tasks": kf.types.Relation({"status": kf.types.Enum("a", name="S", operators=["in"])}, operators=["any"]),
        },
        suggestions=False,
    )
    assert endpoint.to_dict() == {
        "name": "e",
        "fields": {
            "title": {"type": "string", "case_sensitive": True, "operators": ["eq", "like"]},
            "owner.id": {"type": "id", "entity": "UserData", "operators": ["eq"]},
            "archived": {"type": "scope", "choices": ["with", "only", "without"], "operators": ["eq"]},
            "tasks": {
                "type": "relation",
                "operators": ["any"],
                "fields": {"status": {"type": "enum", "name": "S", "choices": ["a"], "operators": ["in"]}},
            },
        },
        "suggestions": False,
    }


def test_operators_may_be_left_to_the_type() -> None:
    data = {"name": "e", "fields": {"a": {"type": "date"}, "b": {"type": "relation"}, "c": {"type": "enum"}}}
    assert kf.Endpoint.from_dict(data) == kf.Endpoint("e", {"a": "date", "b": {}, "c": "enum"})


def nested(levels: int) -> Mapping[str, Any]:
    row: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        row = {"type": "relation", "fields": {"a": row}}
    return row


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "found other keys or no object, expected an endpoint's description"),
        ({"name": "e", "fields": {}, "limits": {}}, "found other keys"),
        ({"fields": {}}, "expected a text as 'name'"),
        ({"name": "e"}, "an object as 'fields'"),
        ({"name": "e", "fields": {}, "suggestions": "no"}, "true or false as 'suggestions'"),
        ({"a": "string"}, "field 'a': found a text, expected an object with a text as 'type'"),
        ({"a": {}}, "field 'a': found an object, expected an object with a text as 'type'"),
        ({"a": {"type": None}}, "expected an object with a text as 'type'"),
        ({"a": {"type": "count"}}, "field 'a': found type 'count', expected one of string, number"),
        (
            {"a": {"type": "date", "choices": []}},
            "found 'choices' on type 'date', expected no keys but type, operators",
        ),
        (
            {"a": {"type": "date", "source": "x..y"}},
            "field 'a': found the source 'x..y', expected keys that are not empty",
        ),
        ({"a": {"type": "date", "source": []}}, "found the source [], expected keys that are not empty"),
        ({"a": {"type": "date", "source": 5}}, "found a number as 'source', expected a dotted path or a list of keys"),
        ({"a": {"type": "date", "source": ["x", 5]}}, "found a list as 'source', expected a dotted path or a list of"),
        ({"a": {"type": "scope", "source": "x"}}, "found 'source' on type 'scope'"),
        ({"a": {"type": "scope", "conditions": {}}}, "found 'conditions' on type 'scope'"),
        ({"a": {"type": "date", "operators": "eq"}}, "found a text as 'operators', expected a list of words"),
        ({"a": {"type": "date", "operators": [1]}}, "found a list as 'operators', expected a list of words"),
        ({"a": {"type": "date", "operators": ["x"]}}, "field 'a': 'x' is no operator"),
        ({"a": {"type": "string", "case_sensitive": 1}}, "found a number as 'case_sensitive', expected true or false"),
        ({"a": {"type": "enum", "name": None}}, "found null as 'name', expected a text"),
        ({"a": {"type": "relation", "fields": []}}, "found a list as 'fields', expected an object of descriptions"),
        ({"a": {"type": "relation", "fields": {"b": {"type": "x"}}}}, "field 'a': field 'b': found type 'x'"),
        ({"a b": {"type": "date"}}, "field 'a b': 'a b' is not a field name"),
        ({5: {"type": "date"}}, "field '5': expected a field name, not int"),
        ({"a": nested(101)}, "nested more than 100 levels deep"),
        ({"a": {"type": "enum", "name": "a<b"}}, "field 'a': 'a<b' is not the name of a schema"),
    ],
)
def test_faults_name_the_field(data: Any, message: str) -> None:
    whole = data is None or "name" in data or "fields" in data
    with pytest.raises(ValueError) as error:  # noqa: PT011
        kf.Endpoint.from_dict(data if whole else {"name": "e", "fields": data})
    assert message in str(error.value)
    assert not isinstance(error.value, kf.FilterError)


def test_deep_relations_are_endpoints_like_others() -> None:
    endpoint = kf.Endpoint.from_dict({"name": "e", "fields": {"a": nested(98)}})
    assert kf.Endpoint.from_dict(endpoint.to_dict()) == endpoint
    assert kf.Endpoint.from_markdown("e", endpoint.to_markdown()) == endpoint
