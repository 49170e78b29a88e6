"""Filters as fields of pydantic's models, on their own and in the bodies of FastAPI's routes."""

import json
from contextvars import ContextVar
from functools import partial
from typing import Annotated, Any

import jsonschema
import pytest
from fastapi import Body, Depends, FastAPI, Form, Header, Query
from fastapi.exceptions import RequestValidationError
from hypothesis import given as given_any, settings
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.testclient import TestClient

import kanbert_filter as kf
from kanbert_filter.integrations.fastapi import (
    detailed_filter_errors,
    filter_body,
    filter_errors,
    filter_from,
    filter_responses,
)
from kanbert_filter.integrations.pydantic import filter_field, problems_in
from tests.test_laws import EVERY_TYPE, filters

# Components of documents have the names of endpoints; so these are not those of other tests.
PROJECTS = kf.Endpoint(
    "sought projects", {"title": "string", "budget": "number", "tasks": {"status": "enum: ACTIVE, DONE"}}
)
FOR_GUESTS = PROJECTS.without("budget")
TASKS = kf.Endpoint("sought tasks", {"title": "string", "done": "boolean"})


class Search(BaseModel):
    """A filter that must be given, one that may be null, and one that is no filter unless it is given."""

    model_config = ConfigDict(extra="forbid")

    filter: Annotated[kf.CheckedFilter, filter_field(PROJECTS)]
    tasks: Annotated[kf.CheckedFilter | None, filter_field(TASKS)] = None
    also: Annotated[kf.CheckedFilter, filter_field(PROJECTS)] = Field(default_factory=partial(PROJECTS.parse, ""))
    page: int = 1


BUDGET = PROJECTS.parse("budget >= 1000")
JSON = [{"field": "budget", "op": "gte", "value": 1000}]


@pytest.mark.parametrize(
    "given",
    [
        "budget >= 1000",
        '[{"field": "budget", "op": "gte", "value": 1000}]',
        JSON,
        JSON[0],
        {"and": JSON},
    ],
)
def test_every_way_to_write_it_in_json(given: object) -> None:
    for search in (Search.model_validate({"filter": given}), Search.model_validate_json(json.dumps({"filter": given}))):
        assert (search.filter, search.tasks, search.also) == (BUDGET, None, PROJECTS.parse(""))


@pytest.mark.parametrize("given", [BUDGET, BUDGET.filter, PROJECTS.without("title").parse("budget >= 1000")])
def test_filters_of_python(given: Any) -> None:
    assert Search(filter=given).filter == BUDGET


def test_what_another_endpoint_allows_is_checked_again() -> None:
    for given in (TASKS.parse("title = 'a'"), kf.field("title") == "a"):
        assert Search(filter=given).filter == PROJECTS.parse("title = 'a'")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="Unknown field 'done'"):
        Search(filter=TASKS.parse("done = true"))
    with pytest.raises(ValidationError, match="composed over several endpoints"):
        Search(filter=TASKS.parse("done = true") & BUDGET)


@pytest.mark.parametrize("no_filter", ["", " ", []])
def test_no_filter(no_filter: object) -> None:
    assert Search.model_validate({"filter": no_filter}).filter == PROJECTS.check(kf.EVERYTHING)


def test_null_is_no_filter_where_the_type_says_so() -> None:
    assert Search.model_validate({"filter": "", "tasks": None}).tasks is None
    for field in ("filter", "also"):
        with pytest.raises(ValidationError, match="Found null, expected a condition"):
            Search.model_validate({"filter": "", field: None})


class Every(BaseModel):
    filter: Annotated[kf.CheckedFilter, filter_field(EVERY_TYPE, limits=kf.Limits.lifted())]


@settings(max_examples=50)
@given_any(filters)
def test_what_is_written_is_read_back(tree: kf.Filter) -> None:
    every = Every(filter=EVERY_TYPE.check(tree, limits=kf.Limits.lifted()))
    assert Every.model_validate_json(every.model_dump_json()) == every
    assert Every.model_validate(every.model_dump(mode="json")) == every
    assert Every.model_validate(every.model_dump()) == every
    assert every.model_dump()["filter"] is every.filter


