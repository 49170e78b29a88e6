"""The JSON notation: conditions as objects, read from JSON text or decoded data, and written.

Text is read fast by `_Quick`, which builds the tree or gives up without saying why. What it gave up on is read once more by the
careful reader of `shapes`, which finds the first fault and its place, or reads it after all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, cast

from ..checked import CheckedFilter, tree_of
from ..errors import FilterSyntaxError, JsonLocation, Problem, TextLocation, UnsupportedFilterError, quoted
from ..limits import DEFAULT_LIMITS, Limits
from ..nodes import EVERYTHING, And, Filter, Or, RelationTest, comparison, field_fault, group, membership, null_check
from ..operators import COMPARISONS, OPERATORS, WORDS
from ..values import Special, UntypedText, Value, exact, number_size, number_text, sound_text
from .shapes import GROUPS, Numeral, Path, Source, read, text_within, too_deep, written

_BLANK: Final = " \t\n\r"


def parse_json(source: object, *, limits: Limits = DEFAULT_LIMITS) -> Filter:
    """The filter written in JSON: text, UTF-8 bytes, or data already decoded (lists, dicts, texts, numbers, booleans, None).

    Blank text and `[]` are `EVERYTHING`. Numbers of text are exact; a decoded float means its shortest decimal.

    Raises `FilterSyntaxError` with the JSON Pointer of the first fault, and `TypeError` for a Python object that is not JSON.

    >>> from kanbert_filter.notations.json import parse_json
    >>> parse_json('[{"field": "budget", "op": "gte", "value": 1000}]')
    Comparison('budget', 'gte', 1000)
    >>> parse_json([{"field": "budget", "op": ">=", "value": 1000}])
    Traceback (most recent call last):
    kanbert_filter.errors.FilterSyntaxError: budget: '>=' is no operator here, expected an operator word such as 'eq'; did you mean 'gte'?
      at /0/op: ">="
    """
    if isinstance(source, str):
        quick = _Quick.read(source, limits)
        return quick if quick is not None else _read_text(source, limits)
    if isinstance(source, (bytes, bytearray)):
        return _read_bytes(source, limits)
    if source is None or isinstance(source, (list, tuple, dict, bool, int, float, Decimal)):
        return read(_Data(source), limits)
    raise TypeError(f"expected JSON as str, bytes or decoded data, not {type(source).__name__}")


def to_json(filter: Filter | CheckedFilter) -> list[Any]:
    """The filter as plain data for `json.dumps`: a list of conditions and groups, joined by AND.

    Raises `UnsupportedFilterError` for a number that is neither an int nor exactly a float (`to_json_text` writes it), and for
    form text whose type no endpoint has decided yet.

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


# reading fast

_MANY_DIGITS: Final = 40
_LARGE: Final = 10**_MANY_DIGITS
_LONG_TEXT: Final = 2**20
_MAX_KNOWN: Final = 4096
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SPELLINGS: Final = (
    WORDS | {word.upper(): name for word, name in WORDS.items()} | {"startsWith": "startswith", "endsWith": "endswith"}
)
_COMPARISON_WORDS: Final = {word: name for word, name in _SPELLINGS.items() if name in COMPARISONS}

_decode = json.JSONDecoder(parse_float=Numeral, parse_constant=Numeral).raw_decode
_decode_long = json.JSONDecoder(parse_int=Numeral, parse_float=Numeral, parse_constant=Numeral).raw_decode

_known_fields: dict[str, str] = {}
"""Field names found well-formed before, each as the one string that stands for it. Emptied when it is full."""


class _GivenUp(Exception):
    """The fast reader met something it leaves to the careful one."""


