"""Filters in FastAPI: a dependency that yields a checked filter, described in OpenAPI.

Two lines: hand `filter_errors` to the application, and declare a parameter of a route as
`Annotated[CheckedFilter, filter_from(projects)]`.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Response
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.models import Example
from fastapi.requests import HTTPConnection, Request
from fastapi.responses import JSONResponse
from fastapi.websockets import WebSocket
from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint, ensure_endpoint
from ..endpoints.json_schema import pascal_case
from ..errors import FilterError, documented_body
from ..limits import DEFAULT_LIMITS, Limits
from ..notations.form import ensure_name
from .pydantic import add_components, component_prefix, problems_in, value_schema
from .requests import FORM_TYPE, filter_description, filter_examples, log_refusal, parameter_description
from .starlette import answer_filter_error, read_filter

__all__ = [
    "answer_filter_error",
    "answer_validation_error",
    "detailed_filter_errors",
    "detailed_filter_responses",
    "filter_body",
    "filter_errors",
    "filter_from",
    "filter_responses",
]


# reading


def filter_from(
    endpoint: Endpoint,
    *,
    visible: Callable[..., Any] | None = None,
    name: str = "filter",
    limits: Limits = DEFAULT_LIMITS,
    help_url: str | None = None,
) -> Any:
    """The dependency that yields the checked filter of a request or a WebSocket, for `Annotated[CheckedFilter, …]`.

    OpenAPI describes `endpoint`. `visible`, a dependency itself, gives the endpoint of each request instead of it (a table
    of fewer or more fields for each caller); so document what everybody may know. `help_url` is a page about filters that
    the description links to.
    """

    ensure_endpoint(endpoint)
    ensure_name(name)
    description = parameter_description(endpoint, limits, help_url=help_url)
    shown = {title: Example(summary=title, value=text) for title, text in filter_examples(endpoint).items()}
    query = Query(alias=name, description=description, openapi_examples=shown or None)
    # The parameter puts the filter into OpenAPI. Its value is not used: a query string may hold form keys too, or two filters.
    InUrl = Annotated[str | None, query, _Documented(endpoint, name, help_url)]
    OfCaller = Annotated[Any, Depends(visible)]

    async def read(request: HTTPConnection, chosen: Endpoint) -> CheckedFilter:
        assert isinstance(request, (Request, WebSocket))  # FastAPI injects either
        return await read_filter(request, chosen, name=name, limits=limits)

    async def for_everybody(request: HTTPConnection, text: InUrl = None) -> CheckedFilter:
        return await read(request, endpoint)

    async def for_caller(request: HTTPConnection, chosen: OfCaller, text: InUrl = None) -> CheckedFilter:
        return await read(request, chosen)

    return Depends(for_everybody if visible is None else for_caller)


# answering


async def answer_validation_error(
    request: Request, error: RequestValidationError, *, detailed: bool = False
) -> Response:
    """The documented 400 response if all that is wrong with a request are filters of its models; else FastAPI's 422.

    The filters are fields made by `kanbert_filter.integrations.pydantic.filter_field`. If `detailed`, each error also has
    its code, place and suggestions.
    """
    problems = problems_in(error.errors())
    if problems is None:
        return await request_validation_exception_handler(request, error)
    log_refusal([(problem["code"], problem["field"]) for problem in problems], request.method, request.scope["path"])
    shown = [p if detailed else {"field": p["field"], "issue": p["issue"]} for p in problems]
    return JSONResponse(documented_body(shown), status_code=400)


filter_errors: Final[dict[Any, Callable[[Any, Any], Any]]] = {
    FilterError: answer_filter_error,
    RequestValidationError: answer_validation_error,
}
"""The exception handlers: `FastAPI(exception_handlers=filter_errors)`."""

detailed_filter_errors: Final[dict[Any, Callable[[Any, Any], Any]]] = {
    FilterError: partial(answer_filter_error, detailed=True),
    RequestValidationError: partial(answer_validation_error, detailed=True),
}
"""The exception handlers whose answers also have codes, places and suggestions as data."""


# describing


class FilterFault(BaseModel):
    """One thing that is wrong with a filter."""

    field: str | None
    issue: str


class InvalidFilter(BaseModel):
    """The filter is refused."""

    message: str
    errors: list[FilterFault]


class DetailedFilterFault(FilterFault):
    """One thing that is wrong with a filter, where it is, and what may be meant."""

    code: str
    suggestions: list[str]
    line: int | None = None
    column: int | None = None
    pointer: str | None = None
    key: str | None = None


class DetailedInvalidFilter(BaseModel):
    """The filter is refused."""

    message: str
    errors: list[DetailedFilterFault]


_REFUSED: Final = "The filter is refused."

filter_responses: Final[dict[int | str, dict[str, Any]]] = {400: {"description": _REFUSED, "model": InvalidFilter}}
"""The 400 response for OpenAPI: `FastAPI(responses=filter_responses, exception_handlers=filter_errors)`."""

detailed_filter_responses: Final[dict[int | str, dict[str, Any]]] = {
    400: {"description": _REFUSED, "model": DetailedInvalidFilter}
}
"""The 400 response of `detailed_filter_errors` for OpenAPI."""


def filter_body(endpoint: Endpoint, *, name: str = "filter") -> dict[str, Any]:
    """The OpenAPI description of a body that carries the filter: `@app.post(…, openapi_extra=filter_body(projects))`.

    It refers to a component that `filter_from(projects)`, with the same name of the parameter, puts into the document.
    """
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{_body_name(endpoint, name)}"}}
    shown = filter_examples(endpoint)
    if shown:
        content["example"] = {name: shown["DSL"]}
    form = {"schema": {"$ref": f"#/components/schemas/{_form_name(endpoint, name)}"}}
    return {"requestBody": {"content": {"application/json": content, FORM_TYPE: form}}}


def _body_name(endpoint: Endpoint, name: str) -> str:
    return f"{component_prefix(endpoint)}{pascal_case(name)}Body"


def _form_name(endpoint: Endpoint, name: str) -> str:
    return f"{component_prefix(endpoint)}{pascal_case(name)}Form"


class _Documented:
    """The parameter's type in OpenAPI, and the components that bodies refer to."""

    def __init__(self, endpoint: Endpoint, name: str, help_url: str | None) -> None:
        self.endpoint = endpoint
        self.name = name
        self.help_url = help_url

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        value = value_schema(self.endpoint, handler)
        text, json = value["anyOf"]
        description = filter_description(self.endpoint, help_url=self.help_url)
        of_json = {"required": [self.name], "additionalProperties": False}
        bodies = {
            _body_name(self.endpoint, self.name): ({"description": description, **value}, of_json),
            _form_name(self.endpoint, self.name): ({"description": description, "type": "string"}, {}),
        }
        objects = {name: {"type": "object", "properties": {self.name: v}} | more for name, (v, more) in bodies.items()}
        add_components(objects, handler)
        content = {"contentMediaType": "application/json", "contentSchema": {"type": "array", "items": json["items"]}}
        return {"anyOf": [text, {"title": json["title"], "type": "string", **content}]}