def test_numbers_that_json_cannot_hold_are_written_as_text() -> None:
    text = "budget = 0.10000000000000000000000000001"
    search = Search.model_validate({"filter": text})
    assert search.model_dump(mode="json")["filter"] == text


def test_every_problem_is_an_error_of_its_own_at_its_place() -> None:
    wrong = {"filter": "titel = '{code}' or budget = 'x'", "tasks": [{"field": "done", "op": "gt", "value": True}]}
    with pytest.raises(ValidationError) as caught:
        Search.model_validate(wrong)
    errors = caught.value.errors()
    assert [(error["type"], error["loc"], error["msg"]) for error in errors] == [
        ("filter_error", ("filter",), "Unknown field 'titel'. Did you mean 'title'?"),
        ("filter_error", ("filter",), "Found the text 'x', expected a number"),
        ("filter_error", ("tasks", 0, "op"), "Operator 'gt' is not allowed for type 'boolean'"),
    ]
    assert problems_in(errors) == [
        problem.to_dict(detailed=True)
        for endpoint, source in ((PROJECTS, wrong["filter"]), (TASKS, wrong["tasks"]))
        for problem in problems_of(endpoint, source)
    ]
    json.dumps(problems_in(errors))


def problems_of(endpoint: kf.Endpoint, source: object) -> tuple[kf.Problem, ...]:
    with pytest.raises(kf.FilterError) as caught:
        endpoint.parse(source)
    return caught.value.problems


def test_braces_in_a_message_stay_as_they_are() -> None:
    with pytest.raises(ValidationError) as caught:
        Search.model_validate({"filter": "budget = '{field} {issue}'"})
    assert caught.value.errors()[0]["msg"] == "Found the text '{field} {issue}', expected a number"


def test_the_endpoint_is_the_callers() -> None:
    class Mine(BaseModel):
        filter: Annotated[
            kf.CheckedFilter, filter_field(PROJECTS, visible=lambda role: FOR_GUESTS if role == "guest" else PROJECTS)
        ]

    assert Mine.model_validate({"filter": "budget >= 1000"}, context="member").filter == BUDGET
    hidden, unknown = (caught_errors(Mine, {"filter": f"{name} = 1"}, context="guest") for name in ("budget", "xudget"))
    assert json.loads(json.dumps(hidden)) == json.loads(json.dumps(unknown).replace("xudget", "budget"))


def caught_errors(model: type[BaseModel], data: object, context: object) -> Any:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data, context=context)
    return caught.value.errors(include_url=False, include_input=False)


def test_limits_of_a_field() -> None:
    adapter: TypeAdapter[kf.CheckedFilter] = TypeAdapter(
        Annotated[kf.CheckedFilter, filter_field(PROJECTS, limits=kf.Limits(max_conditions=1))]
    )
    adapter.validate_python("budget = 1")
    with pytest.raises(ValidationError, match="expected at most 1"):
        adapter.validate_python("budget = 1 or budget = 2")


def test_a_field_of_another_type_is_a_mistake_of_the_program() -> None:
    annotations: list[Any] = [str, kf.Filter, kf.CheckedFilter | str]
    for annotation in annotations:
        with pytest.raises(TypeError, match="expected CheckedFilter as the type of a filter's field"):
            TypeAdapter(Annotated[annotation, filter_field(PROJECTS)])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected an endpoint, not str"):
        filter_field("projects")  # type: ignore[arg-type]


# the JSON Schema


