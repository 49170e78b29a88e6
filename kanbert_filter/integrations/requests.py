"""What every web framework needs: a request's filter, the answer to a wrong one, and the words that describe it.

A request carries its filter in the URL or in its body, in one notation. A body holds the filter and nothing else:
`{"filter": <DSL text or JSON>}` as JSON, or the parameters of a query string as a form. A body that is longer than any
filter within the limits can be is refused unread.

Only an error in the request's own filter is the client's: one that `filter_of_request` or a framework's reader raised,
or that was raised inside `client_filter()`. Any other `FilterError` is the server's, for instance one of a condition of
its own or of a saved filter: the client learns nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from logging import getLogger
from typing import Any, Final

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint, ensure_endpoint
from ..endpoints.field_table import FieldTable, Relation
from ..errors import (
    FilterError,
    FilterSyntaxError,
    Problem,
    TextLocation,
    UnsupportedFilterError,
    printable,
    quoted,
    syntax_error,
)
from ..limits import DEFAULT_LIMITS, Limits
from ..nodes import EVERYTHING, And, Everything, Filter
from ..notations.dsl import to_dsl
from ..notations.json import JsonText, fault_of, parse_json, to_json_text
from ..notations.query import parse, parse_query
from ..operators import OPERATORS

__all__ = ["check_body_was_seen", "client_filter", "completion_data", "filter_of_request", "largest_body", "refusal"]

JSON_TYPE: Final = re.compile(r"application/(?:[\w.-]+\+)?json")
FORM_TYPE: Final = "application/x-www-form-urlencoded"
MULTIPART_TYPE: Final = "multipart/form-data"

_ENCODED_SIZE: Final = 4
"""How many times longer than its filter a body may be: percent signs and `\\u` escapes treble it, brackets take the rest."""

_METHODS_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})
_METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "QUERY"})
_WRAPPED: Final = r'[ \t\r\n]*\{{[ \t\r\n]*"{name}"[ \t\r\n]*:(.*)\}}[ \t\r\n]*'
_JSON_BEGINS: Final = re.compile(r"\[?[ \t\r\n]*\{")
_BOUNDARY: Final = re.compile(r';[ \t]*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_PART: Final = re.compile(rb"[ \t]*\r\n((?:[^\r\n]+\r\n)+)(?:\r\n(.*))?", re.DOTALL)
_DISPOSITION: Final = re.compile(
    rb"^content-disposition:[ \t]*form-data((?:[ \t]*;[ \t]*[\w*-]+=(?:\"[^\"\r\n]*\"|[^\s;\"]+))+)[ \t]*\r$",
    re.IGNORECASE | re.MULTILINE,
)
_DISPOSITION_PARAMETER: Final = re.compile(rb"([\w*-]+)=(?:\"([^\"]*)\"|([^\s;\"]+))")
_SAFE_IN_URL: Final = ":/?#[]@!$&'()*+,;=%"
_CLIENTS: Final = "_is_the_clients"
_LOGGED: Final = 3

_log = getLogger("kanbert_filter.requests")


# reading


def filter_of_request(
    endpoint: Endpoint,
    method: str,
    query: bytes | str,
    content_type: str | None,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    name: str = "filter",
    limits: Limits = DEFAULT_LIMITS,
) -> CheckedFilter:
    """The filter of a request in any framework, from its URL or its body, in any notation, checked.

    `query` is the query string as it was sent, still percent-encoded, `content_type` the header of that name. `body` is
    the whole body; of one that is longer than `largest_body(limits)` the first `largest_body(limits) + 1` bytes suffice.
    With the `headers` of an HTTP/1 request, in any case, a body that they announce and that is not there is refused, as by
    `check_body_was_seen`.

    Raises `FilterSyntaxError` or `FilterCheckError`, which `refusal` answers, and `TypeError` for a body that is no bytes.

    >>> import kanbert_filter as kf
    >>> from kanbert_filter.integrations.requests import filter_of_request
    >>> projects = kf.Endpoint("projects", {"budget": "number"})
    >>> kf.to_dsl(filter_of_request(projects, "GET", "page=2&filter=budget+%3E+5", None, b""))
    'budget > 5'
    >>> kf.to_dsl(filter_of_request(projects, "POST", "", "application/json", b'{"filter": "budget > 5"}'))
    'budget > 5'
    """
    ensure_endpoint(endpoint)
    if not isinstance(body, bytes):
        raise TypeError(f"expected a body as bytes, not {type(body).__name__}")
    with client_filter():
        if headers is not None:
            sent = {key.lower(): value for key, value in headers.items()}
            length, coding = sent.get("content-length"), sent.get("transfer-encoding")
            check_body_was_seen(method, content_type, body, content_length=length, transfer_encoding=coding)
        in_url = parse_query(query, name=name, limits=limits)
        if not body.strip():
            return endpoint.check(in_url, limits=limits)
        if method.upper() in _METHODS_WITHOUT_BODY:
            message = (
                f"Found a body in a {method.upper()} request, which caches and proxies do not look at;"
                " send the filter in the URL, or send it by POST"
            )
            raise FilterSyntaxError(Problem("wrong_shape", message))
        in_body = _filter_of_body(content_type or "", body, name, limits)
        if isinstance(in_url, Everything):
            return endpoint.check(in_body, limits=limits)
        if isinstance(in_body, Everything):
            return endpoint.check(in_url, limits=limits)
        message = "Found a filter in the URL and another in the body, expected one of them"
        raise FilterSyntaxError(Problem("mixed_notations", message))


def check_body_was_seen(
    method: str,
    content_type: str | None,
    body: bytes,
    *,
    content_length: str | None,
    transfer_encoding: str | None,
) -> None:
    """Refuse a body that is not all that the headers of an HTTP/1 request announce: its filter would be cut off or ignored.

    The headers are as they were sent, empty or None where they were not. Without a Content-Length and a Transfer-Encoding, a
    Content-Type announces a body too: the client ends it by closing the connection, or something on the way dropped it.

    Raises `FilterSyntaxError`, which `refusal` answers.

    >>> from kanbert_filter.integrations.requests import check_body_was_seen
    >>> check_body_was_seen("POST", "application/json", b"", content_length="0", transfer_encoding=None)
    >>> check_body_was_seen("POST", "application/json", b"", content_length="24", transfer_encoding=None)
    Traceback (most recent call last):
    kanbert_filter.errors.FilterSyntaxError: Found no body that can be read to its end, where the request announces one; send it whole, with a Content-Length
    """
    length = re.fullmatch("0*([0-9]{0,18})", content_length or "")
    is_cut_off = length is None or len(body) < int(length[1] or 0)
    is_announced = bool(transfer_encoding) or (not content_length and method.upper() in _METHODS_WITH_BODY)
    if is_cut_off or (is_announced and not body and holds_filter(content_type or "")):
        with client_filter():
            raise body_not_seen()


def largest_body(limits: Limits = DEFAULT_LIMITS) -> int:
    """How many bytes a body may have: four times the limit on a filter's text."""
    return _ENCODED_SIZE * limits.max_text_length