class _Quick:
    """One fast pass over JSON text.

    A decoder that keeps the last of two equal keys swallows the others, each with its colon. So there are no duplicate keys if the
    text has no more colons than the tree has keys; text with colons inside values is decoded again by a decoder that tells.
    """

    __slots__ = ("keys", "limits", "listed", "origin", "relations")

    def __init__(self, text: str, limits: Limits) -> None:
        self.origin = _Text(text)
        self.limits = limits
        self.keys = 0
        self.listed = 0
        self.relations = 0

    @staticmethod
    def read(text: str, limits: Limits) -> Filter | None:
        """The tree, or None for text to be read with care."""
        try:
            return _Quick(text, limits).tree(text)
        except (
            _GivenUp,
            LookupError,
            TypeError,
            AttributeError,
            ValueError,
            ArithmeticError,
            RecursionError,
            StopIteration,
        ):
            return None

    def tree(self, text: str) -> Filter:
        limits = self.limits
        length = len(text)
        if (
            length > limits.max_text_length
            or limits.max_number_digits < _MANY_DIGITS
            or limits.max_exponent < _MANY_DIGITS
        ):
            raise _GivenUp
        if not text.isascii() and len(text.encode()) > limits.max_text_length:
            raise _GivenUp
        text = text.strip(_BLANK)
        data, end = _decode(text) if length < _LONG_TEXT else _decode_long(text)
        if end != len(text) or ("\\u" in text and _SURROGATE.search(text)):
            raise _GivenUp
        items: list[Filter] = []
        conditions = self.read_items(data if data.__class__ is list else [data], And, items, 1, 0)
        if conditions > limits.max_conditions or conditions + self.listed > limits.max_values:
            raise _GivenUp
        if text.count(":") != self.keys and _has_duplicates(text):
            raise _GivenUp
        tree = EVERYTHING if not items else items[0] if len(items) == 1 else group(And, items)
        if tree.depth > limits.max_depth:
            raise _GivenUp
        return tree

    def read_items(self, data: list[Any], kind: type[And] | type[Or], out: list[Filter], depth: int, index: int) -> int:
        """Read the items of a group into `out`, of which `index` conditions stand before; give how many there are then."""
        if depth > self.limits.max_depth:
            raise _GivenUp
        origin = self.origin
        longest = self.limits.max_string_length
        keys = 0
        for item in data:
            if item.__class__ is list:
                index = self.read_group(And, item, kind, out, depth + 1, index)
                continue
            size = len(item)
            keys += size
            if size == 1:
                [(word, inner)] = item.items()
                index = self.read_group(GROUPS[word], inner, kind, out, depth + 1, index)
                continue
            name = item["field"]
            field = _known_fields.get(name) or _known_field(name)
            word = item["op"]
            operator = _COMPARISON_WORDS.get(word)
            if operator is None or size != 3:
                index = self.read_other(item, field, _SPELLINGS[word], out, depth, index)
                continue
            value = item["value"]
            if value.__class__ is not str:
                value = self.scalar(value)
            elif len(value) > longest:
                raise _GivenUp
            out.append(comparison(field, operator, value, origin, index))
            index += 1
        self.keys += keys
        return index

    def read_group(
        self,
        kind: type[And] | type[Or],
        data: list[Any],
        around: type[And] | type[Or],
        out: list[Filter],
        depth: int,
        index: int,
    ) -> int:
        """Read a group into the list of the one around it, in normal form."""
        if not data or data.__class__ is not list:
            raise _GivenUp
        if kind is around:
            return self.read_items(data, kind, out, depth, index)
        items: list[Filter] = []
        index = self.read_items(data, kind, items, depth, index)
        if len(items) > 1:
            out.append(group(kind, items))
        elif items[0].__class__ is around:
            out.extend(cast("And", items[0]).items)
        else:
            out.append(items[0])
        return index

    def read_other(
        self, item: dict[str, Any], field: str, operator: str, out: list[Filter], depth: int, index: int
    ) -> int:
        """Read a condition that is no comparison."""
        row = OPERATORS[operator]
        value = item.get("value")
        if len(item) != 2 and (len(item) != 3 or "value" not in item):
            raise _GivenUp
        if row.operand == "list":
            if value.__class__ is not list or len(value) > self.limits.max_list_values:
                raise _GivenUp
            self.listed += len(value)
            out.append(membership(field, operator, tuple([self.scalar(v) for v in value]), self.origin, index))
        elif row.operand == "nothing":
            if value is not None and value is not True:
                raise _GivenUp
            out.append(null_check(field, operator, self.origin, index))
        elif row.group == "relation":
            return self.read_relation(value, field, operator, out, depth, index)
        else:
            raise _GivenUp
        return index + 1

    def read_relation(self, value: Any, field: str, operator: str, out: list[Filter], depth: int, index: int) -> int:
        self.relations += 1
        if self.relations > self.limits.max_relation_depth:
            raise _GivenUp
        items: list[Filter] = []
        after = index + 1 if value is None else self.read_items([value], And, items, depth + 1, index + 1)
        inner = None if value is None else items[0] if len(items) == 1 else group(And, items)
        out.append(RelationTest(field, operator, inner, self.origin, index))
        self.relations -= 1
        return after

    def scalar(self, value: Any) -> Value:
        if value.__class__ is str:
            if len(value) > self.limits.max_string_length:
                raise _GivenUp
            return cast("str", value)
        if value.__class__ is int:
            if -_LARGE < value < _LARGE:
                return cast("int", value)
        elif value.__class__ is bool:
            return cast("bool", value)
        elif value.__class__ is Numeral:
            return _number(value.text, self.limits)
        raise _GivenUp


