"""Filters as fields of pydantic's models: a filter is one key of a larger body.

`Annotated[CheckedFilter, filter_field(projects)]` is the type of a field in any model. It reads text in the DSL and JSON,
writes itself back, and has a JSON Schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import Annotated, Any, Final, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter, ValidationInfo, WithJsonSchema
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError, core_schema

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint, ensure_endpoint
from ..endpoints.json_schema import pascal_case, schema_components
from ..errors import FilterError, FilterSyntaxError, JsonLocation, Problem, UnsupportedFilterError
from ..limits import DEFAULT_LIMITS, Limits
from ..nodes import Filter
from ..notations.dsl import to_dsl
from ..notations.json import to_json
from .requests import filter_description, filter_examples

__all__ = ["filter_field", "problems_in"]

ERROR_TYPE: Final = "filter_error"
"""The `type` of pydantic's errors that are problems of filters."""


def filter_field(
    endpoint: Endpoint, *, visible: Callable[[Any], Endpoint] | None = None, limits: Limits = DEFAULT_LIMITS
) -> Any:
    """What makes a field of a model a filter of the endpoint: `Annotated[CheckedFilter, filter_field(projects)]`.

    The field takes text in the DSL, JSON as text or decoded, and in Python a filter, checked or not. Null is no filter, and
    allowed only where the type says so: `Annotated[CheckedFilter | None, …]`. In JSON the field is written as JSON, or as
    text in the DSL where a number is longer than JSON's readers keep; in Python it stays a checked filter.

    `visible` gives the endpoint for the context of a validation, as in `Search.model_validate(data, context=user)`. The
    JSON Schema describes `endpoint`; so describe what everybody may know.

    A wrong filter is a `ValidationError` with each of its problems. Each has the type `filter_error`, and as `ctx` what
    `Problem.to_dict(detailed=True)` says.

    >>> from typing import Annotated
    >>> import kanbert_filter as kf
    >>> from kanbert_filter.integrations.pydantic import filter_field
    >>> from pydantic import BaseModel
    >>> projects = kf.Endpoint("projects", {"title": "string", "budget": "number"})
    >>> class Search(BaseModel):
    ...     filter: Annotated[kf.CheckedFilter, filter_field(projects)]
    ...     page: int = 1
    >>> search = Search.model_validate_json('{"filter": "budget > 5", "page": 2}')
    >>> kf.to_dsl(search.filter)
    'budget > 5'
    >>> search.model_dump_json()
    '{"filter":[{"field":"budget","op":"gt","value":5}],"page":2}'
    """
    return _FilterField(endpoint, visible, limits)


def problems_in(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """What `Problem.to_dict(detailed=True)` says of each of pydantic's errors; None if one is not a problem of a filter."""
    found = [dict(error["ctx"]) if error["type"] == ERROR_TYPE else None for error in errors]
    problems = [problem for problem in found if problem is not None]
    return problems if problems and len(problems) == len(found) else None


class _FilterField:
    """What pydantic asks about the type of a field."""

    def __init__(self, endpoint: Endpoint, visible: Callable[[Any], Endpoint] | None, limits: Limits) -> None:
        ensure_endpoint(endpoint)
        self.endpoint = endpoint
        self.visible = visible
        self.limits = limits

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        options = get_args(source) or (source,)
        if CheckedFilter not in options or not {*options} <= {CheckedFilter, NoneType}:
            raise TypeError(f"expected CheckedFilter as the type of a filter's field, not {source!r}")
        written = core_schema.plain_serializer_function_ser_schema(_written, when_used="json")
        schema = core_schema.with_info_plain_validator_function(self._read, serialization=written)
        return core_schema.nullable_schema(schema) if NoneType in options else schema

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = value_schema(self.endpoint, handler) | {"description": filter_description(self.endpoint)}
        if schema["type"] == "nullable":
            described["anyOf"].append({"type": "null"})
        examples = [*filter_examples(self.endpoint).values()]
        return described | ({"examples": examples[:1]} if examples else {})

    def _read(self, source: object, info: ValidationInfo) -> CheckedFilter:
        endpoint = self.endpoint if self.visible is None else self.visible(info.context)
        try:
            return self._checked(source, endpoint)
        except FilterError as error:
            details = [_details(problem, source) for problem in error.problems]
            raise ValidationError.from_exception_data("filter", details) from None

    def _checked(self, source: object, endpoint: Endpoint) -> CheckedFilter:
        if isinstance(source, CheckedFilter):
            is_ours = len(source.parts) == 1 and source.parts[0].table == endpoint
            return source if is_ours else endpoint.check(source.filter, limits=self.limits)
        if isinstance(source, Filter):
            return endpoint.check(source, limits=self.limits)
        try:
            return endpoint.parse(source, limits=self.limits)
        except TypeError:  # a file of a form, for instance
            message = "Found something else, expected a filter: text, a list or an object"
            raise FilterSyntaxError(Problem("wrong_shape", message)) from None


def _written(checked: CheckedFilter) -> object:
    try:
        return to_json(checked)
    except UnsupportedFilterError:
        return to_dsl(checked)


def _details(problem: Problem, source: object) -> InitErrorDetails:
    """The problem as pydantic's error, at its place in the JSON of the filter if it has one there."""
    at = problem.location.pointer.split("/")[1:] if isinstance(problem.location, JsonLocation) else []
    place = [int(key) if key.isdecimal() else key.replace("~1", "/").replace("~0", "~") for key in at]
    context = problem.to_dict(detailed=True)
    context["issue"] = context.pop("issue")  # pydantic replaces in order, and the issue may have any text in braces
    error = PydanticCustomError(ERROR_TYPE, "{issue}", context)
    return InitErrorDetails(type=error, loc=(*place,), input=source)


# describing


def value_schema(endpoint: Endpoint, handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """The JSON Schema of a filter as a value in JSON. Its components are added to the document that is being written."""
    prefix = component_prefix(endpoint)
    components = schema_components(endpoint, prefix=prefix, refer=lambda name: reference_to(name, handler))
    add_components(components, handler)
    return {
        "anyOf": [
            {"title": "DSL", "type": "string"},
            {"title": "JSON", "type": "array", "items": reference_to(f"{prefix}Filter", handler)},
        ]
    }


def add_components(components: Mapping[str, dict[str, Any]], handler: GetJsonSchemaHandler) -> None:
    """Add schemas to the components of the document that is being written."""
    adapters = {name: TypeAdapter(Annotated[Any, WithJsonSchema(schema)]) for name, schema in components.items()}
    definitions: list[Any] = [{**adapter.core_schema, "ref": _core_name(name)} for name, adapter in adapters.items()]
    handler(core_schema.definitions_schema(core_schema.any_schema(), definitions))


def reference_to(name: str, handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """The schema that refers to a component of the document that is being written."""
    # What is around the handler may add to what it is asked for; the items of a list are out of its reach.
    listed = handler(core_schema.list_schema(core_schema.definition_reference_schema(_core_name(name))))
    reference: dict[str, Any] = listed["items"]
    return reference


def _core_name(component: str) -> str:
    return f"{__name__}.{component}"


_named: Final[dict[str, Endpoint]] = {}


def component_prefix(endpoint: Endpoint) -> str:
    """What the names of an endpoint's components begin with: its name, with a number if another has it already."""
    name = pascal_case(endpoint.name)
    prefix, number = name, 1
    while _named.setdefault(prefix, endpoint) != endpoint:
        number += 1
        prefix = f"{name}{number}"
    return prefix
