"""Filters in FastAPI: a dependency that yields a checked filter, described in OpenAPI.

Two lines: hand `filter_errors` to the application, and declare a parameter of a route as
`Annotated[CheckedFilter, filter_from(projects)]`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import Depends, Query
from fastapi.openapi.models import Example
from fastapi.requests import Request

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint
from ..limits import DEFAULT_LIMITS, Limits
from .requests import ERROR_SCHEMA, body_schema, description, examples
from .starlette import answer_filter_error, filter_errors, read_filter

__all__ = ["answer_filter_error", "filter_body", "filter_errors", "filter_from", "filter_responses"]

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
    """The dependency that yields the request's filter, checked: what stands behind `Depends`.

    `endpoint` is what OpenAPI describes. `visible`, a dependency itself, gives the endpoint of a request (a table of
    fewer or more fields for each caller) instead of it; so document what everybody may know.
    """

    def documented() -> Endpoint:
        return endpoint

    choice = Depends(visible or documented)
    shown = {title: Example(summary=title, value=text) for title, text in examples(endpoint).items()}

    # The text that FastAPI finds is not used: a query string may also hold form keys, or two filters.
    async def dependency(
        request: Request,
        text: str | None = Query(
            None, alias=name, description=description(endpoint, limits), openapi_examples=shown or None
        ),
        chosen: Any = choice,
    ) -> CheckedFilter:
        return await read_filter(request, chosen, name=name, limits=limits)

    return Depends(dependency)


def filter_body(endpoint: Endpoint, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The OpenAPI description of a body that carries the filter: `@app.post(…, openapi_extra=filter_body(projects))`."""
    return {"requestBody": body_schema(endpoint, name=name, limits=limits)}
