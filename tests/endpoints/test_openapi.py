"""Endpoints from OpenAPI documents: where the table may be, and what leads there."""

from typing import Any

import pytest

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


def test_choices_behind_a_reference() -> None:
    schemas = {"Segment": {"$ref": "#/components/schemas/Letters"}, "Letters": SCHEMAS["Segment"]}
    read = endpoints_from_openapi(document({"get": {"parameters": [FILTER]}}, schemas=schemas))
    assert read == {"GET /clients": ENDPOINT}


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
    assert endpoints_from_openapi(document(item)) == {}
    assert endpoints_from_openapi({"openapi": "3.1.0"}) == {}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([], "the document has no object 'paths'"),
        ({"paths": []}, "the document has no object 'paths'"),
        (document([]), "path '/clients': it is no object"),
        (document({"get": {"parameters": {}}}), "GET /clients: 'parameters' is no list"),
        (
            document({"get": {"parameters": [{"$ref": "other.yaml#/x"}]}}),
            "GET /clients: the reference 'other.yaml#/x' leaves",
        ),
        (document({"get": {"parameters": [{"$ref": "#/components/parameters/F"}]}}), "leads nowhere"),
        (
            document({"$ref": "#/paths/~1clients"}),
            "path '/clients': the reference '#/paths/~1clients' leads back to itself",
        ),
        (
            document({"get": {"parameters": [{"$ref": "#/paths/~1clients/parameters/1"}]}, "parameters": [FILTER]}),
            "nowhere",
        ),
        (document({"get": {"parameters": [{**FILTER, "description": TABLE * 2}]}}), "GET /clients: found 2 tables"),
        (
            document({"get": {"parameters": [{**FILTER, "description": TABLE.replace("enum", "enm")}]}}),
            "GET /clients: row 'segment': found type 'enm', expected one of string",
        ),
    ],
)
def test_faults_name_the_place(found: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        endpoints_from_openapi(found)
    assert message in str(error.value)
    assert not isinstance(error.value, kf.FilterError)
