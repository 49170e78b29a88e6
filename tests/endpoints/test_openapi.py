"""Endpoints from OpenAPI documents: where the table may be, and what leads there."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import kanbert_filter as kf
from kanbert_filter.endpoints.openapi import endpoints_from_openapi

TABLE = """Allowed filter fields (with allowed operators):

| Field | Type | Operators |
|---|---|---|
| segment | enum<Segment> | eq, in |
| listed | enum<Segment>: X |  |
| other | enum<Other> | eq |
| tasks | Relation - status (enum<Segment>) | any |

Filtering expression.
"""
FILTER = {"name": "filter", "in": "query", "description": TABLE}
SORT = {"name": "sort", "in": "query", "description": TABLE}
SCHEMAS = {"Segment": {"type": "string", "enum": ["A", "B", None, 3, True, "A"]}, "Other": {"type": "string"}}
ENDPOINT = kf.Endpoint(
    "GET /clients",
    {
        "segment": "enum<Segment>: A, B, 3; eq, in",
        "listed": "enum<Segment>: X",
        "other": "enum<Other>; eq",
        "tasks": "Relation - status (enum<Segment>: A, B, 3); any",
    },
)


def document(item: Any, **components: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {"/clients": item}, "components": {"schemas": SCHEMAS, **components}}


@pytest.mark.parametrize(
    ("item", "components"),
    [
        ({"get": {"parameters": [SORT, FILTER]}}, {}),
        ({"parameters": [FILTER], "get": {}}, {}),
        ({"parameters": [{**FILTER, "description": "none"}], "get": {"parameters": [FILTER]}}, {}),
        ({"get": {"parameters": [{"$ref": "#/components/parameters/Filter"}]}}, {"parameters": {"Filter": FILTER}}),
        ({"get": {"parameters": [{"$ref": "#/components/parameters/a~1b~0%20c"}]}}, {"parameters": {"a/b~ c": FILTER}}),
        (
            {"get": {"parameters": [{"$ref": "#/components/parameters/F"}]}},
            {"parameters": {"F": {"$ref": "#/components/parameters/G"}, "G": FILTER}},
        ),
        (
            {"get": {"parameters": [{"$ref": "#/components/parameters/F", "description": TABLE}]}},
            {"parameters": {"F": {"name": "filter", "in": "query", "description": "See the operation."}}},
        ),
        ({"$ref": "#/components/pathItems/clients"}, {"pathItems": {"clients": {"get": {"parameters": [FILTER]}}}}),
        ({"get": {"parameters": [{"$ref": "#/paths/~1clients/parameters/0"}]}, "parameters": [FILTER]}, {}),
        ({"get": {"parameters": [FILTER]}, "post": {"parameters": [SORT]}, "summary": "x", "put": None}, {}),
    ],
)
def test_where_the_table_may_be(item: Any, components: Any) -> None:
    assert endpoints_from_openapi(document(item, **components)) == {"GET /clients": ENDPOINT}


REF = {"$ref": "#/components/schemas/Letters"}
LETTERS = {"type": "string", "enum": ["A", "B"]}


@pytest.mark.parametrize(
    "schema",
    [
        REF,
        {"allOf": [REF]},
        {"allOf": [REF], "nullable": True},
        {"anyOf": [REF, {"type": "null"}]},
        {"oneOf": [{"enum": ["A"]}, {"oneOf": [{"allOf": [{"enum": ["B", None]}]}]}]},
        {"oneOf": [{"const": "A", "title": "the first"}, {"const": "B"}, {"const": None}]},
        {"allOf": [{"type": "string"}, REF, {"enum": ["C", "B", "A"]}]},
        {"anyOf": [REF, REF], "enum": ["B", "A", "D"]},
        {"allOf": [{"anyOf": [REF, {"type": "string"}]}, REF], "anyOf": "no list", "oneOf": []},
    ],
)
@pytest.mark.parametrize("place", ["components", "definitions"])
def test_choices_behind_other_schemas(schema: Any, place: str) -> None:
    schemas = {"Segment": schema, "Letters": LETTERS}
    paths = {"/clients": {"get": {"parameters": [FILTER]}}}
    if place == "components":
        read = endpoints_from_openapi({"paths": paths, "components": {"schemas": schemas}})
    else:  # as in Swagger 2
        schemas = json.loads(json.dumps(schemas).replace("components/schemas", "definitions"))
        read = endpoints_from_openapi({"paths": paths, "definitions": schemas})
    segment = read["GET /clients"]["segment"]
    assert isinstance(segment, kf.types.Enum)
    assert set(segment.choices) == {"A", "B"}
    assert read["GET /clients"]["listed"] == ENDPOINT["listed"]


@pytest.mark.parametrize(
    "schema", [{"anyOf": [LETTERS, {"type": "string"}]}, {"allOf": []}, {"anyOf": [LETTERS, True]}, {"enum": []}]
)
def test_schemas_that_allow_any_text(schema: Any) -> None:
    read = endpoints_from_openapi(document({"get": {"parameters": [FILTER]}}, schemas={"Segment": schema}))
    assert read["GET /clients"]["segment"] == kf.types.Enum(name="Segment", operators=["eq", "in"])


@pytest.mark.parametrize(
    "components", [{}, {"schemas": []}, {"schemas": {"Segment": "x"}}, {"schemas": {"Segment": {"enum": {}}}}]
)
def test_choices_may_be_missing(components: Any) -> None:
    paths = {"/clients": {"get": {"parameters": [FILTER]}}}
    [endpoint] = endpoints_from_openapi({"paths": paths, "components": components}).values()
    assert endpoint["segment"] == kf.types.Enum(name="Segment", operators=["eq", "in"])


def test_every_operation_is_an_endpoint_of_its_own() -> None:
    paths = {
        "/a": {"get": {"parameters": [FILTER]}, "query": {"parameters": [FILTER]}},
        "/b": {"parameters": [FILTER], "post": {}},
    }
    read = endpoints_from_openapi({"paths": paths})
    assert list(read) == ["GET /a", "QUERY /a", "POST /b"]
    assert [endpoint.name for endpoint in read.values()] == list(read)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"get": {"parameters": []}},
        {"get": {"parameters": [SORT, None, {"name": "filter", "in": "header", "description": TABLE}]}},
        {"get": {"parameters": [{"name": "filter", "in": "query"}]}},
        {
            "get": {"parameters": [{"name": "filter", "in": "query", "description": "No table."}]},
            "parameters": [FILTER],
        },
    ],
)
def test_operations_without_a_table_are_left_out(item: Any) -> None:
    read = endpoints_from_openapi(document(item))
    assert read == {}
    assert read.faults == {}
    assert endpoints_from_openapi({"openapi": "3.1.0"}) == {}


@pytest.mark.parametrize("paths", [[], None, "x"])
def test_what_is_no_document(paths: Any) -> None:
    documents: list[Any] = [[], None, {"paths": paths}]
    for found in documents:
        with pytest.raises(ValueError, match="the document has no object 'paths'") as error:
            endpoints_from_openapi(found)
        assert not isinstance(error.value, kf.FilterError)


@pytest.mark.parametrize(
    ("item", "place", "reason"),
    [
        ([], "/clients", "found no object, expected the path's operations"),
        ({"$ref": "#/paths/~1clients"}, "/clients", "the reference '#/paths/~1clients' leads back to itself"),
        ({"$ref": "#/nowhere"}, "/clients", "the reference '#/nowhere' leads nowhere"),
        ({"get": []}, "GET /clients", "found no object, expected an operation"),
        ({"get": {"parameters": {}}}, "GET /clients", "'parameters' is no list"),
        ({"get": {"parameters": [{"$ref": "other.yaml#/x"}]}}, "GET /clients", "'other.yaml#/x' leaves the document"),
        ({"get": {"parameters": [{"$ref": "#/components/parameters/F"}]}}, "GET /clients", "leads nowhere"),
        (
            {"get": {"parameters": [{"$ref": "#/paths/~1clients/parameters/1"}]}, "parameters": []},
            "GET /clients",
            "nowhere",
        ),
        ({"get": {"parameters": [{**FILTER, "description": TABLE * 2}]}}, "GET /clients", "found 2 tables"),
        (
            {"get": {"parameters": [{**FILTER, "description": TABLE.replace("enum", "enm")}]}},
            "GET /clients",
            "row 'segment': found type 'enm', expected one of string",
        ),
        (
            {"get": {"parameters": [{**FILTER, "description": "<table><tr><th>Field</th></tr></table>"}]}},
            "GET /clients",
            "found a table of fields in HTML",
        ),
    ],
)
def test_a_fault_loses_one_operation(item: Any, place: str, reason: str) -> None:
    found = document(item)
    found["paths"] |= {"/users": {"get": {"parameters": [FILTER]}}, "x-internal": [5], 7: None, "": {}, "users": {}}
    read = endpoints_from_openapi(found)
    assert list(read) == ["GET /users"]
    assert (len(read), "GET /users" in read, "GET /clients" in read) == (1, True, False)
    assert read["GET /users"] == kf.Endpoint("GET /users", ENDPOINT)
    [(faulty, sentence)] = read.faults.items()
    assert faulty == place
    assert reason in sentence
    for look in (read.__getitem__, read.get):
        with pytest.raises(ValueError, match=re.escape(f"{place}: {sentence}")) as error:
            look("GET /clients")
        assert not isinstance(error.value, kf.FilterError)
    with pytest.raises(KeyError):
        read["GET /user"]
    assert repr(read) == "<OpenApiEndpoints: GET /users>"


def test_references_of_other_parameters_may_lead_elsewhere() -> None:
    elsewhere = {"$ref": "page.yaml#/Size"}
    for parameters in ([elsewhere, FILTER], [FILTER, elsewhere]):
        assert endpoints_from_openapi(document({"get": {"parameters": parameters}})) == {"GET /clients": ENDPOINT}


def test_other_columns_are_reported_once() -> None:
    table = "Field | Type | Operators | Notes\n-|-|-|-\na | string | eq | x\n"
    item = {"parameters": [{**FILTER, "description": table}], "get": {}, "post": {}}
    with pytest.warns(UserWarning, match="Ignored columns") as reported:
        read = endpoints_from_openapi(document(item))
    assert [endpoint["a"].text for endpoint in read.values()] == ["string; eq", "string; eq"]
    assert [(str(warning.message)[-7:], warning.filename) for warning in reported] == [("'Notes'", __file__)]


def chain(length: int, link: str) -> dict[str, Any]:
    """Schemas each of which is made of the next one, twice."""
    schemas: dict[str, Any] = {"Segment": {link: [{"$ref": "#/components/schemas/S1"}] * 2}, f"S{length}": LETTERS}
    for level in range(1, length):
        schemas[f"S{level}"] = {link: [{"$ref": f"#/components/schemas/S{level + 1}"}] * 2}
    return schemas


def inline(depth: int) -> Any:
    schema: dict[str, Any] = LETTERS
    for _ in range(depth):
        schema = {"anyOf": [schema, schema]}
    return schema


LOOP: dict[str, Any] = {}
LOOP["anyOf"] = [LOOP]


@pytest.mark.parametrize(
    ("schemas", "reason"),
    [
        ({"Segment": {"anyOf": [{"$ref": "#/components/schemas/Segment"}]}}, "found a schema inside itself"),
        ({"Segment": {"$ref": "#/components/schemas/Segment"}}, "leads back to itself"),
        ({"Segment": LOOP}, "found a schema inside itself"),
        (chain(90, "anyOf"), None),
        (chain(90, "allOf"), None),
        (chain(5000, "oneOf"), "found a schema nested more than 100 levels deep"),
        ({"Segment": inline(90)}, None),
        ({"Segment": inline(100_000)}, "found a schema nested more than 100 levels deep"),
        ({"Segment": {"enum": [str(n) for n in range(100_000)]}}, None),
        ({5: {}, "Segment": {7: 8, "enum": [{}, [], 1.5, "A"]}}, None),
        ({"Segment": {"enum": ["\ud800"]}}, None),
    ],
    ids=range(11),
)
def test_a_hostile_document_does_not_hang(schemas: Any, reason: str | None) -> None:
    before = time.process_time()
    read = endpoints_from_openapi(document({"get": {"parameters": [FILTER]}}, schemas=schemas))
    assert time.process_time() - before < 5  # far more than it takes
    assert [reason is None or reason in fault for fault in read.faults.values()] in ([True], [])
    assert (reason is None) or "GET /clients" in read.faults


keys = st.sampled_from(
    [
        "paths",
        "/a",
        "get",
        "parameters",
        "name",
        "in",
        "description",
        "$ref",
        "enum",
        "anyOf",
        "allOf",
        "components",
        "schemas",
        "Segment",
    ]
)
leaves = st.sampled_from(
    [
        None,
        5,
        "filter",
        "query",
        TABLE,
        "#/components/schemas/Segment",
        "#/paths/~1a/get",
        "#/",
        "A",
        "#/components/schemas",
    ]
)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.integers(), inner, max_size=4)
)


@settings(max_examples=200)
@given(anything, anything, anything)
def test_every_document_gives_endpoints_and_faults(parameter: Any, schema: Any, item: Any) -> None:
    found: Any = document({"get": {"parameters": [parameter, FILTER]}}, schemas={"Segment": schema})
    found["paths"]["/b"] = item
    read = endpoints_from_openapi(found)
    for place in (*read, *read.faults):
        assert place.split(" ")[-1] in ("/clients", "/b")
