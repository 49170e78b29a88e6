"""The JSON notation: conditions as objects, read from JSON text or decoded data, and written.

Text is read fast by `_Quick`, which builds the tree or gives up without saying why. What it gave up on is read once
more by the careful reader of `shapes`, which finds the first fault and its place, or reads it after all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, cast

from .. import messages
from ..checked import CheckedFilter, tree_of
from ..errors import FilterSyntaxError, JsonLocation, Problem, TextLocation, UnsupportedFilterError, quoted
from ..limits import DEFAULT_LIMITS, Limits, ensure_limits
from ..nodes import (
    EVERYTHING,
    And,
    Comparison,
    ComparisonDraft,
    Filter,
    comparison,
    field_fault,
    group,
    membership,
    null_check,
    relation_test,
)
from ..operators import OPERATORS, WORDS
from ..values import MAX_EXPONENT, Special, UntypedText, Value, exact, number_size, number_text, sound_text
from .objects import GROUPS, Kind, Numeral, Path, Source, read, text_within, written

_BLANK: Final = " \t\n\r"


def parse_json(source: object, *, limits: Limits = DEFAULT_LIMITS) -> Filter:
    """The filter written in JSON: text, UTF-8 bytes, or decoded data (lists, dicts, texts, numbers, booleans, None).

    Blank text and `[]` are `EVERYTHING`. Numbers of text are exact; a decoded float means its shortest decimal.

    Raises `FilterSyntaxError` with the JSON Pointer of the first fault, and `TypeError` for an object that is not JSON.

    >>> import kanbert_filter as kf
    >>> kf.parse_json('[{"field": "budget", "op": "gte", "value": 1000}]')
    Comparison('budget', 'gte', 1000)
    >>> kf.parse_json([{"field": "budget", "op": ">=", "value": 1000}])
    Traceback (most recent call last):
    kanbert_filter.errors.FilterSyntaxError: budget: '>=' is no operator here, expected a word; did you mean 'gte'?
      at /0/op: ">="
    """
    ensure_limits(limits)
    if isinstance(source, str):
        try:
            return _Quick(source, limits).tree()
        except _GIVEN_UP:
            return _read_text(source, limits)
    if isinstance(source, (bytes, bytearray)):
        return _read_bytes(source, limits)
    if source is None or isinstance(source, (list, tuple, dict, bool, int, float, Decimal)):
        return read(_Data(source), limits)
    raise TypeError(f"expected JSON as str, bytes or decoded data, not {type(source).__name__}")


def to_json(filter: Filter | CheckedFilter) -> list[Any]:
    """The filter as plain data for `json.dumps`: a list of conditions and groups, joined by AND.

    Raises `UnsupportedFilterError` for a number that is neither an int nor exactly a float (`to_json_text` writes it),
    and for form text whose type no endpoint has decided yet.

    >>> import kanbert_filter as kf
    >>> kf.to_json(kf.field("budget") >= 1000)
    [{'field': 'budget', 'op': 'gte', 'value': 1000}]
    """
    return written(tree_of(filter), _plain)


def to_json_text(filter: Filter | CheckedFilter) -> str:
    """The filter as JSON text, its numbers exact.

    Raises `UnsupportedFilterError` for form text whose type no endpoint has decided yet.

    >>> import kanbert_filter as kf
    >>> kf.to_json_text(kf.field("title").contains("Acme"))
    '[{"field": "title", "op": "contains", "value": "Acme"}]'
    """
    return _json_text(written(tree_of(filter), _precise))


# reading with care


class _Doubled(dict[str, Any]):
    """An object in which a key stands twice."""

    __slots__ = ("key",)

    key: str


def _counted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) == len(pairs):
        return data
    doubled = _Doubled(data)
    seen: set[str] = set()
    doubled.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return doubled


_careful = json.JSONDecoder(parse_int=Numeral, parse_float=Numeral, parse_constant=Numeral, object_pairs_hook=_counted)


class _Data(Source):
    """Decoded JSON."""

    __slots__ = ("_data",)

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
                return _number(data.text, limits)
            case int() | float() | Decimal():
                return _number(_digits(data, limits), limits)
            case None:
                message = "Found null, expected a value; null is tested with the operators 'isnull' and 'isnotnull'"
                raise _fault("null_comparison", message)
        raise _fault("wrong_shape", f"Found a Python {type(data).__name__}, expected a text, a number, true or false")

    def sound(self, text: str) -> str:
        """The text itself. Raises `FilterSyntaxError` if no notation can carry it."""
        return sound_text(text)

    def place(self, path: Path) -> JsonLocation:
        data: Any = self.top()
        for step in path:
            data = data[step]
        pointer = "".join([f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path])
        return JsonLocation(pointer, _json_text(_glimpse(data)))


class _Text(_Data):
    """JSON text, decoded when a place is asked for."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def top(self) -> object:
        if not hasattr(self, "_data"):
            self._data = _careful.decode(self.text)
        return self._data


