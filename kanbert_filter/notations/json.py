"""The JSON notation: conditions as objects, read from JSON text or decoded data, and written.

The reader is that of `objects`, which finds the first fault and its place. `json_fast` reads texts without faults before it is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from .. import messages
from ..checked import CheckedFilter, tree_of
from ..errors import (
    FilterSyntaxError,
    JsonLocation,
    Problem,
    TextLocation,
    UnsupportedFilterError,
    character_name,
    quoted,
    syntax_error,
)
from ..limits import DEFAULT_LIMITS, Limits, ensure_limits
from ..nodes import EVERYTHING, Filter
from ..values import Special, UntypedText, Value, number_text, read_number, sound_text
from .json_fast import read_fast
from .objects import BLANKS, Input, Numeral, Path, read_objects, text_within, written_objects


def parse_json(source: object, *, limits: Limits = DEFAULT_LIMITS) -> Filter:
    """The filter written in JSON: text, UTF-8 bytes, or decoded data (lists, dicts, texts, numbers, booleans, None).

    Blank text and `[]` are `EVERYTHING`. Numbers of text are exact; a decoded float means its shortest decimal.

    Raises `FilterSyntaxError` with the JSON Pointer of the first fault, and `TypeError` for an object that is not JSON.

    >>> import kanbert_filter as kf
    >>> kf.parse_json('[{"field": "budget", "op": "gte", "value": 1000}]')
    Comparison('budget', 'gte', 1000)
    >>> kf.parse_json([{"field": "budget", "op": ">=", "value": 1000}])
    Traceback (most recent call last):
    kanbert_filter.errors.FilterSyntaxError: budget: Found operator '>=', expected a word; did you mean 'gte'?
      at /0/op: ">="
    """
    ensure_limits(limits)
    if isinstance(source, str):
        document = JsonText(source)
        tree = read_fast(source, limits, document)
        return _read_text(document, limits) if tree is None else tree
    if isinstance(source, (bytes, bytearray)):
        return _read_bytes(source, limits)
    if source is None or isinstance(source, (list, tuple, dict, bool, int, float, Decimal)):
        return read_objects(DecodedJson(source), limits)
    raise TypeError(f"expected JSON as str, bytes or decoded data, not {type(source).__name__}")


def to_json(filter: Filter | CheckedFilter) -> list[Any]:
    """The filter as plain data for `json.dumps`: a list of conditions and groups, joined by AND.

    Raises `UnsupportedFilterError` for a number that is neither an int nor exactly a float (`to_json_text` writes it),
    and for form text whose type no endpoint has decided yet.

    >>> import kanbert_filter as kf
    >>> kf.to_json(kf.field("budget") >= 1000)
    [{'field': 'budget', 'op': 'gte', 'value': 1000}]
    """
    return written_objects(tree_of(filter), _plain_value)


def to_json_text(filter: Filter | CheckedFilter) -> str:
    """The filter as JSON text, its numbers exact.

    Raises `UnsupportedFilterError` for form text whose type no endpoint has decided yet.

    >>> import kanbert_filter as kf
    >>> kf.to_json_text(kf.field("title").contains("Acme"))
    '[{"field": "title", "op": "contains", "value": "Acme"}]'
    """
    return _dumped(written_objects(tree_of(filter), _exact_value))


# reading with care


class _Doubled(dict[str, Any]):
    """An object with a repeated key."""

    __slots__ = ("key",)

    key: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) == len(pairs):
        return data
    doubled = _Doubled(data)
    seen: set[str] = set()
    doubled.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return doubled


_careful = json.JSONDecoder(parse_int=Numeral, parse_float=Numeral, parse_constant=Numeral, object_pairs_hook=_object)


class DecodedJson(Input):
    """Decoded JSON."""

    __slots__ = ("_data",)

    in_a_list = "put it in a list, [{…}]"

    def __init__(self, data: object) -> None:
        self._data = data

    def top(self) -> object:
        return self._data

    def opened(self, data: object) -> object:
        return list(data) if isinstance(data, tuple) else data

    def is_blank(self, data: object) -> bool:
        return data is None

    def is_true(self, data: object) -> bool:
        return data is True

    def duplicate(self, data: dict[object, object]) -> str | None:
        return data.key if isinstance(data, _Doubled) else None

    def value(self, data: object, limits: Limits) -> Value:
        match data:
            case bool():
                return data
            case str():
                return text_within(self.sound(str.__str__(data)), limits)
            case Numeral():
                return read_number(data.text, limits)
            case int() | float() | Decimal():
                return read_number(_digits(data, limits), limits)
            case None:
                message = "Found null, expected a value; null is tested with the operators 'isnull' and 'isnotnull'"
                raise syntax_error("null_comparison", message)
        message = "Found something that JSON does not have, expected a text, a number, true or false"
        raise syntax_error("wrong_shape", message)

    def sound(self, text: str) -> str:
        """The text itself. Raises `FilterSyntaxError` if no notation can carry it."""
        return sound_text(text)

    def place(self, path: Path) -> JsonLocation:
        data: Any = self.top()
        for step in path:
            data = data[step]
        pointer = "".join([f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path])
        return JsonLocation(pointer, _dumped(_glimpse(data)))

    def remedy(self, path: Path, data: object) -> str:
        return f"write {_dumped(_glimpse(data, 4))}"


class JsonText(DecodedJson):
    """JSON text, decoded when a place is asked for."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def top(self) -> object:
        if not hasattr(self, "_data"):
            self._data = _careful.decode(self.text)
        return self._data