def _known_field(name: Any) -> str:
    if name.__class__ is not str or field_fault(name) is not None:
        raise _GivenUp
    if len(_known_fields) >= _MAX_KNOWN:
        _known_fields.clear()
    return _known_fields.setdefault(name, name)


def _has_duplicates(text: str) -> bool:
    found = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        found.append(len({key for key, _ in pairs}) != len(pairs))

    json.JSONDecoder(parse_int=Numeral, object_pairs_hook=look).decode(text)
    return any(found)


# reading with care


class _Doubled(dict[str, Any]):
    """An object in which a key stands twice."""

    __slots__ = ("key",)


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
            raise _fault(
                "invalid_encoding", f"Found bytes that are not UTF-8 in {quoted(text)}; encode the text as UTF-8"
            ) from None


def _read_bytes(source: bytes | bytearray, limits: Limits) -> Filter:
    try:
        text = source.decode()
    except UnicodeDecodeError as error:
        if len(source) > limits.max_text_length:
            raise _too_long(len(source), limits) from None
        text = source.decode(errors="surrogateescape")
        return _read_source(_Bytes(text), limits)
    return parse_json(text, limits=limits)


def _read_text(text: str, limits: Limits) -> Filter:
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    if size > limits.max_text_length:
        raise _too_long(size, limits)
    return _read_source(_Text(text), limits) if text.strip(_BLANK) else EVERYTHING


def _read_source(source: _Text, limits: Limits) -> Filter:
    text = source.text
    try:
        source.top()
    except json.JSONDecodeError as error:
        message = f"The text is not JSON: {error.msg[0].lower()}{error.msg[1:]}"
        raise _fault("invalid_json", message, TextLocation(text, error.pos, error.pos + 1)) from None
    except RecursionError:
        position = next((place for place, level in _levels(text) if level > 2 * limits.max_depth + 2), len(text))
        raise _fault("too_deep", too_deep(limits), TextLocation(text, position, position + 1)) from None
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
        raise _number_too_long(limits)
    return str(Decimal(number))  # str of a huge int may be refused


def _number(text: str, limits: Limits) -> int | Decimal:
    size = number_size(text)
    if size is None:
        raise _fault("invalid_number", f"Found {quoted(text)}, expected a finite number")
    digits, exponent = size
    if digits > limits.max_number_digits or abs(exponent) > limits.max_exponent:
        raise _number_too_long(limits)
    try:
        return exact(Decimal(text))
    except ArithmeticError:
        raise _number_too_long(limits) from None


def _number_too_long(limits: Limits) -> FilterSyntaxError:
    expected = f"expected at most {limits.max_number_digits} digits and an exponent within ±{limits.max_exponent}"
    return _fault("number_too_long", f"Found a number beyond the limits, {expected}")


def _too_long(size: int, limits: Limits) -> FilterSyntaxError:
    return _fault(
        "text_too_long", f"Found a filter of {size} bytes, expected at most {limits.max_text_length}; shorten it"
    )


def _fault(code: str, message: str, location: TextLocation | None = None) -> FilterSyntaxError:
    return FilterSyntaxError(Problem(code, message, None, location))


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
    if isinstance(value, bool) or isinstance(value, str):
        return value
    return Numeral(number_text(value))


def _decided(path: Path, value: Value) -> str | int | Decimal | bool:
    if isinstance(value, UntypedText):
        name = ".".join(map(str, path))
        message = f"The form text {quoted(value.text)} has no type yet; check the filter with its endpoint, then write it as JSON"
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
            return "{" + ", ".join([f"{_quote(str(key))}: {_json_text(item)}" for key, item in data.items()]) + "}"
        case Numeral():
            return data.text
        case None | bool() | str():
            return _quote(data)
    return f"<{type(data).__name__}>"