class _Bytes(_Text):
    """JSON text from bytes that are not all UTF-8; those that are not stand in it as halves of surrogate pairs."""

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
        return _read_source(_Bytes(text), limits)
    return parse_json(text, limits=limits)


def _read_text(text: str, limits: Limits) -> Filter:
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    if size > limits.max_text_length:
        raise FilterSyntaxError(messages.text_too_long(limits.max_text_length))
    return _read_source(_Text(text), limits) if text.strip(_BLANK) else EVERYTHING


def _read_source(source: _Text, limits: Limits) -> Filter:
    text = source.text
    try:
        source.top()
    except json.JSONDecodeError as error:
        message = f"The text is not JSON: {error.msg[0].lower()}{error.msg[1:]}"
        raise _fault("invalid_json", message, TextLocation(text, error.pos, min(error.pos + 1, len(text)))) from None
    except RecursionError:
        position = next((place for place, level in _levels(text) if level > 2 * limits.max_depth + 2), len(text))
        place = TextLocation(text, position, position + 1)
        raise FilterSyntaxError(messages.too_deep(limits.max_depth).at(place)) from None
    return read(source, limits)


def _levels(text: str) -> Iterator[tuple[int, int]]:
    """Every opening bracket and how deep it lies."""
    level = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', text):
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
        raise _number_too_long(number.bit_length() // 4 + 1, 0, limits)  # so many digits at least
    return str(Decimal(number))  # str of a huge int may be refused


def _number(text: str, limits: Limits) -> int | Decimal:
    size = number_size(text)
    if size is None:
        raise FilterSyntaxError(messages.no_finite_number(text))
    digits, exponent = size
    if digits > limits.max_number_digits or abs(exponent) > min(limits.max_exponent, MAX_EXPONENT):
        raise _number_too_long(digits, exponent, limits)
    return exact(Decimal(text))


def _number_too_long(digits: int, exponent: int, limits: Limits) -> FilterSyntaxError:
    return FilterSyntaxError(messages.number_too_long(digits, exponent, limits))


def _fault(code: str, message: str, location: TextLocation | None = None) -> FilterSyntaxError:
    return FilterSyntaxError(Problem(code, message, None, location))


# reading fast

_DIGITS: Final = 40
_GREATEST: Final = 10**_DIGITS
_LEAST: Final = -_GREATEST
_LONG_TEXT: Final = 2**16
_MAX_KNOWN: Final = 4096
_NO_VALUE: Final[tuple[str, Any]] = ("value", None)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_OPERATORS: Final = {
    spelling: (name, OPERATORS[name].operand)
    for word, name in WORDS.items()
    for spelling in (word, word.upper(), OPERATORS[name].dsl)
    if name != "count" and spelling.isalpha()
}
_COMPARISONS: Final = {spelling: name for spelling, (name, operand) in _OPERATORS.items() if operand == "value"}


def _integer(text: str) -> int | Numeral:
    return int(text) if len(text) <= _DIGITS else Numeral(text)  # int takes quadratic time


_decode = json.JSONDecoder(parse_float=Numeral, parse_constant=Numeral, object_pairs_hook=tuple).raw_decode
_decode_long = json.JSONDecoder(
    parse_int=_integer, parse_float=Numeral, parse_constant=Numeral, object_pairs_hook=tuple
).raw_decode

_known_fields: dict[str, str] = {}
"""Field names found well-formed before, each as the one string that stands for it. Emptied when it is full."""


class _GivenUp(Exception):
    """The fast reader met something it leaves to the careful one."""


# Whatever goes wrong in the fast reader (a missing key, a list where an object stands) means the same: read with care.
_GIVEN_UP: Final = (_GivenUp, LookupError, TypeError, AttributeError, ValueError, RecursionError)


class _Quick(_Text):
    """One fast pass over JSON text: whatever is out of the ordinary it gives up.

    The decoder hands over every object as a tuple of its pairs. That costs no more than a dict, hides no key that stands
    twice, and is taken apart in one step where the keys stand in the usual order. The reader is itself the origin of what it
    reads.
    """

    __slots__ = ("limits", "listed", "relations")

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.listed = 0
        self.relations = 0

    def tree(self) -> Filter:
        text = self.text
        limits = self.limits
        if limits.max_number_digits < _DIGITS or limits.max_exponent < _DIGITS:
            raise _GivenUp
        length = len(text) if text.isascii() else len(text.encode())  # fails where a surrogate pair is not whole
        if length > limits.max_text_length:
            raise _GivenUp
        text = text.strip(_BLANK)
        data, end = _decode(text) if length < _LONG_TEXT else _decode_long(text)
        if end != len(text) or ("\\" in text and _SURROGATE.search(text)):
            raise _GivenUp
        if data == []:
            return EVERYTHING
        tree, conditions = self.group(data if data.__class__ is list else [data], And, 1, 0)
        if conditions > limits.max_conditions or conditions + self.listed > limits.max_values:
            raise _GivenUp
        if tree.depth > limits.max_depth:
            raise _GivenUp
        return tree

    def group(self, data: list[Any], kind: Kind, level: int, index: int) -> tuple[Filter, int]:
        """The filter that these items make, and the index of the condition after it."""
        limits = self.limits
        if level > limits.max_depth or data.__class__ is not list or not data:
            raise _GivenUp
        longest = limits.max_string_length
        items: list[Filter] = []
        depth = 1
        for item in data:
            if item.__class__ is list or len(item) == 1:
                word, inner = ("and", item) if item.__class__ is list else item[0]
                tree, index = self.group(inner, GROUPS[word], level + 1, index)
                if tree.__class__ is kind:
                    items += cast("And", tree).items
                    depth = max(depth, tree.depth - 1)
                else:
                    items.append(tree)
                    if tree.depth > depth:
                        depth = tree.depth
                continue
            if len(item) == 2:
                (first, name), (second, word) = item
                third, value = _NO_VALUE
            else:
                (first, name), (second, word), (third, value) = item
            if first != "field" or second != "op" or third != "value":
                name, word, value = _in_order(item)
            try:
                field = _known_fields[name]
            except KeyError:
                field = _known_field(name)
            if (value.__class__ is str and len(value) <= longest) or (
                value.__class__ is int and _LEAST < value < _GREATEST
            ):
                # `comparison` does the same; a call would be a good part of the time this takes.
                draft: Any = ComparisonDraft()
                draft.field = field
                draft.operator = _COMPARISONS[word]
                draft.value = value
                draft.origin = self
                draft.index = index
                draft.__class__ = Comparison
                items.append(draft)
                index += 1
                continue
            operator, operand = _OPERATORS[word]
            if operand == "value":
                items.append(comparison(field, operator, self.scalar(value), self, index))
            elif operand == "list":
                items.append(membership(field, operator, self.values(value), self, index))
            elif operand == "nothing":
                if value is not None and value is not True:
                    raise _GivenUp
                items.append(null_check(field, operator, self, index))
            else:
                tree, index = self.relation(field, operator, value, level, index)
                items.append(tree)
                depth = max(depth, tree.depth)
                continue
            index += 1
        if len(items) == 1:
            return items[0], index
        return group(kind, tuple(items), depth + 1), index

    def relation(self, field: str, operator: str, value: Any, level: int, index: int) -> tuple[Filter, int]:
        if value is None and operator == "all":
            raise _GivenUp
        self.relations += 1
        if self.relations > self.limits.max_relation_depth:
            raise _GivenUp
        inner, after = (None, index + 1) if value is None else self.group([value], And, level + 1, index + 1)
        self.relations -= 1
        return relation_test(field, operator, inner, self, index), after

    def values(self, data: list[Any]) -> tuple[Value, ...]:
        if data.__class__ is not list or len(data) > self.limits.max_list_values:
            raise _GivenUp
        self.listed += len(data)
        longest = self.limits.max_string_length
        for value in data:
            if value.__class__ is not str or len(value) > longest:
                return tuple([self.scalar(value) for value in data])
        return tuple(data)

    def scalar(self, value: Any) -> Value:
        if value.__class__ is str:
            if len(value) <= self.limits.max_string_length:
                return value
        elif value.__class__ is int:
            if _LEAST < value < _GREATEST:
                return value
        elif value.__class__ is bool:
            return value
        elif value.__class__ is Numeral:
            return _number(value.text, self.limits)
        raise _GivenUp


def _in_order(pairs: tuple[tuple[str, Any], ...]) -> tuple[Any, Any, Any]:
    """Field, operator and value of a condition whose three keys stand in another order."""
    parts = dict(pairs)
    if len(parts) != len(pairs):
        raise _GivenUp
    return parts["field"], parts["op"], parts["value"]


def _known_field(name: Any) -> str:
    if name.__class__ is not str or field_fault(name) is not None:
        raise _GivenUp
    if len(_known_fields) >= _MAX_KNOWN:
        _known_fields.clear()
    return _known_fields.setdefault(name, name)


# writing


def _plain(path: Path, value: Value) -> object:
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
        message = f"The number {number_text(number)} is no int and no float; write it with to_json_text"
        raise UnsupportedFilterError(Problem("unsupported", message, name))
    return plain


def _precise(path: Path, value: Value) -> object:
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


def _json_text(data: Any) -> str:
    match data:
        case list():
            return f"[{', '.join([_json_text(item) for item in data])}]"
        case dict():
            return f"{{{', '.join([f'{_key(key)}: {_json_text(item)}' for key, item in data.items()])}}}"
        case Numeral():
            return data.text
        case None | bool() | str():
            return _quote(data)
    return f"<{type(data).__name__}>"


def _key(key: object) -> str:
    """A key in JSON. Decoded data may have keys that JSON has not."""
    return _quote(key) if isinstance(key, str) else f"<{type(key).__name__}>"