class UndecodedJson(JsonText):
    """JSON text from bytes that are not all UTF-8; each of those that are not became half of a surrogate pair."""

    __slots__ = ()

    def sound(self, text: str) -> str:
        try:
            return sound_text(text)
        except FilterSyntaxError:
            undecoded = re.search(r"[\udc80-\udcff]{1,3}", text)
            if undecoded is None:
                raise
            octets = undecoded.group().encode(errors="surrogateescape")
        raise FilterSyntaxError(messages.not_utf8(octets))


def _read_bytes(source: bytes | bytearray, limits: Limits) -> Filter:
    try:
        text = source.decode()
    except UnicodeDecodeError:
        if len(source) > limits.max_text_length:
            raise FilterSyntaxError(messages.text_too_long(limits.max_text_length)) from None
        text = source.decode(errors="surrogateescape")
        return _read_document(UndecodedJson(text), limits)
    return parse_json(text, limits=limits)


def _read_text(document: JsonText, limits: Limits) -> Filter:
    text = document.text
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    if size > limits.max_text_length:
        raise FilterSyntaxError(messages.text_too_long(limits.max_text_length))
    return _read_document(document, limits) if text.strip(BLANKS) else EVERYTHING


def _read_document(document: JsonText, limits: Limits) -> Filter:
    text = document.text
    try:
        document.top()
    except json.JSONDecodeError as error:
        message, start, end = fault_of(error)
        raise syntax_error("invalid_json", f"The text is not JSON: {message}", TextLocation(text, start, end)) from None
    except RecursionError:
        position = next((place for place, level in _levels(text) if level > 2 * limits.max_depth + 2), len(text))
        place = TextLocation(text, position, position + 1)
        raise FilterSyntaxError(messages.too_deep(limits.max_depth).at(place)) from None
    return read_objects(document, limits)


def _levels(text: str) -> Iterator[tuple[int, int]]:
    """Every opening bracket and how deep it lies."""
    level = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', text):
        bracket = match.group()
        if bracket in ("[", "{"):
            level += 1
            yield match.start(), level
        elif bracket in ("]", "}"):
            level -= 1


def _digits(number: int | float | Decimal, limits: Limits) -> str:
    """A decoded number as it would be written."""
    if isinstance(number, float):
        return float.__repr__(number)
    if isinstance(number, int) and number.bit_length() > 4 * limits.max_number_digits:
        raise FilterSyntaxError(messages.number_too_long(limits.max_number_digits + 1, 0, limits))
    return str(Decimal(number))  # str of a huge int may be refused


_TOKEN: Final = r"\w+|[+.-]\d[\w.]*|//|/\*|(?s:.)"
_EXPECTED: Final = {
    "Extra data": "nothing more after the end",
    "Expecting ':'": "':' after a key",
    "Expecting ','": "',' or a closing bracket",
    "Expecting property name": "a key in double quotes",
}
"""What Python's decoder begins its reasons with, and what is then expected."""


