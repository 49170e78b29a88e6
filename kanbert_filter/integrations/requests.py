"""What every web framework needs: a request's filter, the answer to a wrong one, and the words that describe it.

A request carries its filter in the URL or in its body, in one notation. A body holds the filter and nothing else:
`{"filter": <DSL text or JSON>}` as JSON, or the parameters of a query string as a form. It is refused, unread, where it
is longer than any filter within the limits can be.

Only what is wrong with the request's own filter is answered in full. A condition of the server's that is composed with
it may be at fault too, when it is checked or when the whole is compiled: of that the answer tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from logging import getLogger
from typing import Any, Final

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint
from ..errors import FilterError, FilterSyntaxError, Problem, UnsupportedFilterError, printable, quoted
from ..limits import DEFAULT_LIMITS, Limits
from ..nodes import Everything, Filter
from ..notations.dsl import to_dsl
from ..notations.json import parse_json, to_json_text
from ..notations.query import parse, parse_query

ENCODED_SIZE: Final = 4
"""How many times longer than its filter a body may be: percent signs and `\\u` escapes treble it, brackets take the rest."""

JSON_TYPE: Final = re.compile(r"application/(?:[\w.-]+\+)?json")
FORM_TYPE: Final = "application/x-www-form-urlencoded"

ERROR_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["message", "errors"],
    "properties": {
        "message": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "issue"],
                "properties": {"field": {"type": ["string", "null"]}, "issue": {"type": "string"}},
            },
        },
    },
}
"""The schema of the documented 400 body."""

_WRAPPED: Final = r'[ \t\r\n]*\{{[ \t\r\n]*"{name}"[ \t\r\n]*:(.*)\}}[ \t\r\n]*'
_TOLD: Final = 3

_log = getLogger("kanbert_filter.requests")


# reading


def body_size(limits: Limits) -> int:
    """How many bytes a body may have."""
    return ENCODED_SIZE * limits.max_text_length


def body_too_long(limits: Limits) -> FilterSyntaxError:
    """The error for a body of more bytes."""
    message = f"Found a body of more than {body_size(limits)} bytes, expected at most that; shorten the filter"
    return FilterSyntaxError(Problem("text_too_long", message))


def media_type_of(content_type: str) -> str:
    """The type of a body without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def wrong_type(media_type: str) -> FilterSyntaxError:
    """The error for a body of a type that holds no filter."""
    message = f"Found a body of type {quoted(media_type)}, expected application/json or {FORM_TYPE}"
    return FilterSyntaxError(Problem("wrong_shape", message))


def filter_of_request(
    endpoint: Endpoint, query: bytes, content_type: str, body: bytes, *, name: str, limits: Limits
) -> CheckedFilter:
    """The filter of a request, in any notation, checked.

    Raises `FilterSyntaxError` or `FilterCheckError`.
    """
    in_url = parse_query(query, name=name, limits=limits)
    in_body = _filter_of_body(content_type, body, name, limits) if body.strip() else in_url
    if isinstance(in_url, Everything) or in_body is in_url:
        return endpoint.check(in_body, limits=limits)
    if isinstance(in_body, Everything):
        return endpoint.check(in_url, limits=limits)
    message = "Found a filter in the URL and another in the body, expected one of them"
    raise FilterSyntaxError(Problem("mixed_notations", message))


def _filter_of_body(content_type: str, body: bytes, name: str, limits: Limits) -> Filter:
    if len(body) > body_size(limits):
        raise body_too_long(limits)
    media_type = media_type_of(content_type)
    if media_type == FORM_TYPE:
        if not re.search(rb"(?:^|&)%s(?:=|\[|%%5[Bb])" % re.escape(name.encode()), body.strip()):
            raise _no_filter(f"{name}=… or {name}[…]=…")
        return parse_query(body.strip(), name=name, limits=limits)
    if not JSON_TYPE.fullmatch(media_type):
        raise wrong_type(media_type)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        message = f"Found a body whose byte {error.start} is not UTF-8; encode the text as UTF-8"
        raise FilterSyntaxError(Problem("invalid_encoding", message)) from None
    wrapped = re.fullmatch(_WRAPPED.format(name=re.escape(name)), text, re.DOTALL)
    if wrapped is None:
        raise _no_filter(f'{{"{name}": …}} and nothing else')
    inner = wrapped[1].strip(" \t\r\n")
    return parse(_text(inner), limits=limits) if inner.startswith('"') else parse_json(inner, limits=limits)


