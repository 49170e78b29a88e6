"""Records as they come in: JSON Lines, CSV and JSON arrays, one record at a time, whatever the size of the file."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, BinaryIO, Final, NoReturn

from ..endpoints.endpoint import Endpoint
from ..errors import quoted
from ..values import NUMBER

Record = tuple[int, bytes, dict[str, Any]]
"""The line a record begins on, its own bytes without what surrounds them, and what they hold."""

Layout = dict[str, "int | Layout"]
"""A record's keys; for each the column that holds it, or a layout of its own."""

_BLANK: Final = b" \t\r\n"
_CHUNK: Final = 1 << 18


class BadRecord(Exception):
    """A record that cannot be read, or holds what its fields do not take."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(line, reason)

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class BadRecords:
    """What becomes of bad records: the first one ends it all, or they are left out and counted."""

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        self.count = 0
        self.first: BadRecord | None = None

    def add(self, line: int, reason: str) -> None:
        """Count the record. Raises `BadRecord` unless bad records are skipped."""
        bad = BadRecord(line, reason)
        if not self.skip:
            raise bad
        self.count += 1
        self.first = self.first or bad


# JSON


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_decode: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant).raw_decode
_NOT_JSON: Final = (ValueError, ArithmeticError, RecursionError)


def _json(text: str) -> Any:
    data, end = _decode(text)
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
        case ArithmeticError():
            return "Found a number whose exponent is too large to be read"
    return f"Found text that is not JSON: {error}"


def _no_object(data: object) -> str:
    kinds: dict[type, str] = {list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    remedy = "; for a JSON array of records give --format json" if isinstance(data, list) else ""
    return f"Found {kinds.get(type(data), 'a number')}, expected a record as JSON object{remedy}"


def json_lines(file: BinaryIO, bad: BadRecords) -> Iterator[Record]:
    """The records of JSON Lines; blank lines are none."""
    for number, line in enumerate(file, 1):
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        raw = line.strip(_BLANK)
        if raw:
            try:
                data = _json(raw.decode())
            except _NOT_JSON as error:
                bad.add(number, _why(error))
                continue
            if data.__class__ is dict:
                yield number, raw, data
            else:
                bad.add(number, _no_object(data))


def json_array(file: BinaryIO, bad: BadRecords) -> Iterator[Record]:
    """The records of a JSON array, which is never in memory as a whole."""
    return _Array(file, bad).records()


class _Array:
    """A window on the text of a JSON array that moves on as it is read.

    An item is decoded where it stands. Where that fails, its end is looked for, reading on as far as it takes: it was cut off
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

    def records(self) -> Iterator[Record]:
        """The items that are records."""
        if self._mark() != "[":
            expected = "expected a JSON array; for JSON Lines give --format jsonl"
            raise BadRecord(self._line_here(), f"Found no '[', {expected}")
        self._at += 1
        another = self._mark() != "]"
        self._at += not another
        while another:
            line = self._line_here()
            try:
                raw, data = self._item()
            except _NOT_JSON as error:
                self._bad.add(line, _why(error))
            else:
                if data.__class__ is dict:
                    yield line, raw, data
                else:
                    self._bad.add(line, _no_object(data))
            another = self._another()
        if self._mark():
            self._bad.add(self._line_here(), "Found text after the end of the array, expected nothing")

    def _item(self) -> tuple[bytes, Any]:
        """The item here and what it holds; what follows it is here then. Raises one of `_NOT_JSON`."""
        start = self._at
        try:
            data, end = _decode(self._text, start)
        except _NOT_JSON:
            data, end = None, start
        if data.__class__ is dict:
            self._at = end
            return self._text[start:end].encode(), data
        text = self._passed()
        return text.encode(), _json(text)

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
                case "," | "]" if not depth:
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
_OUTSIDE: Final = re.compile(r'["\[\]{},]')
_IN_TEXT: Final = re.compile(r'["\\]')


# CSV