def body_too_long(limits: Limits) -> FilterSyntaxError:
    """The error for a body of more bytes."""
    message = f"Found a body of more than {largest_body(limits)} bytes, expected at most that; shorten the filter"
    return FilterSyntaxError(Problem("text_too_long", message))


def body_not_seen() -> FilterSyntaxError:
    """The error for a body that did not arrive, was cut off, or cannot be read to its end."""
    message = "Found no body that can be read to its end, where the request announces one; send it whole, with a Content-Length"
    return FilterSyntaxError(Problem("wrong_shape", message))


def media_type_of(content_type: str) -> str:
    """The type of a body without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_form(content_type: str) -> bool:
    """Whether a body is a form."""
    return media_type_of(content_type) in (FORM_TYPE, MULTIPART_TYPE)


def holds_filter(content_type: str) -> bool:
    """Whether a body is of a type that can hold a filter."""
    return is_form(content_type) or JSON_TYPE.fullmatch(media_type_of(content_type)) is not None


def form_again(pairs: Iterable[tuple[str, object]], name: str) -> bytes:
    """A form that was read already, as a body of `FORM_TYPE`; what is no `str` is a file.

    Values that cannot be the filter's are left out, so the limits on the filter bound what is left.
    """
    from urllib.parse import urlencode

    kept: list[tuple[str, str]] = []
    for key, value in pairs:
        is_ours = key == name or key.startswith(f"{name}[")
        if is_ours and not isinstance(value, str):
            raise FilterSyntaxError(Problem("wrong_shape", f"Found a file under {quoted(key)}, expected text"))
        kept.append((key, str(value) if is_ours else ""))
    return urlencode(kept, errors="surrogatepass").encode()


def _filter_of_body(content_type: str, body: bytes, name: str, limits: Limits) -> Filter:
    if len(body) > largest_body(limits):
        raise body_too_long(limits)
    media_type = media_type_of(content_type)
    if media_type == MULTIPART_TYPE:
        body = form_again(_multipart_pairs(content_type, body), name)
        if not body:  # a form without parts
            return EVERYTHING
    if not holds_filter(content_type):
        found = f"a body of type {quoted(media_type)}" if media_type else "a body without a Content-Type"
        message = f"Found {found}, expected application/json, {FORM_TYPE} or {MULTIPART_TYPE}"
        raise FilterSyntaxError(Problem("wrong_shape", message))
    text = _decoded(body).strip(" \t\r\n")
    if is_form(content_type):
        if _JSON_BEGINS.match(text):
            message = (
                f"Found JSON in a body of type {quoted(media_type)}, expected a form; send JSON as application/json"
            )
            raise FilterSyntaxError(Problem("wrong_shape", message))
        filter = parse_query(text, name=name, limits=limits)
        if not re.search(rf"(?:^|&){re.escape(name)}(?:=|\[|%5[Bb])", text):
            message = f"Found no {quoted(name)} in the form, expected {name}=… or {name}[…]=…"
            raise FilterSyntaxError(Problem("missing_key", message))
        return filter
    wrapped = re.fullmatch(_WRAPPED.format(name=re.escape(name)), text, re.DOTALL)
    try:
        if wrapped is None:
            message = f"Found a body of another shape, expected {_json_shape(name)}"
            raise FilterSyntaxError(Problem("missing_key", message))
        inner = wrapped[1].strip(" \t\r\n")
        return parse(_json_string(inner), limits=limits) if inner.startswith('"') else parse_json(inner, limits=limits)
    except FilterSyntaxError as error:
        raise _fault_around_filter(text, name) or error from None


def _fault_around_filter(text: str, name: str) -> FilterSyntaxError | None:
    """What is wrong with a body that should be JSON with nothing but the filter in it; None if that is sound."""
    from json import JSONDecodeError

    document = JsonText(text)
    try:
        body = document.top()
    except JSONDecodeError as error:
        message, start, end = fault_of(error)
        return syntax_error("invalid_json", f"The body is not JSON: {message}", TextLocation(text, start, end))
    except RecursionError:  # of the filter's own, or of a key that is not looked at
        return None
    if not isinstance(body, dict):
        return None
    doubled = document.duplicate(body)
    if doubled is not None:
        return syntax_error("duplicate_key", f"Found {quoted(doubled)} twice in the body, expected it once")
    other = next((key for key in body if key != name), None)
    if other is None:
        return None
    found = f"{quoted(other)} beside {quoted(name)} in the body" if name in body else f"{quoted(other)} in the body"
    return syntax_error(
        "unknown_key" if name in body else "missing_key", f"Found {found}, expected {_json_shape(name)}"
    )


def _json_shape(name: str) -> str:
    return f'{{"{name}": …}} and nothing else'


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        message = (
            f"Found a body whose byte {error.start} is not UTF-8; encode the text as UTF-8, and do not compress it"
        )
        raise FilterSyntaxError(Problem("invalid_encoding", message)) from None


def _json_string(literal: str) -> str:
    """The text of a JSON string; the filter's own limits are applied when it is read."""
    from json import loads

    try:
        return str(loads(literal))
    except ValueError:
        message = "Found text that is not a JSON string, or something after it; expected one text, array or object"
        raise FilterSyntaxError(Problem("invalid_json", message)) from None