def _text(literal: str) -> str:
    """The text of a JSON string, which is looked at for the filter's own limits once it is read."""
    from json import loads

    try:
        return str(loads(literal))
    except ValueError:
        message = "Found a text that is no JSON string, or something after it; expected one text, array or object"
        raise FilterSyntaxError(Problem("invalid_json", message)) from None


def _no_filter(expected: str) -> FilterSyntaxError:
    message = f"Found a body of another shape, expected {expected}"
    return FilterSyntaxError(Problem("missing_key", message))


# answering


def refusal(error: FilterError, method: str, path: str, *, of_request: bool) -> dict[str, object] | None:
    """The body of the 400 response, which is noted in the log; None for an error that is not the client's.

    `of_request` tells whether the error was found in the request's own filter. If not, only that an engine cannot run
    the whole is the client's affair, and why it cannot is not.
    """
    if of_request:
        answered = error
    elif isinstance(error, UnsupportedFilterError):
        message = "The filter is sound, but cannot be run here; make it simpler"
        answered = UnsupportedFilterError(Problem("unsupported", message))
    else:
        return None
    told = [f"{problem.code} {problem.field or ''}".rstrip() for problem in answered.problems[:_TOLD]]
    more = len(answered.problems) - len(told)
    summary = ", ".join(told) + (f" and {more} more" if more else "")
    _log.info("Refused the filter of %s %s: %s", printable(method), quoted(path), printable(summary))
    return answered.response_body()


# describing


def description(endpoint: Endpoint, limits: Limits = DEFAULT_LIMITS) -> str:
    """What the filter parameter takes, in Markdown: the table of fields, an example, the limits."""
    shown = example(endpoint)
    parts = [
        "Which records to return, as readable text, as JSON or as form keys; one of them in a request.",
        endpoint.to_markdown().rstrip(),
        f"Example: `{to_dsl(shown)}`" if shown is not None else "",
        f"At most {limits.max_text_length} bytes, {limits.max_conditions} conditions, {limits.max_list_values} values in"
        f" a list, {limits.max_depth} levels of grouping and {limits.max_relation_depth} of relations.",
    ]
    return "\n\n".join(filter(None, parts))


def examples(endpoint: Endpoint) -> dict[str, str]:
    """One filter of the endpoint in the notations a parameter's text can have; none where no field can be shown."""
    shown = example(endpoint)
    return {} if shown is None else {"DSL": to_dsl(shown), "JSON": to_json_text(shown)}


def body_schema(endpoint: Endpoint, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The OpenAPI description of a body that carries the filter."""
    schema = {"description": description(endpoint, limits), "type": ["string", "array", "object"]}
    content: dict[str, Any] = {
        "schema": {
            "type": "object",
            "properties": {name: schema},
            "required": [name],
            "additionalProperties": False,
        }
    }
    shown = examples(endpoint)
    if shown:
        content["example"] = {name: shown["DSL"]}
    form = {"schema": {"type": "object", "properties": {name: schema | {"type": "string"}}}}
    return {"content": {"application/json": content, FORM_TYPE: form}}


def example(endpoint: Endpoint) -> Filter | None:
    """A filter that the endpoint takes: one condition, or two joined by AND."""
    shown: Filter | None = None
    for number, condition in enumerate(_conditions(endpoint)):
        shown = condition if shown is None else shown & condition
        if number:
            break
    return shown


def _conditions(endpoint: Endpoint) -> Iterator[Filter]:
    for name, row in endpoint.items():
        if "*" not in name:
            condition = row.sample(name)
            if condition is not None:
                yield condition
