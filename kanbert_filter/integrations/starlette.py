"""Filters in Starlette, and in any ASGI application that makes its `Request`.

Two lines: hand `filter_errors` to the application, and ask for the request's filter where it is needed. The second
depends on nothing but the request, so the endpoint may be another one for each caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint
from ..errors import FilterError
from ..limits import DEFAULT_LIMITS, Limits
from .requests import body_size, body_too_long, filter_of_request, refusal

__all__ = ["answer_filter_error", "filter_errors", "read_filter"]


async def read_filter(
    request: Request, endpoint: Endpoint, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS
) -> CheckedFilter:
    """The filter of the request, from its URL or its body, in any notation, checked.

    Raises `FilterSyntaxError` or `FilterCheckError`, which `filter_errors` answers.
    """
    try:
        body = await _body(request, limits)
        query = request.scope["query_string"]
        content_type = request.headers.get("content-type", "")
        return filter_of_request(endpoint, query, content_type, body, name=name, limits=limits)
    except FilterError as error:
        request.state.refused_filter = error
        raise


async def answer_filter_error(request: Request, error: Exception) -> Response:
    """The documented 400 response. An error of anything but the request's own filter is raised again: a 500.

    That an engine cannot run a sound filter is a 400 too, whose body does not say why: the reason may be the server's.
    """
    assert isinstance(error, FilterError)
    of_request = getattr(request.state, "refused_filter", None) is error
    # `request.url` would decode the query, which may be what is wrong.
    body = refusal(error, request.method, request.scope["path"], of_request=of_request)
    if body is None:
        raise error
    return JSONResponse(body, status_code=400)


filter_errors: Final[dict[Any, Callable[[Request, Exception], Any]]] = {FilterError: answer_filter_error}
"""The exception handlers: `Starlette(routes=…, exception_handlers=filter_errors)`."""


async def _body(request: Request, limits: Limits) -> bytes:
    """The body, of which no more is read than a filter may have; kept as Starlette keeps it, for who reads it again."""
    most = body_size(limits)
    if getattr(request.state, "overlong_body", False):
        raise body_too_long(limits)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > len(str(most)) or int(declared) > most):
        raise body_too_long(limits)
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > most:
            request.state.overlong_body = True
            raise body_too_long(limits)
    request._body = bytes(chunks)
    return request._body