def _multipart_pairs(content_type: str, body: bytes) -> Iterator[tuple[str, str | None]]:
    """The pairs of a multipart form (RFC 7578); None stands for a file.

    This reads what browsers and client libraries write, and refuses anything else. Werkzeug's client leaves out the blank
    line before an empty value.
    """
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise _malformed("expected its boundary in the Content-Type")
    delimiter = f"\r\n--{boundary[1] or boundary[2]}".encode()
    before, *parts = (b"\r\n" + body).split(delimiter)
    if before.strip() or not parts or not re.fullmatch(rb"--\s*", parts[-1]):
        raise _malformed("expected it to begin and to end with its boundary")
    for part in parts[:-1]:
        split = _PART.fullmatch(part)
        disposition = split and _DISPOSITION.search(split[1])
        if not split or not disposition:
            raise _malformed("expected a Content-Disposition and a blank line in each part")
        parameters: dict[bytes, bytes] = {}
        for key, quoted_value, value in _DISPOSITION_PARAMETER.findall(disposition[1]):
            parameters[key.lower()] = quoted_value or value
        if b"name" not in parameters:
            raise _malformed("expected a name in each part")
        name = _decoded(parameters[b"name"]).replace("%22", '"')
        yield name, None if parameters.keys() & {b"filename", b"filename*"} else _decoded(split[2] or b"")