def fault_of(error: json.JSONDecodeError) -> tuple[str, int, int]:
    """Why a text is not JSON, in JSON's own words, and where: from which character up to, not including, which.

    >>> import json
    >>> from kanbert_filter.notations.json import fault_of
    >>> try:
    ...     json.loads("[1, 2,]")
    ... except json.JSONDecodeError as error:
    ...     fault_of(error)
    ("found ']', expected another item; remove the comma", 6, 7)
    """
    text, start, reason = error.doc, error.pos, error.msg
    if reason.startswith("Unterminated"):
        return "found a text without a closing quote, expected '\"' at its end", start, len(text)
    if reason.startswith("Invalid control"):
        found = "a line break" if text[start] in "\r\n" else "a control character"
        return f"found {found} in a text, expected an escape such as \\n", start, start + 1
    if reason.startswith("Invalid \\"):
        start = text.rfind("\\", 0, start + 1)
        end = min(len(text), start + (6 if text[start + 1 : start + 2] == "u" else 2))
        return f"found {quoted(text[start:end])}, expected an escape; write \\\\ for a backslash", start, end
    if "trailing comma" in reason:  # from CPython 3.13 on, which gives the place of the comma
        start = len(text) - len(text[start + 1 :].lstrip(BLANKS))
    match = re.compile(_TOKEN).match(text, start)
    token = match.group() if match else ""
    end = start + len(token)
    found = quoted(token) if token else "the end"
    if token in ("]", "}") and text[:start].rstrip(BLANKS).endswith(","):
        return f"found {found}, expected another item; remove the comma", start, end
    number = re.compile(r"-?\d[\w.]*|[+.]\d[\w.]*").fullmatch(text, _start_of_word(text, start), end)
    if number is not None and (number.start() < start or token[0] in "+."):
        found = quoted(number.group())
        return (
            f"found {found}, expected a number; write digits only, without '+' or zeros before them",
            number.start(),
            end,
        )
    if token in ("//", "/*", "#"):
        return f"found {found}, expected JSON, which has no comments", start, end
    if token and token in "'`‘’“”":
        name = "a single quote" if token == "'" else found
        return f"found {name}, expected '\"'; keys and texts are in double quotes", start, end
    expected = next((words for beginning, words in _EXPECTED.items() if reason.startswith(beginning)), "a value")
    if token.lower() in ("none", "nil", "undefined", "null", "true", "false"):
        expected += "; null, true and false are written in lower case"
    elif token[:1].isalpha() and "double quotes" not in expected and expected[0] == "a":
        expected += "; keys and texts are in double quotes"
    elif len(token) == 1 and not token.isascii() and not token.isalnum():
        found += f" ({character_name(token)})"
    return f"found {found}, expected {expected}", start, end


def _start_of_word(text: str, position: int) -> int:
    """Where the letters, digits and points before a position begin; no further back than a number is long."""
    while position and (text[position - 1].isalnum() or text[position - 1] in "_.+-"):
        position -= 1
    return position


# writing


def _plain_value(path: Path, value: Value) -> object:
    value = _decided(path, value)
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return _plain_number(path, value)
    return value


def _plain_number(path: Path, number: int | Decimal) -> int | float:
    if isinstance(number, int):
        return number
    plain = float(number)
    if Decimal(repr(plain)) != number:
        name = ".".join(map(str, path))
        message = f"The number {number_text(number)} is neither an int nor a float; write it with to_json_text"
        raise UnsupportedFilterError(Problem("unsupported", message, name))
    return plain


def _exact_value(path: Path, value: Value) -> object:
    value = _decided(path, value)
    if isinstance(value, (bool, str)):
        return value
    return Numeral(number_text(value))


def _decided(path: Path, value: Value) -> str | int | Decimal | bool:
    if isinstance(value, UntypedText):
        name = ".".join(map(str, path))
        message = f"The form text {quoted(value.text)} has no type yet; check the filter before writing it as JSON"
        raise UnsupportedFilterError(Problem("unsupported", message, name))
    return str(value) if isinstance(value, Special) else value


_SHOWN: Final = 10
_SHOWN_CHARACTERS: Final = 1000

_quote: Final = json.JSONEncoder(ensure_ascii=False).encode


def _glimpse(data: Any, levels: int = 2) -> Any:
    """The data as an error shows it: its outer levels and first items."""
    if isinstance(data, (list, tuple)):
        items = [_glimpse(item, levels - 1) for item in data[:_SHOWN]] if levels else []
        return items if len(items) == len(data) else [*items, Numeral("…")]
    if isinstance(data, dict):
        keys = list(data)[:_SHOWN] if levels else []
        shown = {key: _glimpse(data[key], levels - 1) for key in keys}
        return shown if len(keys) == len(data) else shown | {"…": Numeral("…")}
    if isinstance(data, str):
        return str.__str__(data)[:_SHOWN_CHARACTERS]
    if isinstance(data, (int, float, Decimal)) and not isinstance(data, bool):
        return Numeral("…" if isinstance(data, int) and data.bit_length() > _SHOWN_CHARACTERS else str(data))
    return data


def _dumped(data: Any) -> str:
    match data:
        case list():
            return f"[{', '.join([_dumped(item) for item in data])}]"
        case dict():
            return f"{{{', '.join([f'{_key(key)}: {_dumped(item)}' for key, item in data.items()])}}}"
        case Numeral():
            return data.text
        case None | bool() | str():
            return _quote(data)
    return f"<{type(data).__name__}>"


def _key(key: object) -> str:
    """A key in JSON. Decoded data may have keys that JSON has not."""
    return _quote(key) if isinstance(key, str) else f"<{type(key).__name__}>"
