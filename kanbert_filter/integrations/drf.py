"""Filters in Django REST framework: a filter backend for any generic view, beside others.

Two lines: name the exception handler in the settings, as `"kanbert_filter.integrations.drf.answer_filter_error"`, and give
a view the backend and its endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler, set_rollback

from ..backends.django import where
from ..endpoints.endpoint import Endpoint
from ..errors import FilterError
from ..limits import DEFAULT_LIMITS, Limits
from .django import read_filter
from .requests import client_filter, filter_examples, parameter_description, refusal

__all__ = ["KanbertFilterBackend", "answer_filter_error", "answer_with_details", "describe_refusals"]

_IS_FILTER: Final = "x-kanbert-filter"


class KanbertFilterBackend(BaseFilterBackend):
    """A filter backend: `filter_backends = [KanbertFilterBackend]` and `filter_endpoint = PROJECTS` in a generic view.

    The view may have methods that depend on the caller: `get_filter_endpoint()` gives the endpoint that the caller may use,
    `get_filter_context()` the `Context` with the caller's id and time zone, and `get_filter_columns()` the `columns` of
    `kanbert_filter.backends.django.where`. Those that are alike for all callers may be attributes: `filter_context`,
    `filter_columns`. The schema describes `filter_endpoint`; so give there what everybody may know.

    The filter is read from the URL or, where the view lists records, from the body of another method than GET. Where the
    view is about one record (`get_object`), a body is the record, and only the URL is read.

    A subclass may have another `name` of the parameter, other `limits`, and a `help_url`, a page about filters that the
    schema links to.
    """

    name: str = "filter"
    limits: Limits = DEFAULT_LIMITS
    help_url: str | None = None

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """The rows of the queryset that match the request's filter. Raises what `answer_filter_error` answers."""
        endpoint = _of_view(view, "endpoint")
        if endpoint is None:
            raise ImproperlyConfigured(
                f"{type(view).__name__} filters with {type(self).__name__}, so it needs a filter_endpoint"
            )
        with client_filter():
            if _is_about_one_record(view):
                query = request.META.get("QUERY_STRING", "")
                checked = endpoint.parse_query(query, name=self.name, limits=self.limits)
            else:
                checked = read_filter(request, endpoint, name=self.name, limits=self.limits)
            condition = where(checked, queryset.model, _of_view(view, "context"), columns=_of_view(view, "columns"))
        return queryset.filter(condition)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """The parameter, for drf-spectacular and other writers of OpenAPI documents."""
        endpoint: Endpoint | None = getattr(view, "filter_endpoint", None) or _of_view(view, "endpoint")
        if endpoint is None:
            return []
        examples = {title: {"summary": title, "value": text} for title, text in filter_examples(endpoint).items()}
        parameter: dict[str, Any] = {
            "name": self.name,
            "in": "query",
            "required": False,
            "description": parameter_description(endpoint, self.limits, help_url=self.help_url),
            "schema": {"type": "string"},
            _IS_FILTER: True,
        }
        return [parameter | ({"examples": examples} if examples else {})]


def _of_view(view: APIView, part: str) -> Any:
    """What a view says for the caller by a method, or for all callers by an attribute; None where it says nothing."""
    method = getattr(view, f"get_filter_{part}", None)
    return getattr(view, f"filter_{part}", None) if method is None else method()


def _is_about_one_record(view: APIView) -> bool:
    """Whether the URL names a record, as `get_object` looks for it."""
    lookup = getattr(view, "lookup_url_kwarg", None) or getattr(view, "lookup_field", None)
    return lookup in view.kwargs


def answer_filter_error(exception: Exception, context: Mapping[str, Any]) -> Response | None:
    """The exception handler: the documented 400 to an error of the request's own filter, and what REST framework answers to others.

    `REST_FRAMEWORK = {"EXCEPTION_HANDLER": "kanbert_filter.integrations.drf.answer_filter_error"}`
    """
    return _answer(exception, context, detailed=False)


def answer_with_details(exception: Exception, context: Mapping[str, Any]) -> Response | None:
    """The exception handler whose answers also have codes, places and suggestions as data."""
    return _answer(exception, context, detailed=True)


def _answer(exception: Exception, context: Mapping[str, Any], *, detailed: bool) -> Response | None:
    request = context["request"]
    body = (
        refusal(exception, request.method, request.path, detailed=detailed)
        if isinstance(exception, FilterError)
        else None
    )
    if body is None:
        return exception_handler(exception, dict(context))
    set_rollback()
    return Response(body, status=400)


def describe_refusals(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A hook of drf-spectacular: adds the 400 to the operations with a filter, and to the components what it holds.

    `SPECTACULAR_SETTINGS = {"POSTPROCESSING_HOOKS": [..., "kanbert_filter.integrations.drf.describe_refusals"]}`
    """
    nullable = (
        {"nullable": True, "type": "string"} if result["openapi"].startswith("3.0") else {"type": ["string", "null"]}
    )
    fault = {
        "type": "object",
        "properties": {"field": nullable, "issue": {"type": "string"}},
        "required": ["field", "issue"],
    }
    errors = {"type": "array", "items": {"$ref": "#/components/schemas/FilterFault"}}
    invalid = {
        "type": "object",
        "properties": {"message": {"type": "string"}, "errors": errors},
        "required": ["message", "errors"],
    }
    refused = {"schema": {"$ref": "#/components/schemas/InvalidFilter"}}
    for operation in [operation for path in result["paths"].values() for operation in path.values()]:
        filters = [parameter for parameter in operation.get("parameters", ()) if parameter.pop(_IS_FILTER, False)]
        if filters:
            answer = {"description": "The filter is refused.", "content": {"application/json": refused}}
            operation["responses"].setdefault("400", answer)
            schemas = result.setdefault("components", {}).setdefault("schemas", {})
            schemas |= {"FilterFault": fault, "InvalidFilter": invalid}
    return result