def _malformed(expected: str) -> FilterSyntaxError:
    return FilterSyntaxError(Problem("wrong_shape", f"Found a malformed multipart body, {expected}"))


# answering


@contextmanager
def client_filter() -> Iterator[None]:
    """Inside, a `FilterError` is the client's fault: `refusal` answers it with a 400.

    For code that reads a request's filter by hand. Anywhere else a `FilterError` is the server's fault. Of an
    `UnsupportedFilterError` the answer never gives the reason: an engine runs the filter together with the server's own
    conditions, which may be the reason.

    >>> import kanbert_filter as kf
    >>> from kanbert_filter.integrations.requests import client_filter, refusal
    >>> try:
    ...     with client_filter():
    ...         kf.Endpoint("projects", {"budget": "number"}).parse("title = 'a'")
    ... except kf.FilterError as error:
    ...     refusal(error, "GET", "/projects")
    {'message': 'Invalid filter', 'errors': [{'field': 'title', 'issue': "Unknown field 'title'"}]}
    """
    try:
        yield
    except FilterError as error:
        setattr(error, _CLIENTS, True)
        raise


def refusal(error: FilterError, method: str, path: str, *, detailed: bool = False) -> dict[str, object] | None:
    """The body of the 400 response; None for an error that is not the client's, which is a 500.

    If `detailed`, it is `error.response_body(detailed=True)`. The refusal is logged in one line, with its codes and fields and without any text of the filter.

    >>> import kanbert_filter as kf
    >>> from kanbert_filter.integrations.requests import filter_of_request, refusal
    >>> projects = kf.Endpoint("projects", {"budget": "number"})
    >>> try:
    ...     filter_of_request(projects, "GET", "filter=title+is+null", None, b"")
    ... except kf.FilterError as error:
    ...     refusal(error, "GET", "/projects")
    {'message': 'Invalid filter', 'errors': [{'field': 'title', 'issue': "Unknown field 'title'"}]}
    >>> try:
    ...     projects.parse("secret = 'a condition of the server'")
    ... except kf.FilterError as error:
    ...     print(refusal(error, "GET", "/projects"))
    None
    """
    if not hasattr(error, _CLIENTS):
        return None
    if isinstance(error, UnsupportedFilterError):
        message = "The filter is valid, but it cannot be run here; make it simpler"
        error = UnsupportedFilterError(Problem("unsupported", message))
    log_refusal([(problem.code, problem.field) for problem in error.problems], method, path)
    return error.response_body(detailed=detailed)


def log_refusal(faults: Sequence[tuple[str, str | None]], method: str, path: str) -> None:
    """Log that a filter was refused, with the codes and fields of its problems."""
    logged = [f"{code} {field or ''}".rstrip() for code, field in faults[:_LOGGED]]
    more = len(faults) - len(logged)
    summary = ", ".join(logged) + (f" and {more} more" if more else "")
    _log.info("Refused the filter of %s %s: %s", printable(method), quoted(path), printable(summary))


# describing