class CsvRecords:
    """The records of a CSV file whose first row names the columns.

    Cells become what the endpoint's field of that name takes: numbers, booleans, and related records as JSON; all else is
    text. An empty cell is null, and a dotted name is a path. Raises `BadRecord` for a header that names no records.
    """

    header: bytes

    def __init__(self, file: BinaryIO, endpoint: Endpoint, bad: BadRecords, delimiter: str = ",") -> None:
        self._file = file
        self._bad = bad
        self._read = 0
        self._taken: list[bytes] = []
        self._not_utf8 = False
        self._rows = csv.reader(self._lines(), delimiter=delimiter, strict=True)
        names = self._header()
        self._width = len(names)
        self._layout = _layout(names)
        types = [endpoint.field_type(name) for name in names]
        if not any(types):
            shown = quoted(delimiter.join(names))
            raise BadRecord(
                1, f"Found the columns {shown}, expected some that the endpoint has; perhaps --delimiter differs"
            )
        self._conversions = [
            (index, name, row.kind, _CONVERSIONS[row.kind])
            for index, (name, row) in enumerate(zip(names, types, strict=True))
            if row is not None and row.kind in _CONVERSIONS
        ]

    def __iter__(self) -> Iterator[Record]:
        while True:
            self._taken.clear()
            try:
                row = next(self._rows, None)
                if row is None:
                    return
                if not row:
                    continue
                record = self._record(row)
            except csv.Error as error:
                self._bad.add(self._line(), f"Found text that is not CSV: {error}")
            except ValueError as error:
                self._bad.add(self._line(), str(error))
            else:
                yield self._line(), b"".join(self._taken).rstrip(b"\r\n"), record

    def _lines(self) -> Iterator[str]:
        """The lines as the reader takes them; their bytes are kept until the record is complete."""
        for line in self._file:
            self._read += 1
            self._taken.append(line)
            try:
                text = line.decode()
            except UnicodeDecodeError:
                self._not_utf8 = True
                text = line.decode(errors="replace")
            yield text.removeprefix("\ufeff") if self._read == 1 else text

    def _line(self) -> int:
        return self._read - len(self._taken) + 1

    def _header(self) -> list[str]:
        try:
            names = [name.strip() for name in next(self._rows, [])]
        except csv.Error as error:
            raise BadRecord(1, f"Found text that is not CSV: {error}") from None
        if not any(names) or self._not_utf8:
            raise BadRecord(1, "Found no header, expected the names of the columns in UTF-8")
        self.header = b"".join(self._taken).rstrip(b"\r\n")
        return names

    def _record(self, row: list[str]) -> dict[str, Any]:
        """The record of a row. Raises `ValueError` that says what is wrong with it."""
        if self._not_utf8:
            self._not_utf8 = False
            raise ValueError("Found bytes that are not UTF-8, expected UTF-8")
        if len(row) != self._width:
            raise ValueError(f"Found {len(row)} cells, expected {self._width} as in the header")
        cells: list[Any] = [cell or None for cell in row]
        for index, name, kind, convert in self._conversions:
            if cells[index]:
                try:
                    cells[index] = convert(cells[index].strip())
                except (*_NOT_JSON, KeyError):
                    found = f"Column {quoted(name)} holds {quoted(cells[index])}"
                    raise ValueError(f"{found}, expected {_EXPECTED.get(kind, f'a {kind}')} or nothing") from None
        return _arranged(self._layout, cells)


def _layout(names: list[str]) -> Layout:
    layout: Layout = {}
    for index, name in enumerate(names):
        *path, last = name.split(".")
        level: int | Layout = layout
        for key in path:
            level = level.setdefault(key, {}) if isinstance(level, dict) else level
        if not isinstance(level, dict) or last in level:
            raise BadRecord(
                1, f"Found column {quoted(name)} where another one stands, expected each name and path once"
            )
        level[last] = index
    return layout


def _arranged(layout: Layout, cells: list[Any]) -> dict[str, Any]:
    return {key: cells[part] if isinstance(part, int) else _arranged(part, cells) for key, part in layout.items()}


def _number(cell: str) -> int | Decimal | None:
    match = NUMBER.fullmatch(cell)
    if match is None and cell:
        raise ValueError(cell)
    return None if match is None else int(cell) if cell.lstrip("-").isdecimal() else Decimal(cell)


def _boolean(cell: str) -> bool | None:
    return {"true": True, "false": False, "": None}[cell.lower()]


_CONVERSIONS: Final[dict[str, Callable[[str], Any]]] = {
    "number": _number,
    "currency": _number,
    "boolean": _boolean,
    "relation": lambda cell: _json(cell) if cell else None,
}

_EXPECTED: Final = {"currency": "a number", "boolean": "true, false", "relation": "a JSON array of records"}
