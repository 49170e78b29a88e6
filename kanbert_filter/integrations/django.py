"""Filters in Django views, plain ones and asynchronous ones.

Two lines: name the middleware in the settings, as `"kanbert_filter.integrations.django.FilterErrorMiddleware"`, and ask
for the request's filter in the view.
"""

from __future__ import annotations

from io import BytesIO

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, JsonResponse
from django.http.request import RawPostDataException
from django.utils.deprecation import MiddlewareMixin

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint
from ..errors import FilterError
from ..limits import DEFAULT_LIMITS, Limits
from .requests import body_size, body_too_long, filter_of_request, media_type_of, refusal, wrong_type

__all__ = ["FilterErrorMiddleware", "answer_filter_error", "read_filter"]

_REFUSED = "_refused_filter"
_OVERLONG = "_overlong_body"


def read_filter(
    request: HttpRequest, endpoint: Endpoint, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS
) -> CheckedFilter:
    """The filter of the request, from its URL or its body, in any notation, checked.

    Raises `FilterSyntaxError` or `FilterCheckError`, which `FilterErrorMiddleware` answers.
    """
    try:
        # WSGI hands bytes on as Latin-1 text, and Django's ASGI handler as UTF-8.
        encoding = "latin-1" if isinstance(request, WSGIRequest) else "utf-8"
        query = request.META.get("QUERY_STRING", "").encode(encoding)
        body = _body(request, limits)
        content_type = request.META.get("CONTENT_TYPE", "")
        return filter_of_request(endpoint, query, content_type, body, name=name, limits=limits)
    except FilterError as error:
        setattr(request, _REFUSED, error)
        raise


def answer_filter_error(request: HttpRequest, error: Exception) -> JsonResponse | None:
    """The documented 400 response; None for an error of anything but the request's own filter: a 500.

    That an engine cannot run a sound filter is a 400 too, whose body does not say why: the reason may be the server's.
    """
    if not isinstance(error, FilterError):
        return None
    of_request = getattr(request, _REFUSED, None) is error
    body = refusal(error, request.method or "", request.path, of_request=of_request)
    return None if body is None else JsonResponse(body, status=400)


class FilterErrorMiddleware(MiddlewareMixin):
    """Answers what `read_filter` raises; see `answer_filter_error`."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> JsonResponse | None:
        """What Django calls for an exception of a view."""
        return answer_filter_error(request, exception)


def _body(request: HttpRequest, limits: Limits) -> bytes:
    """The body, of which no more is read than a filter may have; kept as Django keeps it, for who reads it again."""
    most = body_size(limits)
    declared = request.META.get("CONTENT_LENGTH") or ""
    if declared and (not declared.isdecimal() or len(declared) > len(str(most)) or int(declared) > most):
        raise body_too_long(limits)
    if not declared and not request._read_started:  # type: ignore[attr-defined]  # the stubs forget it
        read = request.read(most + 1)
        if len(read) > most:
            setattr(request, _OVERLONG, True)
        else:
            request._body = read
            request._stream = BytesIO(read)
    if getattr(request, _OVERLONG, False):
        raise body_too_long(limits)
    try:
        return request.body
    except RawPostDataException:
        # Django keeps no body that it read as multipart, and no such body holds a filter.
        media_type = media_type_of(request.META.get("CONTENT_TYPE", ""))
        if media_type == "multipart/form-data":
            raise wrong_type(media_type) from None
        raise
