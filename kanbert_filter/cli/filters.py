"""Filters as text on the command line: which notation a text is in, reading it, and writing it."""

from __future__ import annotations

import codecs
import re
from typing import Final

from ..checked import CheckedFilter
from ..errors import FilterSyntaxError, Problem
from ..nodes import EVERYTHING, Filter
from ..notations.dsl import parse_dsl, to_dsl
from ..notations.form import to_form
from ..notations.json import parse_json, to_json_text
from ..notations.query import parse, parse_query, to_query

NOTATIONS: Final = ("dsl", "json", "form", "query")

_BLANK: Final = b" \t\r\n"
_FILTER_KEY: Final = rb"filter(?:=|\[|%5[Bb])"
_PARAMETERS: Final = re.compile(rb"\?|(?:[^\s\"'&=]*(?:=[^\s\"'&]*)?[&\n])*" + _FILTER_KEY)
_URL: Final = re.compile(rb"https?://[^?\s]*\?")
_HAS_FILTER: Final = re.compile(rb"(?:^|[?&\n])" + _FILTER_KEY)


def holds_parameters(text: bytes) -> bool:
    """Whether a text is a form or a query string, by how it begins.

    >>> from kanbert_filter.cli.filters import holds_parameters
    >>> holds_parameters(b'page=3&filter=title+contains+"x"'), holds_parameters(b'filter = "x"')
    (True, False)
    """
    return _PARAMETERS.match(text.lstrip(_BLANK)) is not None


def filter_in(text: bytes, notation: str = "auto") -> Filter:
    """The filter in a text; `form` and `query` are parameters joined by `&` or line breaks, and may follow a URL.

    A byte order mark before the text is skipped. Raises `FilterSyntaxError`, also for parameters among which there is no
    filter.
    """
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        message = "Found text in UTF-16, expected UTF-8; convert it, for example with iconv -f UTF-16 -t UTF-8"
        raise FilterSyntaxError(Problem("invalid_encoding", message))
    text = text.removeprefix(codecs.BOM_UTF8)
    address = _URL.match(text.lstrip(_BLANK))
    if address is not None and notation in ("auto", "query"):
        text = text.lstrip(_BLANK)[address.end() - 1 :]
    match notation:
        case "dsl":
            return parse_dsl(text.decode(errors="surrogateescape"))
        case "json":
            return parse_json(text)
        case "auto" if not holds_parameters(text):
            return parse(text)
    parameters = b"&".join([line.strip(_BLANK) for line in text.splitlines()])
    filter = parse_query(parameters)
    if filter is EVERYTHING and parameters and not _HAS_FILTER.search(parameters):
        message = "Found no parameter 'filter', expected filter=… or filter[0][field]=…"
        raise FilterSyntaxError(Problem("missing_key", message))
    return filter


def notation_of(text: bytes) -> str:
    """The notation that a filter's text is in, by how it begins.

    >>> from kanbert_filter.cli.filters import notation_of
    >>> notation_of(b'[{"field": "a", "op": "isnull"}]'), notation_of(b"filter[field]=a&filter[op]=isnull")
    ('json', 'form')
    """
    text = text.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
    if _URL.match(text) or holds_parameters(text):
        return "query" if re.search(rb"(?:^|[?&\n])filter=", text) else "form"
    return "json" if text[:1] in (b"[", b"{") else "dsl"


def has_other_parameters(text: bytes) -> bool:
    """Whether a text is a form or a query string with more in it than the filter."""
    if notation_of(text) not in ("form", "query"):
        return False
    _, _, query = text.strip(_BLANK).rpartition(b"?")
    return any(pair and not re.match(_FILTER_KEY, pair) for pair in re.split(rb"[&\r\n]+", query))


def written_filter(filter: Filter | CheckedFilter, notation: str, *, indent: int | None = None) -> str:
    """The filter in a notation, without a line break after it; with `indent`, DSL and JSON take several lines.

    A form is one pair a line, percent-encoded no more than reading it back needs.

    Raises `UnsupportedFilterError` where the notation cannot say it.
    """
    from urllib.parse import quote

    match notation:
        case "dsl":
            return to_dsl(filter, indent=indent)
        case "json":
            text = to_json_text(filter)
            return text if indent is None else laid_out(text, indent)
        case "query":
            return to_query(filter)
    return "\n".join([f"{key}={_SPECIAL.sub(lambda c: quote(c[0]), value)}" for key, value in to_form(filter)])


def laid_out(text: str, indent: int) -> str:
    """A JSON text with each item on a line of its own and every number as it is.

    >>> from kanbert_filter.cli.filters import laid_out
    >>> print(laid_out('[{"value": [1.50, []]}]', 2))
    [
      {
        "value": [
          1.50,
          []
        ]
      }
    ]
    """
    pieces: list[str] = []
    depth = 0
    for token in _JSON_TOKEN.findall(text):
        depth += (token in ("[", "{")) - (token in ("]", "}"))
        line = "\n" + " " * (indent * depth)
        match token:
            case "[" | "{" | ",":
                pieces.append(token + line)
            case "]" | "}":
                pieces.append(line + token)
            case ":":
                pieces.append(": ")
            case _:
                pieces.append(token)
    return "".join(pieces)


_JSON_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]\s*[\]}]|[\[\]{},:]|[^\s\[\]{},:"]+')
_SPECIAL: Final = re.compile(r"[%&+#\x00-\x1f\x7f-\x9f\u2028\u2029]|^ +| +$")
"""What a value of a form cannot hold as it is: separators, and what terminals act on or editors take away."""