def parameter_description(endpoint: Endpoint, limits: Limits = DEFAULT_LIMITS, *, help_url: str | None = None) -> str:
    """What the filter parameter takes, in Markdown: the table of fields, the DSL's symbols, an example, the limits, a link."""
    from ..endpoints.tables import code_span

    symbols = [f"{code_span(word)} is {code_span(symbol)}" for word, symbol in _symbols(endpoint).items()]
    shown = example_filter(endpoint)
    parts = [
        "Which records to return, as readable text, as JSON or as form keys; one of them in a request.",
        endpoint.to_markdown().rstrip(),
        f"In readable text {', '.join(symbols)}." if symbols else "",
        f"Example: {code_span(to_dsl(shown))}" if shown is not None else "",
        f"At most {limits.max_text_length} bytes, {limits.max_conditions} conditions, {limits.max_list_values} values in"
        f" a list, {limits.max_depth} levels of grouping and {limits.max_relation_depth} of relations.",
        _link(help_url),
    ]
    return "\n\n".join(filter(None, parts))


def filter_description(endpoint: Endpoint, *, help_url: str | None = None) -> str:
    """What a filter is, in Markdown, where its schema is given too: one sentence, an example and a link."""
    from ..endpoints.tables import code_span

    shown = example_filter(endpoint)
    example = f", as in {code_span(to_dsl(shown))}" if shown is not None else ""
    link = _link(help_url)
    return f"Which records to return, as readable text{example}, or as JSON." + (f" {link}" if link else "")


def _link(help_url: str | None) -> str:
    from urllib.parse import quote

    return f"[How to write filters](<{quote(help_url, safe=_SAFE_IN_URL)}>)" if help_url else ""


def _symbols(table: FieldTable) -> dict[str, str]:
    """How the DSL writes those operators of a table that are not words there."""
    words = {word for row in table.values() for word in row.operators}
    found = {word: row.dsl for word, row in OPERATORS.items() if word in words and row.dsl.lower() != word}
    if "count" in found:
        relation = next(name for name, row in table.items() if "count" in row.operators)
        found |= {"count": f"{relation}.count > 0"}
    for row in table.values():
        if isinstance(row, Relation):
            found = _symbols(row.related) | found
    return {word: found[word] for word in OPERATORS if word in found}


def filter_examples(endpoint: Endpoint) -> dict[str, str]:
    """One filter of the endpoint in the notations a parameter's text can have; none where no field can be shown."""
    shown = example_filter(endpoint)
    return {} if shown is None else {"DSL": to_dsl(shown), "JSON": to_json_text(shown)}


def example_filter(endpoint: Endpoint) -> Filter | None:
    """A filter that the endpoint takes: one condition, or two on fields of different types joined by AND; on ids if there are no others."""
    samples: dict[str, Filter] = {}
    for name, row in sorted(endpoint.items(), key=lambda item: item[1].kind == "id"):
        sample = row.sample(name) if "*" not in name else None
        if sample is not None:
            samples.setdefault(row.kind, sample)
    return And([*samples.values()][:2]) if samples else None


# completing


def completion_data(
    endpoint: Endpoint, text: str, cursor: int | str | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """What `endpoint.complete` proposes, as plain data for a browser.

    `cursor` counts UTF-16 code units, as `selectionStart` does. It may be the text of a query string; no cursor, and one that is
    no number, is the end of the text. `start` and `end` count code points, and under `utf16` code units.

    >>> import kanbert_filter as kf
    >>> from kanbert_filter.integrations.requests import completion_data
    >>> completion_data(kf.Endpoint("projects", {"title": "string"}), "title = '😀' A", 14)
    {'start': 12, 'end': 13, 'utf16': {'start': 13, 'end': 14}, 'proposals': [{'text': 'and', 'kind': 'keyword', 'detail': 'both conditions match'}]}
    """
    encoded = text.encode("utf-16-le", "surrogatepass")
    if not isinstance(cursor, int):
        cursor = int(cursor) if cursor and re.fullmatch("[0-9]{1,9}", cursor) else len(encoded)
    before = encoded[: 2 * max(0, min(cursor, len(encoded) // 2))].decode("utf-16-le", "replace")
    start, end, proposals = endpoint.complete(text, len(before), limits=limits)
    return {
        "start": start,
        "end": end,
        "utf16": {"start": _code_units(text[:start]), "end": _code_units(text[:end])},
        "proposals": [proposal._asdict() for proposal in proposals],
    }


def _code_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
