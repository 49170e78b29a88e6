"""Records in JSON: an object a line, an array, or one value after the other; one at a time, whatever the size."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, BinaryIO, Final, NoReturn

from ..errors import quoted
from .records import BadRecord, BadRecords, Record

BLANK: Final = b" \t\r\n"
_CHUNK: Final = 1 << 18

_DIGITS: Final = 4000
"""Up to how many digits CPython reads an integer in any case."""


class UnreadNumber:
    """A JSON number whose exponent no Python number holds. It is no number to a filter that compares it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _long_integer(text: str) -> int | Decimal:
    return int(text) if len(text) < _DIGITS else Decimal(text)


def _decimal(text: str) -> Decimal | UnreadNumber:
    try:
        return Decimal(text)
    except ArithmeticError:
        return UnreadNumber(text)


_decode: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refused_constant).raw_decode
_decode_any_number: Final = json.JSONDecoder(
    parse_int=_long_integer, parse_float=_decimal, parse_constant=_refused_constant
).raw_decode
"""Slower, for numbers that `_decode` cannot read: of thousands of digits, or with a huge exponent."""

NOT_JSON: Final = (ValueError, RecursionError)


def read_json(text: str) -> Any:
    """What a JSON text holds, with exact numbers. Raises one of `NOT_JSON`."""
    try:
        data, end = _decode(text)
    except (ValueError, ArithmeticError) as error:
        if isinstance(error, json.JSONDecodeError):
            raise
        data, end = _decode_any_number(text)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return data


def _why(error: Exception) -> str:
    """Why a text is no JSON, as a sentence."""
    match error:
        case UnicodeError():
            return "Found bytes that are not UTF-8, expected UTF-8"
        case json.JSONDecodeError():
            return f"Found text that is not JSON: {error.msg[0].lower()}{error.msg[1:]} at character {error.pos + 1}"
        case RecursionError():
            return "Found JSON that is nested too deeply to be read"
    return f"Found text that is not JSON: {error}"


