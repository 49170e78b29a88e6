"""Filters in Django views, plain ones and asynchronous ones, and in those of Django REST framework.

Two lines: name the middleware in the settings, as `"kanbert_filter.integrations.django.FilterErrorMiddleware"`, and ask
for the request's filter in the view.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.http import HttpRequest, JsonResponse
from django.utils.deprecation import MiddlewareMixin

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint
from ..errors import FilterError
from ..limits import DEFAULT_LIMITS, Limits
from .requests import (
    FORM_TYPE,
    body_not_seen,
    body_too_long,
    check_body_was_seen,
    client_filter,
    filter_of_request,
    form_again,
    is_form,
    largest_body,
    refusal,
)

__all__ = ["DetailedFilterErrorMiddleware", "FilterErrorMiddleware", "answer_filter_error", "read_filter"]

_OVERLONG = "_overlong_body"


def read_filter(
    request: HttpRequest, endpoint: Endpoint, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS
) -> CheckedFilter:
    """The filter of the request, from its URL or its body, in any notation, checked.

    `request` may also be a `Request` of Django REST framework. A body can be read again afterwards. A form that was read
    before is used as it was read; of any other body that was read before, and not kept by Django, its own
    `RawPostDataException` is raised.

    Raises `FilterSyntaxError` or `FilterCheckError`, which `FilterErrorMiddleware` answers.
    """
    read: Any = getattr(request, "_request", request)  # what REST framework wraps, with what the stubs leave out
    method, meta, is_wsgi = read.method or "", read.META, isinstance(read, WSGIRequest)
    # WSGI hands bytes on as Latin-1 text, and Django's ASGI handler as UTF-8.
    query = meta.get("QUERY_STRING", "").encode("latin-1" if is_wsgi else "utf-8")
    content_type, length = meta.get("CONTENT_TYPE", ""), meta.get("CONTENT_LENGTH") or None
    with client_filter():
        if hasattr(read, "_post") and not hasattr(read, "_body") and is_form(content_type) and read._read_started:
            pairs = [(key, value) for form in (read.POST, read.FILES) for key in form for value in form.getlist(key)]
            content_type, body = FORM_TYPE, form_again(pairs, name)
            stream = read._stream
            # Django takes a part of a form for the whole of it.
            if isinstance(stream, LimitedStream) and stream._pos < stream.limit:  # type: ignore[attr-defined]
                raise body_not_seen()
        else:
            body = _kept_body(read, length, limits)
            # WSGI knows a body by its headers alone. In ASGI HTTP/2 and later need no headers for it.
            if is_wsgi or read.scope.get("http_version", "1.1").startswith("1"):
                coding = meta.get("HTTP_TRANSFER_ENCODING")
                check_body_was_seen(method, content_type, body, content_length=length, transfer_encoding=coding)
        return filter_of_request(endpoint, method, query, content_type, body, name=name, limits=limits)


def answer_filter_error(request: HttpRequest, error: Exception, *, detailed: bool = False) -> JsonResponse | None:
    """The documented 400 response to an error of the request's own filter; None for any other error, which is a 500.

    If `detailed`, the body is `error.response_body(detailed=True)`.
    """
    if not isinstance(error, FilterError):
        return None
    body = refusal(error, request.method or "", request.path, detailed=detailed)
    return None if body is None else JsonResponse(body, status=400)


class FilterErrorMiddleware(MiddlewareMixin):
    """Answers what `read_filter` raises; see `answer_filter_error`."""

    detailed = False

    def process_exception(self, request: HttpRequest, exception: Exception) -> JsonResponse | None:
        """Django calls this for an exception of a view."""
        return answer_filter_error(request, exception, detailed=self.detailed)


class DetailedFilterErrorMiddleware(FilterErrorMiddleware):
    """The middleware whose answers also have codes, places and suggestions as data."""

    detailed = True


def _kept_body(request: Any, length: str | None, limits: Limits) -> bytes:
    """The body, of which no more is read than a filter may have; kept as Django keeps it, for who reads it again."""
    most = largest_body(limits)
    if length and (not length.isdecimal() or len(length) > len(str(most)) or int(length) > most):
        raise body_too_long(limits)
    stream = None if length and int(length) else _stream_without_length(request)
    if stream is not None:
        read = _start_of(stream, most + 1)
        if len(read) > most:
            setattr(request, _OVERLONG, True)
        else:
            request._body = read
            request._stream = BytesIO(read)
    if getattr(request, _OVERLONG, False):
        raise body_too_long(limits)
    body: bytes = request.body
    return body


def _stream_without_length(request: Any) -> Any:
    """Where to read a body whose length is not declared; None where it was read, or there is none.

    Under WSGI Django takes such a body for an empty one. Some servers do let it be read to its end, and say so.
    """
    if getattr(request, "_body", b"") or getattr(request, _OVERLONG, False):
        return None
    if not isinstance(request, WSGIRequest):
        return None if request._read_started else request
    if request.META.get("wsgi.input_terminated"):
        return request.META["wsgi.input"]
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        raise body_not_seen()
    return None


def _start_of(stream: Any, size: int) -> bytes:
    """This many bytes of a stream, or all."""
    read = bytearray()
    try:
        while len(read) < size and (chunk := stream.read(size - len(read))):
            read += chunk
    except Exception:  # the client is gone, or sends no chunks as it says: every server has its own errors for that
        raise body_not_seen() from None
    return bytes(read)
