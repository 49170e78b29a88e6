"""Filters in FastAPI: a dependency that yields a checked filter, described in OpenAPI.

Two lines: hand `filter_errors` to the application, and declare a parameter of a route as
`Annotated[CheckedFilter, filter_from(projects)]`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import Depends, Query
from fastapi.openapi.models import Example
from fastapi.requests import HTTPConnection, Request
from fastapi.websockets import WebSocket

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint
from ..limits import DEFAULT_LIMITS, Limits
from .requests import ERROR_SCHEMA, body_schema, filter_examples, parameter_description
from .starlette import answer_filter_error, detailed_filter_errors, filter_errors, read_filter

__all__ = [
    "answer_filter_error",
    "detailed_filter_errors",
    "filter_body",
    "filter_errors",
    "filter_from",
    "filter_responses",
]

filter_responses: Final[dict[int | str, dict[str, Any]]] = {
    400: {"description": "The filter is refused.", "content": {"application/json": {"schema": ERROR_SCHEMA}}}
}
"""The 400 response for OpenAPI: `FastAPI(responses=filter_responses, exception_handlers=filter_errors)`."""


def filter_from(
    endpoint: Endpoint,
    *,
    visible: Callable[..., Any] | None = None,
    name: str = "filter",
    limits: Limits = DEFAULT_LIMITS,
) -> Any:
    """The dependency that yields the checked filter of a request or a WebSocket, for `Annotated[CheckedFilter, …]`.

    OpenAPI describes `endpoint`. `visible`, a dependency itself, gives the endpoint of each request instead of it (a table
    of fewer or more fields for each caller); so document what everybody may know.
    """

    def documented() -> Endpoint:
        return endpoint

    choice = Depends(visible or documented)
    shown = {title: Example(summary=title, value=text) for title, text in filter_examples(endpoint).items()}

    # `text` puts the parameter into OpenAPI. Its value is not used: a query string may hold form keys too, or two filters.
    async def dependency(
        request: HTTPConnection,
        text: str | None = Query(
            None, alias=name, description=parameter_description(endpoint, limits), openapi_examples=shown or None
        ),
        chosen: Any = choice,
    ) -> CheckedFilter:
        assert isinstance(request, (Request, WebSocket))  # FastAPI injects either
        return await read_filter(request, chosen, name=name, limits=limits)

    return Depends(dependency)


def filter_body(endpoint: Endpoint, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The OpenAPI description of a body that carries the filter: `@app.post(…, openapi_extra=filter_body(projects))`."""
    return {"requestBody": body_schema(endpoint, name=name, limits=limits)}