def test_the_schema_is_that_of_the_endpoint() -> None:
    schema = Search.model_json_schema()
    validator = jsonschema.Draft202012Validator(schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {"SoughtProjectsCondition", "SoughtProjectsTasksFilter", "SoughtTasksCondition"} <= schema["$defs"].keys()
    assert schema["properties"]["filter"]["examples"] == ['title contains "Acme" and budget >= 1000']
    sound: list[Any] = [{"filter": JSON}, {"filter": "budget > 5", "tasks": None}, {"filter": [], "tasks": []}]
    for data in sound:
        validator.validate(data)
    wrong: list[Any] = [{"filter": None}, {"filter": [{"field": "done", "op": "eq", "value": True}]}, {"filter": 5}]
    for data in wrong:
        assert not validator.is_valid(data)


def test_endpoints_of_one_name_have_components_of_their_own() -> None:
    other = kf.Endpoint("sought projects", {"size": "number"})

    class Both(BaseModel):
        here: Annotated[kf.CheckedFilter, filter_field(PROJECTS)]
        there: Annotated[kf.CheckedFilter, filter_field(other)]
        again: Annotated[kf.CheckedFilter, filter_field(kf.Endpoint("sought projects", {"size": "number"}))]

    schema = Both.model_json_schema()
    here, there, again = (
        schema["properties"][name]["anyOf"][1]["items"]["$ref"] for name in ("here", "there", "again")
    )
    assert here != there == again
    assert jsonschema.Draft202012Validator(schema).is_valid(
        {"here": JSON, "there": [{"field": "size", "op": "eq", "value": 1}], "again": []}
    )


# bodies of FastAPI


def application(errors: Any = filter_errors) -> TestClient:
    app = FastAPI(exception_handlers=errors, responses=filter_responses)

    @app.post("/search")
    def _search(search: Search) -> Search:
        return search

    @app.post("/embedded")
    def _embedded(
        filter: Annotated[kf.CheckedFilter, Body(), filter_field(PROJECTS)], page: Annotated[int, Body()]
    ) -> list[object]:
        return [kf.to_dsl(filter), page]

    @app.post("/form")
    def _form(form: Annotated[Search, Form()]) -> str:
        return kf.to_dsl(form.filter)

    @app.post("/both")
    def _both(search: Search, where: Annotated[kf.CheckedFilter, filter_from(PROJECTS, name="where")]) -> str:
        return kf.to_dsl(search.filter)

    @app.post("/alone", openapi_extra=filter_body(PROJECTS))
    def _alone(filter: Annotated[kf.CheckedFilter, filter_from(PROJECTS)]) -> str:
        return kf.to_dsl(filter)

    @app.post("/wrong/{how}")
    def _wrong(how: str) -> Search:
        if how == "response":
            return {"filter": "secret = 1"}  # type: ignore[return-value]
        if how == "check":
            PROJECTS.parse("secret = 1")
        return Search.model_validate({"filter": "secret = 1"})

    return TestClient(app, raise_server_exceptions=False)


CLIENT = application()


def test_a_body_with_more_than_a_filter() -> None:
    answered = CLIENT.post("/search", json={"filter": "budget >= 1000", "tasks": "done = true", "page": 2})
    tasks = [{"field": "done", "op": "eq", "value": True}]
    assert answered.json() == {"filter": JSON, "tasks": tasks, "also": [], "page": 2}
    assert CLIENT.post("/embedded", json={"filter": JSON, "page": 2}).json() == ["budget >= 1000", 2]
    assert CLIENT.post("/form", data={"filter": "budget >= 1000"}).json() == "budget >= 1000"


def test_a_request_whose_only_faults_are_filters() -> None:
    answered = CLIENT.post("/search", json={"filter": "titel = 'a' or budget = 'x'", "tasks": {"field": "name"}})
    assert (answered.status_code, [*answered.json()]) == (400, ["message", "errors"])
    assert answered.json()["errors"] == [
        {"field": "titel", "issue": "Unknown field 'titel'. Did you mean 'title'?"},
        {"field": "budget", "issue": "Found the text 'x', expected a number"},
        {"field": "name", "issue": problems_of(TASKS, {"field": "name"})[0].message},
    ]
    for url, body in (
        ("/search", {"filter": None}),
        ("/embedded", {"filter": "titel is null", "page": 1}),
        ("/both", {"filter": "titel is null"}),
    ):
        assert CLIENT.post(url, json=body).status_code == 400
    for sent in ({"data": {"filter": "titel is null"}}, {"files": {"filter": b"budget = 1"}}):
        assert CLIENT.post("/form", **sent).status_code == 400


def test_a_request_with_other_faults_too() -> None:
    answered = CLIENT.post("/search", json={"filter": "titel = 'a'", "page": "x"})
    assert answered.status_code == 422
    assert [(error["type"], error["loc"]) for error in answered.json()["detail"]] == [
        ("filter_error", ["body", "filter"]),
        ("int_parsing", ["body", "page"]),
    ]
    assert answered.json()["detail"][0]["ctx"]["code"] == "unknown_field"
    for body in ({}, {"filtr": "budget = 1"}, {"filter": "", "filtr": "budget = 1"}):
        assert CLIENT.post("/search", json=body).status_code == 422
    assert CLIENT.post("/search", content=b"{").status_code == 422


def test_details_of_filters_in_bodies() -> None:
    answered = application(detailed_filter_errors).post("/search", json={"filter": [{"field": "x", "op": "isnull"}]})
    details = {"code": "unknown_field", "pointer": "/0/field", "suggestions": []}
    assert answered.json()["errors"] == [{"field": "x", "issue": "Unknown field 'x'", **details}]


@pytest.mark.parametrize("how", ["response", "check", "model"])
def test_a_filter_of_the_servers_own_is_a_500_that_says_nothing(how: str) -> None:
    answered = CLIENT.post(f"/wrong/{how}")
    assert (answered.status_code, "secret" in answered.text) == (500, False)


def test_the_log_of_a_refused_body(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "kanbert_filter")
    CLIENT.post("/search", json={"filter": "titel = 'private'"})
    assert [record.getMessage() for record in caplog.records if record.name == "kanbert_filter.requests"] == [
        "Refused the filter of POST '/search': unknown_field titel"
    ]


def test_a_caller_known_before_the_body_is_read() -> None:
    """As the page on web servers shows it: a dependency says who asks, and pydantic's validation context is not needed."""
    caller: ContextVar[kf.Endpoint] = ContextVar("caller", default=FOR_GUESTS)

    async def known(role: Annotated[str, Header()] = "guest") -> None:
        caller.set(PROJECTS if role == "member" else FOR_GUESTS)

    class Mine(BaseModel):
        filter: Annotated[kf.CheckedFilter, filter_field(PROJECTS, visible=lambda context: caller.get())]

    app = FastAPI(exception_handlers=filter_errors)

    @app.post("/", dependencies=[Depends(known)])
    def _mine(mine: Mine) -> str:
        return kf.to_dsl(mine.filter)

    client = TestClient(app)
    assert client.post("/", json={"filter": "budget = 1"}, headers={"role": "member"}).json() == "budget = 1"
    for role in ({}, {"role": "guest"}):
        [error] = client.post("/", json={"filter": "budget = 1"}, headers=role).json()["errors"]
        assert error["issue"] == "Unknown field 'budget'"


def test_a_validation_of_ones_own_in_a_route() -> None:
    app = FastAPI(exception_handlers=filter_errors)

    @app.post("/")
    def _own(data: Annotated[dict[str, Any], Body()], role: Annotated[str, Query()]) -> str:
        try:
            return kf.to_dsl(Search.model_validate(data, context=role).filter)
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from None

    client = TestClient(app)
    assert client.post("/?role=guest", json={"filter": "titel is null"}).status_code == 400
    assert client.post("/?role=guest", json={"filter": "titel is null", "page": "x"}).status_code == 422


def test_the_document_of_an_application_is_whole() -> None:
    document = CLIENT.app.openapi()  # type: ignore[attr-defined]
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    referred = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert referred <= schemas.keys()
    assert schemas["Search-Input"]["properties"]["filter"]["anyOf"][1]["items"]["$ref"] in text
