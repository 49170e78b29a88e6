"""Filters in Starlette, and in any ASGI application that makes its `Request`.

Two lines: hand `filter_errors` to the application, and ask for the request's filter where it is needed. `read_filter`
depends on nothing but the request, so each caller may have an endpoint of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketState

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint
from ..errors import FilterError
from ..limits import DEFAULT_LIMITS, Limits
from .requests import (
    FORM_TYPE,
    body_too_long,
    check_body_was_seen,
    client_filter,
    filter_of_request,
    form_again,
    is_form,
    largest_body,
    refusal,
)

__all__ = ["answer_filter_error", "detailed_filter_errors", "filter_errors", "read_filter"]

_POLICY_VIOLATION: Final = 1008


async def read_filter(
    request: Request | WebSocket, endpoint: Endpoint, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS
) -> CheckedFilter:
    """The filter of a request or a `WebSocket`, from its URL or its body, in any notation, checked.

    A body can be read again afterwards. A form that was read before is used as it was read.

    Raises `FilterSyntaxError` or `FilterCheckError`, which `filter_errors` answers.
    """
    scope = request.scope
    is_http_1 = scope.get("http_version", "1.1").startswith("1")
    if isinstance(request, WebSocket) or (scope["method"] == "GET" and is_http_1 and not _announces_body(scope)):
        if isinstance(request, Request):
            request._body = b""
        return filter_of_request(endpoint, "GET", scope["query_string"], None, b"", name=name, limits=limits)
    headers = request.headers
    content_type = headers.get("content-type", "")
    with client_filter():
        form = request._form if is_form(content_type) else None
        body = await _received_body(request, limits) if form is None else form_again(form.multi_items(), name)
        # A body of ASGI arrives whole. It is empty where something before has read it; HTTP/2 does not announce it.
        if not body and is_http_1:
            length, coding = headers.get("content-length"), headers.get("transfer-encoding")
            check_body_was_seen(request.method, content_type, body, content_length=length, transfer_encoding=coding)
        content_type = content_type if form is None else FORM_TYPE
        query = scope["query_string"]
        return filter_of_request(endpoint, request.method, query, content_type, body, name=name, limits=limits)


def _announces_body(scope: Scope) -> bool:
    """Whether the headers of an HTTP/1 request announce a body."""
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


async def answer_filter_error(
    request: Request | WebSocket, error: Exception, *, detailed: bool = False
) -> Response | None:
    """The documented 400 response to an error of the request's own filter. Any other error is raised again: a 500.

    If `detailed`, the body is `error.response_body(detailed=True)`.

    A WebSocket that is not accepted yet gets this response too, if the server can send it. Otherwise it is closed with
    code 1008.
    """
    assert isinstance(error, FilterError)
    # `request.url` would decode the query, which may be what is wrong.
    body = refusal(error, request.scope.get("method", "WEBSOCKET"), request.scope["path"], detailed=detailed)
    if body is None:
        raise error
    if isinstance(request, WebSocket):
        can_respond = "websocket.http.response" in request.scope.get("extensions", {})
        if request.application_state is not WebSocketState.CONNECTING or not can_respond:
            await request.close(_POLICY_VIOLATION, str(body["message"]))
            return None
    return JSONResponse(body, status_code=400)


filter_errors: Final[dict[Any, Callable[[Any, Exception], Any]]] = {FilterError: answer_filter_error}
"""The exception handlers: `Starlette(routes=…, exception_handlers=filter_errors)`."""

detailed_filter_errors: Final[dict[Any, Callable[[Any, Exception], Any]]] = {
    FilterError: partial(answer_filter_error, detailed=True)
}
"""The exception handlers whose answers also have codes, places and suggestions as data."""


async def _received_body(request: Request, limits: Limits) -> bytes:
    """The body, of which no more is read than a filter may have; kept as Starlette keeps it, for who reads it again."""
    most = largest_body(limits)
    if getattr(request.state, "overlong_body", False):
        raise body_too_long(limits)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > len(str(most)) or int(length) > most):
        raise body_too_long(limits)
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > most:
            request.state.overlong_body = True
            raise body_too_long(limits)
    request._body = bytes(chunks)
    return request._body
