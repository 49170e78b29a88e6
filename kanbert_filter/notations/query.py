"""Any notation: one filter from text, data or a whole query string, and back into a query string."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from .. import messages
from ..checked import CheckedFilter, tree_of
from ..errors import FilterSyntaxError, FormLocation, Problem, TextLocation, quoted, syntax_error
from ..limits import DEFAULT_LIMITS, Limits, ensure_limits
from ..nodes import Everything, Filter
from .dsl import parse_dsl, to_dsl
from .form import ensure_name, misspelling, parse_form, to_form
from .json import parse_json, to_json_text

Notation = Literal["dsl", "json", "form"]

_BLANK: Final = " \t\n\r"
_NO_NAME: Final = re.compile(r"""[\s"'<>=]""")
_LONGEST_BEGINNING: Final = 1000
_QUERY: Final = re.compile(r"\s*\??(?:[^\s=&]+=[^\s&]*&)*(filter(?:=|\[|%5B))", re.IGNORECASE)


def parse(source: object, *, limits: Limits = DEFAULT_LIMITS) -> Filter:
    """The filter in DSL text, JSON text, UTF-8 bytes of either, or decoded JSON.

    Text whose first non-blank character is `[` or `{` is JSON, all other text is DSL; blank text is `EVERYTHING`.

    Raises `FilterSyntaxError` with the place of the first fault, and `TypeError` for an object that is none of these.

    >>> import kanbert_filter as kf
    >>> kf.parse('budget >= 1000') == kf.parse('[{"field": "budget", "op": "gte", "value": 1000}]')
    True
    """
    ensure_limits(limits)
    if isinstance(source, (bytes, bytearray)):
        if source.lstrip(_BLANK.encode())[:1] in (b"[", b"{"):
            return parse_json(source, limits=limits)
        try:
            source = source.decode()
        except UnicodeDecodeError as error:
            raise FilterSyntaxError(messages.not_utf8(_octets(error))) from None
    if isinstance(source, str) and source.lstrip(_BLANK)[:1] not in ("[", "{"):
        try:
            return parse_dsl(source, limits=limits)
        except FilterSyntaxError:
            found = _QUERY.match(source[:_LONGEST_BEGINNING])
            if found is None:
                raise
            message = "Found a query string, expected a filter; read it with parse_query"
            place = TextLocation(source, *found.span(1))
        raise syntax_error("unexpected_input", message, place)
    return parse_json(source, limits=limits)


def parse_query(query: str | bytes, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS) -> Filter:
    """The filter among the parameters of a query string: `filter=…` as DSL or JSON, or `filter[…]=…` as a form.

    Other parameters are left alone, a leading `?` is skipped, and a query string without the filter gives `EVERYTHING`.

    Raises `FilterSyntaxError` also if the filter comes twice or in two notations, or if it is not UTF-8.

    >>> import kanbert_filter as kf
    >>> kf.parse_query("page[size]=30&filter=title+contains+%22Acme%22")
    Comparison('title', 'contains', 'Acme')
    """
    ensure_limits(limits)
    ensure_name(name)
    texts: list[str] = []
    pairs: list[tuple[str, str]] = []
    for key, value in _parameters(query, name, texts):
        if texts or (pairs and key == name):
            message = f"Found the filter more than once, expected one '{name}=…' or keys '{name}[…]=…', not both"
            raise syntax_error("mixed_notations", message, FormLocation(key, value))
        if key == name:
            texts.append(value)
        else:
            pairs.append((key, value))
            if len(pairs) > limits.max_form_keys:
                break  # parse_form refuses them
    if texts:
        return parse(texts[0], limits=limits)
    return parse_form(pairs, name=name, limits=limits)


def to_query(filter: Filter | CheckedFilter, *, notation: Notation = "dsl", name: str = "filter") -> str:
    """The filter as part of a query string, percent-encoded; empty for `EVERYTHING`.

    Raises `UnsupportedFilterError` where the notation cannot say it.

    >>> import kanbert_filter as kf
    >>> kf.to_query(kf.field("title").contains("Acme"))
    'filter=title%20contains%20%22Acme%22'
    """
    from urllib.parse import quote

    ensure_name(name)
    match notation:
        case "dsl":
            pairs = [(name, to_dsl(filter))]
        case "json":
            pairs = [(name, to_json_text(filter))]
        case "form":
            pairs = to_form(filter, name=name)
        case _:
            raise ValueError(f"notation is {notation!r}, expected 'dsl', 'json' or 'form'")
    if isinstance(tree_of(filter), Everything):
        return ""
    return "&".join([f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs])


def _parameters(query: str | bytes, name: str, texts: list[str]) -> Iterator[tuple[str, str]]:
    """The parameters of this name, with or without brackets, each decoded when it is asked for.

    `texts` holds the filters found so far that are text. Raises `FilterSyntaxError` for another parameter that can only be
    a misspelled filter, or the rest of one.
    """
    from urllib.parse import unquote_to_bytes

    if isinstance(query, str):
        query = query.encode(errors="surrogatepass")
    if not isinstance(query, bytes):
        raise TypeError(f"expected a query string as str or bytes, not {type(query).__name__}")
    ours = name.encode()
    for parameter in query.removeprefix(b"?").split(b"&"):
        key, _, value = parameter.partition(b"=")
        key = unquote_to_bytes(key.replace(b"+", b" "))
        if key == ours or key.startswith(ours + b"["):
            try:
                yield key.decode(), unquote_to_bytes(value.replace(b"+", b" ")).decode()
            except UnicodeDecodeError as error:
                place = FormLocation(key.decode(errors="replace"), value.decode(errors="replace"))
                raise FilterSyntaxError(messages.not_utf8(_octets(error)).at(place)) from None
        elif key:
            other = key.decode(errors="replace")
            problem = _rest_of_text(other) if any(texts) else None
            problem = problem or misspelling(other, name)
            if problem is not None:
                raise FilterSyntaxError(problem.at(FormLocation(other, value.decode(errors="replace"))))


def _rest_of_text(key: str) -> Problem | None:
    """The problem with a parameter that is the rest of a filter's text, which an `&` in it has cut; or None."""
    if _NO_NAME.search(key) is None:
        return None
    message = (
        f"Found parameter {quoted(key)} after the filter's text, expected a name; write %26 for '&' inside a filter"
    )
    return Problem("misspelled_parameter", message)


def _octets(error: UnicodeDecodeError) -> bytes:
    return error.object[error.start : error.end]