def _no_object(data: object) -> str:
    kinds: dict[type, str] = {list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    remedy = "; for a JSON array of records give --format json" if isinstance(data, list) else ""
    return f"Found {kinds.get(type(data), 'a number')}, expected a record as JSON object{remedy}"


def json_lines(lines: Iterable[bytes], bad: BadRecords, first: int = 1) -> Iterator[Record]:
    """The records of JSON Lines; blank lines are none. `first` is the number of the first line."""
    for number, line in enumerate(lines, first):
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        raw = line.strip(BLANK)
        if raw:
            try:
                data = read_json(raw.decode())
            except NOT_JSON as error:
                several = "; for records over several lines give --format json" if raw in (b"{", b"[") else ""
                bad.add(number, _why(error) + several)
                continue
            if data.__class__ is dict:
                yield number, raw, data
            else:
                bad.add(number, _no_object(data))


def json_values(file: BinaryIO, bad: BadRecords, path: tuple[str, ...] = ()) -> Iterator[Record]:
    """The records of a JSON array, or objects one after the other, which are never in memory as a whole.

    `path` is that of the records in an outer object, by keys; what is beside and after them is not looked at.
    """
    return _Window(file, bad).records(path)


class _Window:
    """A window on JSON text that moves on as it is read.

    An item is decoded where it begins. Where that fails, its end is looked for, reading on as far as it takes: it was cut off
    by the window's edge, or it is no JSON and can be left out as a whole.
    """

    def __init__(self, file: BinaryIO, bad: BadRecords) -> None:
        self._file = file
        self._bad = bad
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._text = ""
        self._at = 0
        self._line = 1
        self._counted = 0

    def records(self, path: tuple[str, ...]) -> Iterator[Record]:
        """The items that are records."""
        for key in path:
            self._enter(key, path)
        mark = self._mark()
        if mark == "[":
            yield from self._items()
            if self._mark() and not path:
                self._bad.add(self._line_here(), "Found text after the end of the array, expected nothing")
        elif mark == "{":
            while mark == "{":
                yield from self._record()
                mark = "" if path else self._mark()
            if mark:
                self._bad.add(
                    self._line_here(), f"Found {quoted(self._passed(), 20)} after an object, expected another one"
                )
        elif mark or path:
            found = quoted(self._passed(), 20) if mark else "the end of the input"
            raise BadRecord(self._line_here(), f"Found {found}, expected records as JSON: an array, or objects")

    def _enter(self, key: str, path: tuple[str, ...]) -> None:
        """Move to the value of a key of the object here, past those before it."""
        found = self._mark() == "{"
        self._at += found
        while found:
            self._mark()
            name = _NAME.match(self._text, self._at)
            while (name is None or name.end() == len(self._text)) and self._more():
                name = _NAME.match(self._text, self._at)
            if name is None:
                break
            self._at = name.end()
            if _is_key(name[1], key):
                return
            self._mark()
            self._passed()
            found = self._mark() == ","
            self._at += found
        where = quoted(".".join(path))
        raise BadRecord(self._line_here(), f"Found no key {quoted(key)}, expected the records at {where}")

    def _items(self) -> Iterator[Record]:
        self._at += 1
        another = self._mark() != "]"
        self._at += not another
        while another:
            yield from self._record()
            another = self._another()

    def _record(self) -> Iterator[Record]:
        """The item here, if it is a record; what follows it is here then."""
        line = self._line_here()
        try:
            raw, data = self._item()
        except NOT_JSON as error:
            self._bad.add(line, _why(error))
        else:
            if data.__class__ is dict:
                yield line, raw, data
            else:
                self._bad.add(line, _no_object(data))

    def _item(self) -> tuple[bytes, Any]:
        """The item here and what it holds; what follows it is here then. Raises one of `NOT_JSON`."""
        start = self._at
        try:
            data, end = _decode(self._text, start)
        except (*NOT_JSON, ArithmeticError):
            data, end = None, start
        if data.__class__ is dict:
            self._at = end
            return self._text[start:end].encode(), data
        text = self._passed()
        return text.encode(), read_json(text)

    def _another(self) -> bool:
        """Move past what follows an item; whether another one does."""
        comma = _COMMA.match(self._text, self._at)
        if comma is not None and comma.end() < len(self._text):
            self._at = comma.end()
            return True
        mark = self._mark()
        while mark not in ("", ",", "]"):
            line = self._line_here()
            self._bad.add(line, f"Found {quoted(self._passed())} after an item, expected ',' or ']'")
            mark = self._mark()
        if mark == "":
            self._bad.add(self._line_here(), "Found the end of the input inside the array, expected ',' or ']'")
        self._at += len(mark)
        if mark == ",":
            self._mark()
        return mark == ","

    def _mark(self) -> str:
        """The next character that is not blank, which is here then; nothing at the end of the input."""
        while True:
            blank = _BLANKS.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _passed(self) -> str:
        """The text of the item here, up to its last bracket, or else to what ends it; what follows is here then."""
        at, depth, in_text = self._at, 0, False
        while True:
            mark = (_IN_TEXT if in_text else _OUTSIDE).search(self._text, at)
            if mark is None:
                at = max(at, len(self._text)) - self._at
                if self._more():
                    continue
                end = len(self._text)
                break
            at = mark.end()
            match mark[0]:
                case '"':
                    in_text = not in_text
                case "\\":
                    at += 1
                case "[" | "{":
                    depth += 1
                case "}" | "]" if depth > 1:
                    depth -= 1
                case "}" | "]" if depth:
                    end = at
                    break
                case "," | "]" | "}" if not depth and (mark[0] != "}" or mark.start() > self._at):
                    end = mark.start()
                    break
        text = self._text[self._at : end]
        self._at = end
        return text.rstrip(" \t\r\n")

    def _more(self) -> bool:
        """Read on, twice as far each time that one item fills the window; whether there was more."""
        data = self._file.read(max(_CHUNK, len(self._text) - self._at))
        self._line_here()
        self._text = self._text[self._at :] + self._decoder.decode(data, final=not data)
        self._at = self._counted = 0
        return bool(data)

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line


_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_COMMA: Final = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_NAME: Final = re.compile(r'("(?:[^"\\]|\\.)*")[ \t\r\n]*:', re.DOTALL)
_OUTSIDE: Final = re.compile(r'["\[\]{},]')
_IN_TEXT: Final = re.compile(r'["\\]')


def _is_key(text: str, key: str) -> bool:
    """Whether a JSON string is this key."""
    try:
        return bool(json.loads(text, strict=False) == key)
    except ValueError:
        return False
